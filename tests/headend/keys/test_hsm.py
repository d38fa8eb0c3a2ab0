"""The key-encryption key in a PKCS#11 token: SoftHSM2, a program of another house."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openami.core.errors import SecurityError
from openami.headend.keys.hsm import PIN, HsmKek, log_out
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings

MODULES = [Path("/usr/lib/softhsm/libsofthsm2.so"), *Path("/usr/lib").glob("*/softhsm/libsofthsm2.so")]
MODULE = next((file for file in MODULES if file.exists()), None)
USER_PIN = "5678"
NUMBERS = itertools.count()
KEY, OTHER = bytes(range(16)), bytes(range(16, 32))

pytestmark = [
    pytest.mark.skipif(MODULE is None or shutil.which("softhsm2-util") is None, reason="SoftHSM2 is not installed"),
    pytest.mark.feature("SIMS-26"),
]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A token of our own; the library looks once in a process where tokens are, and which there are."""
    folder = tmp_path_factory.mktemp("tokens")
    file = folder / "softhsm2.conf"
    file.write_text(f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(file)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "openami", "--so-pin", "1234", "--pin", USER_PIN],
        check=True, capture_output=True,
    )  # fmt: skip
    return "openami"


@pytest.fixture
def settings(token: str, tmp_path: Path) -> Iterator[Settings]:
    """Keys of our own in it."""
    (tmp_path / "pin").write_text(USER_PIN + "\n")
    (tmp_path / "pin").chmod(0o600)
    label = f"kek-{next(NUMBERS)}"
    hsm = {"module": MODULE, "token": token, "pin_file": tmp_path / "pin", "label": label}
    yield Settings.model_validate({"data": tmp_path / "data", "keys": {"hsm": hsm}})
    log_out()


def label(settings: Settings) -> str:
    assert settings.keys.hsm is not None
    return settings.keys.hsm.label


def opened(database: Database, settings: Settings) -> KeyStore:
    with database.write() as unit:
        return KeyStore.open(unit, settings)


def test_keys_are_sealed_opened_and_rewrapped_in_the_token(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.put(unit, "M1", "encryption", KEY)
        store.put(unit, "M2", "encryption", OTHER)
    assert not settings.kek.exists()
    again = opened(database, settings)
    with database.read() as unit:
        assert again.newest(unit, ["M1", "M2"]) == {"M1": {"encryption": KEY}, "M2": {"encryption": OTHER}}
    assert again.rewrap(database) == 2
    with database.read() as unit:
        assert unit.rows("SELECT DISTINCT kek FROM sealed_key") == [(f"{label(settings)}-2",)]
        assert again.newest(unit, ["M2"]) == {"M2": {"encryption": OTHER}}
    assert again.rewrap(database, forget=True) == 2
    with database.read() as unit:
        assert opened(database, settings).newest(unit, ["M1"]) == {"M1": {"encryption": KEY}}
    with pytest.raises(SecurityError, match="does not hold"):
        HsmKek.open(settings.keys.hsm, may_create=False).cipher(f"{label(settings)}-1")  # type: ignore[arg-type]


def test_rows_cannot_be_swapped(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.put(unit, "M1", "encryption", KEY)
        unit.run("UPDATE sealed_key SET meter = 'M2'")
        with pytest.raises(SecurityError, match="changed or moved"):
            store.newest(unit, ["M2"])


def test_what_seals_never_leaves_the_token(database: Database, settings: Settings) -> None:
    import pkcs11

    opened(database, settings)
    assert settings.keys.hsm is not None
    token = pkcs11.lib(str(MODULE)).get_token(token_label=settings.keys.hsm.token)
    log_out()
    with token.open(user_pin=USER_PIN) as session:
        key = session.get_key(label=f"{label(settings)}-1", object_class=pkcs11.ObjectClass.SECRET_KEY)
        assert key[pkcs11.Attribute.SENSITIVE]
        assert not key[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.PKCS11Error):
            _ = key[pkcs11.Attribute.VALUE]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"module": Path("/nowhere.so")}, "does not open"),
        ({"token": "another"}, "has no token"),
        ({"pin_file": Path("/nowhere")}, "cannot be read"),
        ({"pin_file": None}, PIN),
        ({"label": "not-ours"}, "holds no key"),
    ],
)
def test_what_is_missing_is_one_sentence(
    database: Database, settings: Settings, change: dict[str, object], said: str
) -> None:
    with database.write() as unit:
        KeyStore.open(unit, settings).put(unit, "M1", "encryption", KEY)
    log_out()
    assert settings.keys.hsm is not None
    hsm = settings.keys.hsm.model_copy(update=change)
    keys = settings.keys.model_copy(update={"hsm": hsm})
    with pytest.raises(SecurityError, match=said):
        opened(database, settings.model_copy(update={"keys": keys}))


def test_a_wrong_pin_is_one_sentence_without_it(database: Database, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("9999")
    with pytest.raises(SecurityError, match="refuses the PIN") as caught:
        opened(database, settings)
    assert "9999" not in str(caught.value)
    (tmp_path / "pin").chmod(0o644)
    with pytest.raises(SecurityError, match="chmod 600"):
        opened(database, settings)


def test_without_the_extra_it_says_what_to_install(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(SecurityError, match=r"openami\[hsm\]"):
        opened(database, settings)
