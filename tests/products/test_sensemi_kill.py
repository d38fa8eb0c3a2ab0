"""Power cuts while tokens are taken: the journal ends anywhere, a snapshot in between; nothing twice, nothing lost."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
import pytest

from openami.aio.segments import HEAD, records
from openami.cosem.token_gateway import TokenGateway
from openami.dlms.xdlms import ActionResult, MethodDescriptor
from openami.meters import tokens
from openami.meters.store import JOURNAL, Plan, Stored
from openami.meters.view import View
from openami.sts.keys import KeyAttributes
from openami.sts.rules import Result
from openami.sts.tid import BaseDate, tid_of
from openami.sts.token import Kind, Transaction, encode, key_change
from products.standing import MANAGEMENT, START, Bench, Setting, Turned

ASKED = Plan("sed302", 1, START, "bench")
GATEWAY = "0.0.19.40.0.255"
FIRST = 1_000_000
NEW = KeyAttributes("654321", krn=2, ti=7, ken=200)


class Driven:
    """A meter without load, so that its credit is what tokens make it."""

    def load(self, serials: Sequence[str], start_utc: int) -> Bench:
        del serials, start_utc
        return Bench(3, [(0, Setting((230.0,) * 3, (0.0,) * 3, (0.0,) * 3))])


def opened(folder: Path, clock: Turned) -> Stored:
    return Stored.open(folder, ASKED, Driven(), now=clock, random=Random(5).randbytes)


def view(stored: Stored) -> View:
    return View(stored.fleet.holding, 0)


def enter(stored: Stored, token: str, way: str) -> Result:
    """Enter a token as a client or a finger does; it is on disk before there is an answer."""
    fleet = stored.fleet
    if way == "keypad":
        fleet.hand(0, "key", f"{token}#")
    else:
        name = MethodDescriptor(115, TokenGateway.enter.at(GATEWAY).logical_name, 1)
        outcome = fleet.act(0, fleet.device(0), MANAGEMENT, (name, TokenGateway.enter.codec.encode(token.encode())))
        assert outcome[0] is ActionResult.SUCCESS
    stored.journal.commit_now()
    found = tokens.last(view(stored))
    assert found is not None
    return found.result


def bought(stored: Stored) -> list[str]:
    """Credit of 10 kWh, a new key in four parts, credit of 20 kWh under that."""
    here = view(stored)
    pan, old = tokens.identity(here).pan, tokens.state(here).key
    key = tokens.keys(here).decoder_key(pan, NEW)
    tid = tid_of(datetime.fromtimestamp(START + 600, UTC), BaseDate.YEAR_2014)
    change = [encode(section, old) for section in key_change(key, NEW)]
    credits_ = [
        encode(Transaction.of_amount(Kind.ELECTRICITY, tid + place, units), under)
        for place, (units, under) in enumerate(((100, old), (200, key)))
    ]
    return [credits_[0], *change, credits_[1]]


def finished(folder: Path, clock: Turned, sequence: list[str], way: str) -> Stored:
    """Come back after the cut; whoever had no answer to the last token enters it again, and then the others."""
    stored = opened(folder, clock)
    stored.fleet.advance_to(int(clock.utc))
    for token in sequence:
        enter(stored, token, way)
    return stored


def segment(folder: Path) -> Path:
    """The newest segment of the journal."""
    return max(path for path in folder.glob(f"{JOURNAL}.*") if path.suffix[1:].isdigit())


def cuts(octets: bytes) -> list[int]:
    """Every end of a record, and moments within each: its head, its middle, all but its last octet."""
    ends = [(start - HEAD.size, end) for start, end in records(octets)]
    return sorted({0, *(cut for start, end in ends for cut in (start + 3, (start + end) // 2, end - 1, end))})


@pytest.mark.slow
@pytest.mark.feature("SED102-23")
@pytest.mark.parametrize("way", ["class 115", "keypad"])
def test_a_cut_at_every_step_credits_nothing_twice_and_loses_nothing(way: str, tmp_path: Path) -> None:
    clock = Turned(START + 660)
    lived = opened(tmp_path / "a", clock)
    lived.fleet.advance_to(int(clock.utc))
    sequence = bought(lived)
    seen = []
    for token in sequence:
        assert enter(lived, token, way).is_good
        seen.append(state_of(lived))
    whole = segment(tmp_path / "a").read_bytes()
    before = [(FIRST, 1), *seen]
    for cut in cuts(whole):
        folder = Path(shutil.copytree(tmp_path / "a", tmp_path / f"cut{cut}"))
        segment(folder).write_bytes(whole[:cut])
        back = opened(folder, clock)
        assert state_of(back) in before, "all of a token, or nothing of it"
        back.journal.close()
        done = sum(1 for _ in records(whole[:cut]))
        again = finished(folder, clock, sequence[max(0, done - 1) :], way)
        assert state_of(again) == (FIRST + 10_000 + 20_000, 2)
        assert tokens.state(view(again)).key == tokens.state(view(lived)).key
        again.journal.close()
        shutil.rmtree(folder)
    lived.close()


def state_of(stored: Stored) -> tuple[int, int]:
    """Credit, and revision of the key."""
    here = view(stored)
    return tokens.credit(here).remaining, tokens.identity(here).attributes.krn


@pytest.mark.parametrize("after", range(6))
def test_a_snapshot_between_any_two_steps_changes_nothing(after: int, tmp_path: Path) -> None:
    clock = Turned(START + 660)
    first = opened(tmp_path / "a", clock)
    sequence = bought(first)
    for token in sequence[:after]:
        assert enter(first, token, "class 115").is_good
    first.close()
    second = opened(tmp_path / "a", clock)
    assert [enter(second, token, "class 115") for token in sequence[:1]] == [
        Result.ACCEPT if not after else Result.USED if after < 5 else Result.CRC
    ]
    for token in sequence[max(after, 1) :]:
        assert enter(second, token, "class 115").is_good
    assert state_of(second) == (FIRST + 30_000, 2)
    one = second.fleet.holding.snapshot()
    second.journal.close()
    third = opened(tmp_path / "a", clock)
    other = third.fleet.holding.snapshot()
    assert one.keys() == other.keys()
    for name in one.keys() - {"counters.reserved"}:
        assert np.array_equal(one[name], other[name]), name
    third.close()


def test_vending_keys_lie_in_files_of_their_own_and_make_tokens_for_the_meter(tmp_path: Path) -> None:
    stored = opened(tmp_path / "a", Turned(START + 660))
    for name in ("vending.toml", "first-key-change.toml"):
        path = tmp_path / "a" / name
        assert path.stat().st_mode & 0o777 == 0o600
    text = (tmp_path / "a" / "vending.toml").read_text(encoding="utf-8")
    assert text.startswith('vending_key = "')
    key = bytes.fromhex(text.split('"')[1])
    assert key not in b"".join(array.tobytes() for array in stored.fleet.holding.snapshot().values())
    stored.close()
    again = opened(tmp_path / "a", Turned(START + 660))
    assert tokens.state(view(again)).key == tokens.state(view(stored)).key
    again.close()
