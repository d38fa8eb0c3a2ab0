"""Keys of a virtual meter replaced by a client: from the next association on, and for good."""

import csv
import shutil
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from meters.small_fleet import START, Company, Steady, Talk, Turned
from openami.core.errors import AssociationError
from openami.cosem.clock import Clock
from openami.cosem.security_setup import KeyTransfer, SecuritySetup
from openami.dlms.security import KeyId, Keys, wrap
from openami.dlms.xdlms import ActionResult
from openami.meters.fleet import Fleet
from openami.meters.records import Rekeyed
from openami.meters.store import KEYS, Plan, Stored

SETUP, CLOCK_NAME = "0.0.43.0.0.255", "0.0.1.0.0.255"
UNICAST, BROADCAST, AUTHENTICATION, MASTER = KeyId
NEW = {key_id: bytes((0xA0 + key_id,)) * 16 for key_id in KeyId}


def transfer(talk: Talk, master: bytes | None, *names: KeyId) -> ActionResult:
    """Send new keys, wrapped."""
    keys = [KeyTransfer(key_id, wrap(master or b"", NEW[key_id])) for key_id in names]
    return talk.act(SecuritySetup.global_key_transfer, SETUP, keys)


def is_let_in(fleet: Fleet, keys: Keys, counter: int | None = None, meter: int = 0) -> bool:
    """Whether a client with these keys is associated, and reads."""
    held = {"encryption_key": keys.encryption, "authentication_key": keys.authentication}
    talk = Talk(fleet, meter, counter=counter, **held)
    event = talk.ask(talk.client.associate(now=0.0))
    if type(event).__name__ != "Associated":
        assert isinstance(event.error, AssociationError), event
        return False
    assert talk.get(Clock.time_zone.at(CLOCK_NAME)) == -60
    return True


@pytest.mark.feature("IQ0404100K1-R-101")
def test_a_new_key_lets_in_and_the_old_one_no_longer() -> None:
    fleet = Company().fleet
    old = fleet.keys.of(0)
    talk = Talk(fleet, 0).associate()
    assert transfer(talk, old.master, UNICAST, AUTHENTICATION) is ActionResult.SUCCESS
    assert talk.get(Clock.time_zone.at(CLOCK_NAME)) == -60, "the association goes on under its own keys"
    new = fleet.keys.of(0)
    assert (new.encryption, new.authentication, new.master) == (NEW[UNICAST], NEW[AUTHENTICATION], old.master)
    assert not is_let_in(fleet, old)
    assert is_let_in(fleet, new)
    assert is_let_in(fleet, fleet.keys.of(1), meter=1), "the others keep theirs"
    row = next(csv.DictReader(StringIO(fleet.shipment().decode())))
    assert row["encryption_key"] == NEW[UNICAST].hex()


def test_counters_begin_anew_with_the_key_and_the_old_association_keeps_its_own() -> None:
    fleet = Company().fleet
    other = Talk(fleet, 0, counter=5_000).associate()
    talk = Talk(fleet, 0, counter=6_000).associate()
    counters = fleet.holding.counters
    assert transfer(talk, fleet.keys.of(0).master, AUTHENTICATION) is ActionResult.SUCCESS
    assert counters.received[0] >= 6_000, "the encryption key is the old one"
    talk = Talk(fleet, 0, counter=7_000).associate()
    sent = int(counters.next_send[0])
    assert transfer(talk, fleet.keys.of(0).master, UNICAST) is ActionResult.SUCCESS
    assert (counters.received[0], counters.next_send[0]) == (-1, 1)
    for _ in range(3):
        assert talk.get(Clock.time_zone.at(CLOCK_NAME)) == -60
    assert counters.retired[0, "global"].next_send == sent + 4
    assert (counters.received[0], counters.next_send[0]) == (-1, 1), "nothing of the old key touches the new"
    assert is_let_in(fleet, fleet.keys.of(0), counter=0)
    stale = other.ask(other.client.get([(Clock.time_zone.at(CLOCK_NAME), None)], now=0.0))
    assert "counter" in str(stale.error), "replay protection of the old key lives on"
    again = Talk(fleet, 0, counter=0)
    assert "counter" in str(again.refusal())


def test_a_new_master_key_wraps_what_follows() -> None:
    fleet = Company().fleet
    talk, old = Talk(fleet, 0).associate(), fleet.keys.of(0).master
    assert transfer(talk, old, MASTER, BROADCAST) is ActionResult.SUCCESS
    assert fleet.keys.of(0).broadcast == NEW[BROADCAST]
    assert transfer(talk, old, UNICAST) is ActionResult.OTHER_REASON
    assert transfer(talk, NEW[MASTER], UNICAST) is ActionResult.SUCCESS


def test_what_is_refused_changes_nothing() -> None:
    company = Company()
    fleet, kept = company.fleet, Kept()
    fleet.journal = kept
    before = fleet.keys.of(0)
    talk = Talk(fleet, 0).associate()
    assert transfer(talk, bytes(16), UNICAST) is ActionResult.OTHER_REASON
    assert transfer(talk, before.master, UNICAST, UNICAST) is ActionResult.TYPE_UNMATCHED
    right = KeyTransfer(UNICAST, wrap(before.master or b"", NEW[UNICAST]))
    wrong = KeyTransfer(AUTHENTICATION, wrap(bytes(16), NEW[AUTHENTICATION]))
    assert talk.act(SecuritySetup.global_key_transfer, SETUP, [right, wrong]) is ActionResult.OTHER_REASON
    assert talk.act(SecuritySetup.security_activate, SETUP, 0) is ActionResult.READ_WRITE_DENIED
    assert fleet.keys.of(0) == before
    assert not [record for record in kept.records if record[0] == Rekeyed.KIND]


class Kept:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def append(self, payload: bytes) -> None:
        self.records.append(payload)

    def commit(self) -> None:
        return None


# After a restart


class Driven:
    """Three meters under a steady load."""

    def load(self, serials: Sequence[str], _start_utc: int) -> Steady:
        return Steady(meters=len(serials))


def opened(folder: Path) -> Stored:
    asked = Plan("compactiq", 3, START)
    return Stored.open(folder, asked, Driven(), now=Turned(), random=Random(5).randbytes)


def killed(stored: Stored, folder: Path, name: str) -> Path:
    """What a kill leaves once the answer has left: what is durable by then, nothing closed."""
    stored.journal.commit_now()
    return Path(shutil.copytree(folder, folder.with_name(name)))


def test_new_keys_survive_a_kill(tmp_path: Path) -> None:
    first = opened(tmp_path / "a")
    old = first.fleet.keys.of(1)
    talk = Talk(first.fleet, 1, counter=9_000).associate()
    assert transfer(talk, old.master, UNICAST, AUTHENTICATION, BROADCAST) is ActionResult.SUCCESS
    assert is_let_in(first.fleet, first.fleet.keys.of(1), counter=3, meter=1)
    second = opened(killed(first, tmp_path / "a", "b"))
    keys = second.fleet.keys.of(1)
    assert keys == first.fleet.keys.of(1)
    assert (keys.encryption, keys.broadcast) == (NEW[UNICAST], NEW[BROADCAST])
    assert second.fleet.holding.counters.received[1] == first.fleet.holding.counters.received[1] < 9_000
    assert second.fleet.holding.counters.next_send[1] >= first.fleet.holding.counters.next_send[1]
    assert not is_let_in(second.fleet, old, meter=1)
    assert is_let_in(second.fleet, keys, meter=1)
    second.close()
    third = opened(tmp_path / "b")
    assert third.fleet.keys.of(1) == keys
    assert (tmp_path / "b" / KEYS).stat().st_mode & 0o777 == 0o600
    assert is_let_in(third.fleet, keys, meter=1)
    third.close()
    first.close()


def test_a_kill_between_key_file_and_snapshot_does_no_harm(tmp_path: Path) -> None:
    first = opened(tmp_path / "a")
    master = first.fleet.keys.of(0).master
    talk = Talk(first.fleet, 0).associate()
    assert transfer(talk, master, MASTER) is ActionResult.SUCCESS
    assert transfer(talk, NEW[MASTER], UNICAST) is ActionResult.SUCCESS
    assert is_let_in(first.fleet, first.fleet.keys.of(0), counter=0)
    first.fleet.keys.save(tmp_path / "a" / KEYS)
    second = opened(killed(first, tmp_path / "a", "b"))
    assert second.fleet.keys.of(0) == first.fleet.keys.of(0)
    counters = [stored.fleet.holding.counters for stored in (first, second)]
    assert counters[0].received[0] == counters[1].received[0]
    assert is_let_in(second.fleet, second.fleet.keys.of(0))
    second.close()
    first.close()
