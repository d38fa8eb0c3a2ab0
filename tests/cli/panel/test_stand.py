"""A meter on the stand: dials within bounds, and what was done survives a kill to the last mJ."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.cli.panel.stand import Stand, standing
from openami.core.errors import DefinitionError
from openami.meters.dials import Dialled, Dials
from openami.meters.store import Plan, Stored


def registers(stored: Stored, until: int) -> np.ndarray:
    stored.fleet.advance_to(until)
    return stored.fleet.holding.laws.registers.mj_total.copy()


async def test_a_kill_between_two_turns_of_a_dial_loses_nothing(tmp_path: Path) -> None:
    folder, copy = tmp_path / "stand", tmp_path / "after the kill"
    async with standing("compactiq", folder, speed=600) as stand:
        for amps in (10, 40, 0.5, 90):
            stand.turn("amps", amps)
            stand.fleet.advance_to(stand.fleet.holding.laws.now + 37)
        stand.turn("angle", 170)
        stand.hand("terminal_cover", "open")
        await stand.stored.journal.commit()
        shutil.copytree(folder, copy)
        until = stand.fleet.holding.laws.now + 3600
        after = registers_of_copy(copy, stand, until)
        assert registers(stand.stored, until).tolist() == after.tolist()


def registers_of_copy(copy: Path, stand: Stand, until: int) -> np.ndarray:
    """Open the folder as it was at the kill."""
    for lock in copy.glob("*.lock"):
        lock.unlink()
    dials = Dials.read(copy)
    assert dials == stand.load.dials
    plan = Plan("compactiq", 1, stand.fleet.holding.laws.now, "dials")
    stored = Stored.open(copy, plan, Dialled(dials), now=stand.clock.now)
    try:
        assert stored.fleet.holding.laws.more["tamper"].row("terminal_cover")[0] == 1
        return registers(stored, until)
    finally:
        stored.close()


@given(
    st.lists(st.integers(0, 300_000), min_size=3, max_size=3),
    st.lists(st.integers(0, 200_000), min_size=3, max_size=3),
    st.integers(-180, 180),
)
def test_the_load_is_what_the_dials_say(volts: list[int], amps: list[int], angle: int) -> None:
    dials = Dials(tuple(volts), tuple(amps), angle)
    minutes = Dialled(dials).power(0, 2)
    apparent = sum(u * i / 1000 for u, i in zip(volts, amps, strict=True))
    drawn = np.hypot(int(minutes.active_mw[1, 0]), int(minutes.reactive_mvar[1, 0]))
    assert drawn == pytest.approx(apparent, abs=4)
    assert minutes.voltage_mv[0, 0].tolist() == volts
    assert minutes.current_ma[0, 0].tolist() == amps
    if abs(angle) > 90:
        assert minutes.active_mw[0, 0] <= 0


def test_one_phase_has_one() -> None:
    minutes = Dialled(Dials(), 1).power(0, 1)
    assert minutes.voltage_mv.shape == (1, 1, 1)
    assert int(minutes.active_mw[0, 0]) == Dials().phases[0][0]


@pytest.mark.parametrize(
    ("dial", "value", "complaint"),
    [
        ("volts_l1", 301, "volts: expected 3 values of 0 to 300"),
        ("amps", -1, "amps: expected 3 values of 0 to 200"),
        ("angle", 181, "angle: 181: expected -180 to 180 degrees"),
        ("volts_l4", 1, "no dial is called 'volts_l4'"),
        ("ohms", 1, "no dial is called 'ohms'"),
    ],
)
def test_dials_have_ends(dial: str, value: float, complaint: str) -> None:
    with pytest.raises(DefinitionError, match=complaint):
        Dials().turned(dial, value)


def test_dials_that_cannot_be_read(tmp_path: Path) -> None:
    assert Dials.read(tmp_path) is None
    (tmp_path / "dials.json").write_text('{"volts_mv": 3}', encoding="utf-8")
    with pytest.raises(DefinitionError, match="not the dials of a panel"):
        Dials.read(tmp_path)


async def test_the_clock_has_a_highest_speed(tmp_path: Path) -> None:
    async with standing("compactiq", tmp_path, speed=1) as stand:
        with pytest.raises(DefinitionError, match="speed: 4000: expected 1 to 3600"):
            stand.run_at(4000)
