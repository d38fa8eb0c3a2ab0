"""Keys of virtual meters are changed over DLMS, and the line is cut at every frame."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headend import stores
from headend.keys.stand import Stand, opened
from openami.headend.collection.clerk import Clerk
from openami.headend.collection.dlms_reader import DlmsReader
from openami.headend.collection.worker import run
from openami.headend.keys.escrow import Escrow
from openami.headend.keys.kinds import KeyState
from openami.headend.keys.replay import restore as replay
from openami.headend.kit.errors import StoreLostError
from openami.headend.run.backup import backup, restore

ALL = ("encryption", "authentication", "master", "broadcast")


async def test_all_keys_of_a_meter_are_changed_and_put_in_force(tmp_path: Path) -> None:
    async with opened(tmp_path) as stand, stand.collecting():
        before = stand.fleet.keys.of(0)
        stand.rotate(stand.serials[0], *ALL)
        await stand.settled()
        assert [end[:2] for end in stand.ends()] == [("keys.rotate", "done"), ("keys.prove", "done")], stand.ends()
        after = stand.fleet.keys.of(0)
        assert {before.encryption, before.authentication, before.master}.isdisjoint(
            {after.encryption, after.authentication, after.master}
        )
        assert stand.same_keys()
        assert stand.states(stand.serials[0]) == {
            **{(kind, 2): "promoted" for kind in ALL[:3]}, **{(kind, 1): "retired" for kind in ALL[:3]},
            ("broadcast", 1): "promoted",
        }  # fmt: skip
        assert stand.same_keys(1)


async def rotated(stand: Stand, cut_at: int, *kinds: str) -> bool:
    """Change keys while the line breaks once; whether it did."""
    before = stand.fleet.keys.of(0)
    stand.line.arm(cut_at)
    stand.rotate(stand.serials[0], *kinds)
    await stand.settled()
    assert stand.same_keys(), (cut_at, stand.states(stand.serials[0]), stand.ends()[-3:])
    assert stand.fleet.keys.of(0) != before
    assert {end[1] for end in stand.ends()} == {"done"}, (cut_at, stand.ends()[-3:])
    assert set(stand.states(stand.serials[0]).values()) <= {"promoted", "retired"}
    return stand.line.has_cut


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [ALL, ("master",), ("encryption",), ("broadcast",)], ids=len)
async def test_cut_at_every_frame_the_meter_can_always_be_read_again(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    async with opened(tmp_path, 1) as stand, stand.collecting():
        cut_at = 0
        while await rotated(stand, cut_at, *kinds):
            cut_at += 1
        assert cut_at > 8


class Broken:
    """Loses the database at one change in the middle of a session, before it is kept or just after."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.is_after = False
        self.has_broken = False

    def wrap(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def changed(clerk: Clerk, what: Any) -> Any:
            is_now = self.left == 0
            if self.left is not None:
                self.left -= 1
            if is_now and not self.is_after:
                self.has_broken = True
                raise StoreLostError("the test has taken the database away")
            found = change(clerk, what)
            if is_now:
                self.has_broken = True
                raise StoreLostError("the test has taken the database away, afterwards")
            return found

        return changed


@pytest.mark.slow
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
async def test_database_lost_at_every_step_the_meter_can_always_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_after: bool
) -> None:
    broken = Broken()
    monkeypatch.setattr(Clerk, "change", broken.wrap(Clerk.change))
    async with opened(tmp_path, 1) as stand:
        for at in range(30):
            broken.left, broken.is_after, broken.has_broken = at, is_after, False
            async with stand.collecting():  # a new one each time: it knows nothing but what was kept
                await rotated(stand, -1, *ALL[:3])
            if not broken.has_broken:
                break
        assert 4 < at < 29


async def rotated_by_two_people(stand: Stand) -> None:
    """Change the keys of all meters by REST."""
    async with stand.office.browser("ed") as ed, stand.office.browser("ann") as ann:
        body = {"serials": stand.serials, "kinds": ALL[:3], "reason": "yearly"}
        proposal = (await ed.post("/api/keys/rotations", json=body)).json()
        assert proposal["kind"] == "keys.rotate", proposal
        answer = await ed.post(f"/api/proposals/{proposal['id']}/approve", json={"digest": proposal["digest"]})
        assert answer.status_code in {403, 409}
        before = [stand.fleet.keys.of(meter) for meter in range(len(stand.serials))]
        async with stand.collecting():
            done = await ann.post(f"/api/proposals/{proposal['id']}/approve", json={"digest": proposal["digest"]})
            assert done.status_code == 200, done.text
            await stand.settled()
    assert {end[1] for end in stand.ends()} == {"done"}
    assert len(stand.ends()) == 2 * len(stand.serials)
    for meter, old in enumerate(before):
        new = stand.fleet.keys.of(meter)
        assert stand.same_keys(meter)
        assert {new.encryption, new.authentication, new.master}.isdisjoint(
            {old.encryption, old.authentication, old.master}
        )


def next_counters(stand: Stand) -> list[int]:
    with stand.database.read() as unit:
        return [row[0] for row in unit.rows("SELECT next FROM invocation_counter ORDER BY meter")]


@pytest.mark.slow
@pytest.mark.feature("SIMS-05", "SIMS-26")
@pytest.mark.parametrize("is_all_told", [True, False], ids=["whole", "cut-short"])
async def test_keys_of_100_meters_are_changed_and_yesterdays_backup_with_the_escrow_reads_them(
    place: stores.Place, tmp_path: Path, *, is_all_told: bool
) -> None:
    """`cut-short`: the escrow ends before it says which keys came into force; they are found by trying."""
    async with opened(tmp_path, 100) as stand:
        settings, file = stand.settings, tmp_path / "yesterday.backup"
        assert (await run(settings, stand.clock, once=True, reader=DlmsReader())).failures == 0
        backup(stand.database, file)
        await rotated_by_two_people(stand)
        assert (await run(settings, stand.clock, once=True, reader=DlmsReader())).failures == 0
        escrow = Escrow(settings.escrow)
        if not is_all_told:
            early = [line for line in escrow.lines() if line.state is KeyState.NEW or line.version == 1]
            escrow.replace(early)
        used = next_counters(stand)
        restore(stand.database, file, may_replace=True)
        assert not any(stand.same_keys(meter) for meter in range(100))
        assert all(after > before for before, after in zip(used, next_counters(stand), strict=True))
        with stand.database.write() as unit:  # as if the backup were older than any leap
            unit.run("UPDATE invocation_counter SET next = 0")
        once = settings.model_copy(update={"attempts": 1})
        assert (await run(once, stand.clock, once=True, reader=DlmsReader())).failures == 100
        done = replay(stand.database, stand.store(), escrow, stand.clock.now())
        assert (done.added, done.unreadable) == (300, 0)
        stand.clock.at += 3_600
        again = await run(settings, stand.clock, once=True, reader=DlmsReader())
        assert (again.meters, again.failures) == (100, 0)
        assert all(min(used) < value for value in next_counters(stand))
        if not is_all_told:  # the master keys show when somebody asks
            for serial in stand.serials:
                stand.prove(serial)
            async with stand.collecting():
                await stand.settled()
        assert all(stand.same_keys(meter) for meter in range(100))
