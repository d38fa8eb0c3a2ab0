"""The law of firmware: when a schedule falls, what takes its time, what a cut of power leaves."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from metering.loads import constant
from openami.core.errors import DecodeError, LocalProtocolError
from openami.core.time import ANY, ANY_YEAR, CET, DAY_LAST, CosemDate, CosemTime
from openami.metering import commands
from openami.metering.advance import advance
from openami.metering.columns import NEVER
from openami.metering.firmware import NAME, Firmware, Slot, Stage, Verdict, next_match
from openami.metering.state import Rules, State
from openami.meters.faces import idis

NOON = 1_767_265_200  # Thursday 2026-01-01 12:00 CET
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LOAD = constant(1_000_000, meters=3)


def fleet(**slot):
    rules = Rules(parts={NAME: Firmware.made((Slot(**slot), Slot(activated="modem_firmware")), 2)})
    state = State.create(3, NOON, rules=rules)
    return state, state.part(NAME, Firmware)


def local(*fields):
    return int(datetime(*fields, tzinfo=AMSTERDAM).timestamp())


def after(time, date, *fields):
    return next_match(time, date, CET, local(*fields))


@pytest.mark.parametrize(
    ("time", "date", "expected"),
    [
        (CosemTime(2, 30, 0, 0), CosemDate(), (2026, 1, 2, 2, 30)),
        (CosemTime(13, 0, ANY, ANY), CosemDate(), (2026, 1, 1, 13, 0)),
        (CosemTime(12, 0, 0, 0), CosemDate(), (2026, 1, 2, 12, 0)),
        (CosemTime(2, 0, 0, 0), CosemDate(2026, 7, 15, ANY), (2026, 7, 15, 2, 0)),
        (CosemTime(2, 0, 0, 0), CosemDate(weekday=7), (2026, 1, 4, 2, 0)),
        (CosemTime(2, 0, 0, 0), CosemDate(day=DAY_LAST), (2026, 1, 31, 2, 0)),
        (CosemTime(2, 0, 0, 0), CosemDate(ANY_YEAR, 2, 29), (2028, 2, 29, 2, 0)),
        (CosemTime(2, 59, 59, 0), CosemDate(ANY_YEAR, 10, 25), (2026, 10, 25, 2, 59, 59)),
    ],
)
def test_the_schedule_falls_at_local_time(time, date, expected):
    assert after(time, date, 2026, 1, 1, 12, 0) == local(*expected)


@pytest.mark.parametrize(
    ("time", "date"),
    [
        (CosemTime(), CosemDate()),
        (CosemTime(2, ANY, 0, 0), CosemDate()),
        (CosemTime(2, 0, 0, 0), CosemDate(2026, 1, 1, ANY)),
        (CosemTime(2, 0, 0, 0), CosemDate(2025, ANY, ANY, ANY)),
        (CosemTime(2, 0, 0, 0), CosemDate(ANY_YEAR, 2, 30)),
    ],
)
def test_a_schedule_that_never_falls(time, date):
    assert after(time, date, 2026, 1, 1, 12, 0) == NEVER


def test_a_full_date_that_is_none():
    with pytest.raises(DecodeError, match="names no single day"):
        after(CosemTime(2, 0, 0, 0), CosemDate(2026, 2, 30, ANY), 2026, 1, 1)


def test_every_night_for_a_year_by_the_rules_of_the_zone_itself():
    at, expected = local(2026, 1, 1, 12), datetime(2026, 1, 1, 12, tzinfo=AMSTERDAM)
    for _ in range(365):
        at = next_match(CosemTime(4, 15, 0, 0), CosemDate(), CET, at)
        expected = (expected + timedelta(days=1)).replace(hour=4, minute=15)
        assert at == int(expected.timestamp())


def test_verification_that_takes_time():
    state, law = fleet(verification_s=20)
    law.begin(0, 1)
    law.verify(state, 0, 1, Verdict.SOUND, part=1, image=5)
    law.verify(state, 1, 2, Verdict.REFUSED, part=0)
    assert law.stage[:, 1:].tolist() == [
        [Stage.VERIFICATION_INITIATED, Stage.NOT_INITIATED],
        [Stage.NOT_INITIATED, Stage.VERIFICATION_FAILED],
    ]
    with pytest.raises(LocalProtocolError, match="being verified"):
        law.begin(0, 1)
    advance(state, NOON + 19, LOAD)
    assert law.is_running(0, 1)
    advance(state, NOON + 20, LOAD)
    assert law.stage[0, 1] == Stage.VERIFICATION_SUCCESSFUL


def test_a_cut_while_verifying_leaves_the_blocks_and_one_while_activating_the_old_version():
    state, law = fleet(verification_s=20)
    for meter in (0, 1):
        law.begin(0, meter)
        law.verify(state, 0, meter, Verdict.SOUND, part=1, image=5)
    commands.cut(state, 0, NOON + 5, NOON + 6)
    advance(state, NOON + 30, LOAD)
    assert law.stage[0].tolist() == [Stage.INITIATED, Stage.VERIFICATION_SUCCESSFUL, Stage.NOT_INITIATED]
    law.activate(state, 0, 1)
    commands.cut(state, 1, NOON + 45)
    advance(state, NOON + 90, LOAD)
    assert law.stage[0, 1] == Stage.ACTIVATION_FAILED
    assert (law.active == -1).all()


def test_only_what_is_verified_is_activated():
    state, law = fleet()
    with pytest.raises(LocalProtocolError, match="no verified image"):
        law.activate(state, 0, 0)
    law.verify(state, 0, 0, Verdict.REFUSED, part=0)
    with pytest.raises(LocalProtocolError, match="no verified image"):
        law.activate(state, 0, 0)


def test_at_most_the_meters_concerned_change():
    state, law = fleet(activation_s=0)
    law.verify(state, 0, 2, Verdict.SOUND, part=1, image=7)
    law.activate(state, 0, 2)
    assert law.active.tolist() == [[-1, -1, -1], [-1, -1, 7]]


def test_a_snapshot_carries_it():
    state, law = fleet(is_scheduled=True)
    law.verify(state, 0, 0, Verdict.SOUND, part=0, image=3)
    law.set_moment(state, 0, CosemTime(13, 0, 0, 0), CosemDate())
    again = State.restore(state.snapshot(), state.rules)
    for each in (state, again):
        advance(each, NOON + 4_000, LOAD)
    one, other = (each.part(NAME, Firmware) for each in (state, again))
    assert other.active[0, 0] == 3
    assert other.moment_of(0) == (CosemTime(13, 0, 0, 0), CosemDate())
    assert (one.next_at == other.next_at).all()
    assert np.array_equal(one.stage, other.stage)


def test_a_face_that_has_the_event_logs_a_failed_verification():
    """IDIS has code 51 for it in the standard log, ESMR has none."""
    rules = Rules(parts={NAME: Firmware.made((Slot(),), 1)}, face=idis.FACE)
    state = State.create(3, NOON, rules=rules)
    law = state.part(NAME, Firmware)
    law.verify(state, 0, 1, Verdict.REFUSED, part=0)
    law.verify(state, 0, 2, Verdict.SOUND, part=0, image=1)
    rows = [state.logs["standard"].entries(meter, 1).values["code"].tolist() for meter in range(3)]
    assert rows == [[], [51], [17]]
