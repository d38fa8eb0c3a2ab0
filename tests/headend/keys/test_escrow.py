"""The escrow: only added to, whole lines, sealed, readable to its owner alone; replayed without harm."""

import os
from pathlib import Path

import pytest

from openami.core.errors import SecurityError
from openami.headend.keys.escrow import Escrow, EscrowError
from openami.headend.keys.kek import KeyFile
from openami.headend.keys.kinds import KeyState
from openami.headend.keys.replay import Replayed, complete, restore
from openami.headend.keys.service import KeyStore, Name
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings

PUT_BACK = "INSERT INTO sealed_key (meter, kind, version, kek, nonce, sealed) VALUES (?, ?, ?, ?, ?, ?)"
OLD, NEW, NEWER = (bytes((octet,)) * 16 for octet in (1, 2, 3))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def opened(database: Database, settings: Settings) -> KeyStore:
    with database.write() as unit:
        return KeyStore.open(unit, settings)


def kept(store: KeyStore) -> Escrow:
    assert store.escrow is not None
    return store.escrow


def test_a_key_is_in_the_escrow_before_anybody_can_send_it_and_not_in_clear(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(database, settings)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with database.write() as unit:
        store.put(unit, "M1", "encryption", OLD)
        assert not synced
        made = store.add(unit, "M1", "encryption", NEW, 5)
        assert synced
        assert made.name == Name("M1", "encryption", 2)
        states = [(line.version, line.state) for line in kept(store).lines()]
    assert states == [(1, KeyState.PROMOTED), (2, KeyState.NEW)]
    text = settings.escrow.read_bytes()
    assert not any(key.hex().encode() in text or key in text for key in (OLD, NEW))
    if os.name == "posix":
        assert settings.escrow.stat().st_mode & 0o777 == 0o600
    assert "02020202" not in repr(made)


def test_what_the_escrow_refuses_is_never_kept_or_sent(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    settings.escrow.mkdir()  # it cannot be written
    with pytest.raises(EscrowError, match="cannot be written"), database.write() as unit:
        store.add(unit, "M1", "encryption", NEW, 5)
    with database.read() as unit:
        assert not store.every(unit, "M1", "encryption")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    full = Escrow(Path("/dev/full"))
    with database.write() as unit:
        store.add(unit, "M1", "encryption", NEW, 5)
    with pytest.raises(EscrowError, match="cannot be written"):
        full.append(list(kept(store).lines()))


def test_a_torn_line_is_passed_over_and_nothing_hangs_on_it(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.add(unit, "M1", "encryption", OLD, 5)
        with settings.escrow.open("ab") as file:
            file.write(b'{"meter":"M1","kind":"enc')
        store.add(unit, "M1", "encryption", NEW, 6)
    assert [line.version for line in kept(store).lines()] == [1, 2]


def test_a_line_in_another_lines_place_does_not_open(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.add(unit, "M1", "encryption", OLD, 5)
    text = settings.escrow.read_text()
    settings.escrow.write_text(text + text.replace('"M1"', '"M2"') + text.replace('"version":1', '"version":7'))
    done = restore(database, store, kept(store), 9)
    assert (done.lines, done.added, done.unreadable) == (3, 0, 2)


def test_a_replay_adds_what_is_missing_in_its_order_and_may_be_repeated(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.put(unit, "M1", "encryption", OLD)
        store.put(unit, "M1", "authentication", OLD)
        second = store.add(unit, "M1", "encryption", NEW, 5)
        store.note([second], KeyState.PROVEN, 6)
        store.add(unit, "M1", "encryption", NEWER, 7)
        unit.run("DELETE FROM sealed_key WHERE version > 1")
        unit.run("DELETE FROM key_state")
    assert counts(restore(database, store, kept(store), 9)) == (2, 1)
    with database.read() as unit:
        assert store.newest(unit, ["M1"])["M1"]["encryption"] == NEW
        tries = [keys.encryption for keys in store.candidates(unit, ["M1"])["M1"]]
    assert tries == [NEW, NEWER]
    assert counts(restore(database, store, kept(store), 9)) == (0, 0)


def counts(done: Replayed) -> tuple[int, int]:
    return done.added, done.put_in_force


def test_two_keys_of_one_version_are_both_kept(database: Database, settings: Settings) -> None:
    """After a restore without the escrow the same version is drawn again: the meter may have either."""
    store = opened(database, settings)
    with database.write() as unit:
        store.put(unit, "M1", "authentication", OLD)
        store.put(unit, "M1", "encryption", OLD)
        store.add(unit, "M1", "encryption", NEW, 5)
        unit.run("DELETE FROM sealed_key WHERE version > 1")
        unit.run("DELETE FROM key_state")
        store.add(unit, "M1", "encryption", NEWER, 6)
    restore(database, store, kept(store), 9)
    with database.read() as unit:
        tries = {keys.encryption for keys in store.candidates(unit, ["M1"])["M1"]}
    assert tries == {OLD, NEW, NEWER}


def test_an_escrow_is_brought_up_to_the_database(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        for number in range(510):
            store.put(unit, f"M{number}", "encryption", OLD)
    settings.escrow.unlink()
    assert (complete(database, kept(store)).added, complete(database, kept(store)).added) == (510, 0)
    with database.write() as unit:
        unit.run("DELETE FROM sealed_key")
    assert restore(database, store, kept(store), 9).added == 510


def test_backup_and_escrow_open_after_a_rewrap_until_it_is_told_to_forget(
    database: Database, settings: Settings
) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.put(unit, "M1", "encryption", OLD)
        backup = unit.rows("SELECT * FROM sealed_key")
    store.rewrap(database)
    again = opened(database, settings)
    with database.write() as unit:
        unit.run("DELETE FROM sealed_key")
        unit.run(
            "INSERT INTO sealed_key (meter, kind, version, kek, nonce, sealed) VALUES (?, ?, ?, ?, ?, ?)", backup[0]
        )
        assert again.newest(unit, ["M1"])["M1"] == {"encryption": OLD}
    assert restore(database, again, kept(again), 9).unreadable == 0
    again.rewrap(database, forget=True)
    last = opened(database, settings)
    assert restore(database, last, kept(last), 9).unreadable == 0
    with database.write() as unit:
        unit.run("DELETE FROM sealed_key")
        unit.run(
            "INSERT INTO sealed_key (meter, kind, version, kek, nonce, sealed) VALUES (?, ?, ?, ?, ?, ?)", backup[0]
        )
        with pytest.raises(SecurityError, match="does not hold"):
            last.newest(unit, ["M1"])


def test_a_process_that_runs_goes_on_after_a_rewrap(database: Database, settings: Settings) -> None:
    running, other = opened(database, settings), opened(database, settings)
    with database.write() as unit:
        running.put(unit, "M1", "encryption", OLD)
    other.rewrap(database)
    with database.read() as unit:
        assert running.newest(unit, ["M1"])["M1"] == {"encryption": OLD}


def test_a_lost_key_file_is_not_replaced_while_the_escrow_needs_it(database: Database, settings: Settings) -> None:
    store = opened(database, settings)
    with database.write() as unit:
        store.put(unit, "M1", "encryption", OLD)
        unit.run("DELETE FROM sealed_key")
    settings.kek.unlink()
    with pytest.raises(SecurityError, match="missing"):
        opened(database, settings)
    KeyFile.create(settings.kek)
    assert restore(database, opened(database, settings), Escrow(settings.escrow), 9).unreadable == 1
