import os
from pathlib import Path

import pytest

from openami.core.errors import SecurityError
from openami.headend.keys.kek import KeyFile
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database

KEY = bytes(range(16))
OTHER = bytes(range(16, 32))


@pytest.fixture
def kek(tmp_path: Path) -> Path:
    return tmp_path / "kek"


def filled(database: Database, kek: Path) -> KeyStore:
    with database.write() as unit:
        store = KeyStore.open(unit, kek)
        store.put(unit, "M1", "encryption", KEY)
        store.put(unit, "M1", "authentication", OTHER)
        store.put(unit, "M2", "encryption", OTHER)
    return store


def test_keys_come_back_and_stand_nowhere_in_clear(database: Database, kek: Path) -> None:
    store = filled(database, kek)
    with database.read() as unit:
        assert store.keys(unit, ["M1", "M2"]).keys() == {"M1"}
        assert store.keys(unit, ["M1"])["M1"].encryption == KEY
    database.close()
    for file in kek.parent.iterdir():
        assert KEY not in file.read_bytes()
        assert KEY.hex().encode() not in file.read_bytes()


def test_a_key_is_kept_once(database: Database, kek: Path) -> None:
    store = filled(database, kek)
    with database.write() as unit:
        assert not store.put(unit, "M1", "encryption", KEY)
        with pytest.raises(SecurityError, match="another encryption key") as caught:
            store.put(unit, "M1", "encryption", OTHER)
    assert OTHER.hex() not in str(caught.value)


@pytest.mark.parametrize("column", ["meter", "kind", "version"])
def test_rows_cannot_be_swapped(database: Database, kek: Path, column: str) -> None:
    store = filled(database, kek)
    change = {"meter": "'M3'", "kind": "'master'", "version": "7"}[column]
    with database.write() as unit:
        unit.run(f"UPDATE sealed_key SET {column} = {change} WHERE meter = 'M1' AND kind = 'encryption'")
        with pytest.raises(SecurityError, match="changed or moved"):
            store.newest(unit, ["M1", "M3"])


def test_the_wrong_kek_is_one_clear_sentence(database: Database, kek: Path) -> None:
    filled(database, kek)
    kek.unlink()
    KeyFile.create(kek)
    with database.read() as unit, pytest.raises(SecurityError, match="restore the file that belongs") as caught:
        KeyStore.open(unit, kek)
    assert str(kek) in str(caught.value)


def test_a_lost_kek_is_not_replaced_silently(database: Database, kek: Path) -> None:
    filled(database, kek)
    kek.unlink()
    with database.read() as unit, pytest.raises(SecurityError, match="missing"):
        KeyStore.open(unit, kek)
    assert not kek.exists()


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_the_file_is_ours_alone(database: Database, kek: Path) -> None:
    filled(database, kek)
    assert kek.stat().st_mode & 0o777 == 0o600
    kek.chmod(0o640)
    with database.read() as unit, pytest.raises(SecurityError, match="chmod 600"):
        KeyStore.open(unit, kek)


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": ["00"]}', '{"keys": [1]}', "\xff"])
def test_a_damaged_file_is_one_sentence(database: Database, kek: Path, content: str) -> None:
    filled(database, kek)
    kek.write_text(content, encoding="latin-1")
    with database.read() as unit, pytest.raises(SecurityError, match="key-encryption key file"):
        KeyStore.open(unit, kek)


def test_rewrap_changes_every_seal_and_no_key(database: Database, kek: Path) -> None:
    store = filled(database, kek)
    before = kek.read_text()
    assert store.rewrap(database) == 3
    assert before not in kek.read_text()
    with database.read() as unit:
        assert len(unit.rows("SELECT DISTINCT kek FROM sealed_key")) == 1
        assert KeyStore.open(unit, kek).newest(unit, ["M1"])["M1"]["encryption"] == KEY


def test_a_rewrap_broken_off_halfway_loses_nothing(
    database: Database, kek: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(database, kek)
    monkeypatch.setattr("openami.headend.keys.service.BATCH", 1)
    steps = iter([True])
    rewrap_some = KeyStore._rewrap_some

    def break_off(self: KeyStore, database: Database) -> int:
        next(steps)
        return rewrap_some(self, database)

    monkeypatch.setattr(KeyStore, "_rewrap_some", break_off)
    with pytest.raises(StopIteration):
        store.rewrap(database)
    monkeypatch.undo()
    with database.read() as unit:
        again = KeyStore.open(unit, kek)
        assert len(unit.rows("SELECT DISTINCT kek FROM sealed_key")) == 2
        assert again.newest(unit, ["M1", "M2"])["M2"]["encryption"] == OTHER
    again.rewrap(database)
    with database.read() as unit:
        assert KeyStore.open(unit, kek).newest(unit, ["M1"])["M1"] == {"encryption": KEY, "authentication": OTHER}


def test_nothing_shows_a_key(database: Database, kek: Path) -> None:
    filled(database, kek)
    assert "keys" not in repr(KeyFile.load(kek))
