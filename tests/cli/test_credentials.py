"""Keys come by environment, file or prompt, and no message shows one."""

from pathlib import Path

import pytest
import typer

from openami.aio.tcp import Address
from openami.cli import credentials as module
from openami.cli.credentials import Level, client_of, credentials
from openami.core.errors import AmiError, DefinitionError
from openami.dlms.security.settings import Security

HERE = Address("127.0.0.1", 4059)
EK, AK = "00112233445566778899AABBCCDDEEFF", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in module.ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)


def test_without_anything_the_public_client() -> None:
    security = credentials(None, None, HERE)
    assert (security, client_of(None, security), client_of(3, security)) == (Security.none(), 16, 3)


def test_the_highest_level_there_are_keys_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAMI_PASSWORD", "12345678")
    assert credentials(None, None, HERE) == Security.lls("12345678")
    monkeypatch.setenv("OPENAMI_EK", EK)
    monkeypatch.setenv("OPENAMI_AK", AK)
    security = credentials(None, None, HERE)
    assert security.keys is not None
    assert security.keys.encryption == bytes.fromhex(EK)
    assert client_of(None, security) == 1
    assert credentials(Level.NONE, None, HERE) == Security.none()


def test_a_prompt_where_somebody_can_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def prompt(text: str, *, hide_input: bool) -> str:
        assert hide_input
        asked.append(text)
        return EK if "ncryption" in text else AK

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", prompt)
    security = credentials(Level.HLS5, None, HERE)
    assert asked == ["Encryption key (hexadecimal)", "Authentication key (hexadecimal)"]
    assert security.keys is not None
    assert security.keys.authentication == bytes.fromhex(AK)


@pytest.mark.parametrize("key", ["zz" * 16, EK[:-1], EK + "00"])
def test_a_wrong_key_is_an_error_that_does_not_show_it(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAMI_EK", key)
    monkeypatch.setenv("OPENAMI_AK", AK)
    with pytest.raises(AmiError) as refused:
        credentials(None, None, HERE)
    assert key not in str(refused.value)


SHIPMENT = f"""serial,product,address,port,system_title,encryption_key,authentication_key
A1,compactiq,127.16.0.1,4059,4F414D0000000001,{EK},{AK}
A2,compactiq,127.16.0.2,4060,4F414D0000000002,{AK},{EK}
"""


def test_the_line_of_a_shipment_file(tmp_path: Path) -> None:
    path = tmp_path / "shipment.csv"
    path.write_text(SHIPMENT)
    security = credentials(None, path, Address("127.16.0.2", 4060))
    assert security.keys is not None
    assert security.keys.encryption == bytes.fromhex(AK)
    assert security.server_title == bytes.fromhex("4F414D0000000002")
    with pytest.raises(DefinitionError, match=r"no meter with address 127\.16\.0\.2:4059"):
        credentials(None, path, Address("127.16.0.2", 4059))


@pytest.mark.parametrize("text", ["encryption_key", "encryption_key = 5", 'nosuch = "x"', "\xff"])
def test_a_bad_keys_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DefinitionError, match=r"keys\.toml"):
        credentials(None, path, HERE)
