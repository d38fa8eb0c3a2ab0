"""Activation: at once, at a time of the meter's clock, through cuts of power; what is logged of it."""

import numpy as np
import pytest

from meters.small_fleet import DAY_S, HOUR_S, START, Company, Steady
from meters.upgrading import (
    ACTIVATED,
    ACTIVATION_S,
    MODEM,
    MODEM_UPGRADED,
    NEW,
    OLD,
    READY,
    SCHEDULE,
    SELF_CHECK,
    STATUS,
    Upgrade,
    codes,
    made,
    modem_image,
    versions,
)
from openami.core.time import ANY, ANY_YEAR, CET, CosemDate, CosemTime
from openami.cosem.clock import Clock
from openami.cosem.registers import Register
from openami.cosem.scripts import ExecutionTime, SingleActionSchedule
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.metering import commands
from openami.meters.laws.firmware import booted
from openami.meters.view import View

ENERGY = "1.0.1.8.0.255"
TWO = CosemTime(2, 0, 0, ANY)


@pytest.mark.feature("IQ0404100K1-R-28")
def test_registers_and_profiles_go_on_through_an_upgrade_bit_for_bit() -> None:
    upgraded, plain = Company(), Company()
    upgrade = Upgrade(upgraded, made()).verified()
    for company in (upgraded, plain):
        company.live(10 * 60 + 7)
    upgrade.activate()
    for company in (upgraded, plain):
        company.live(DAY_S)
    assert versions(upgraded)[1] == NEW
    one, other = (company.fleet.holding.snapshot() for company in (upgraded, plain))
    kept = ("laws.registers", "laws.live", "laws.profile", "laws.tariff", "laws.clock", "laws.supply")
    for name in one:
        if name.startswith(kept):
            assert (one[name] == other[name]).all(), name


@pytest.mark.feature("IQ0404100K1-R-29")
def test_each_change_is_logged() -> None:
    company = Company()
    Upgrade(company, made()).verified().activate()
    company.live(ACTIVATION_S)
    assert codes(company) == [READY, ACTIVATED, SELF_CHECK]
    Upgrade(company, modem_image(), MODEM, b"LTE").verified().activate()
    company.live(ACTIVATION_S)
    assert codes(company)[3:] == [READY, MODEM_UPGRADED, SELF_CHECK]


@pytest.mark.feature("IQ0404100K1-R-28")
@pytest.mark.parametrize("after", [0, 1, ACTIVATION_S // 2, ACTIVATION_S])
@pytest.mark.parametrize("lasts", [1, ACTIVATION_S, HOUR_S])
def test_a_power_cut_at_activation_ends_in_the_old_version(after: int, lasts: int) -> None:
    company = Company()
    company.live(100)
    upgrade = Upgrade(company, made()).verified()
    upgrade.activate()
    now = company.fleet.holding.laws.now
    commands.cut(company.fleet.holding.laws, 0, now + after, now + after + lasts)
    company.live(2 * HOUR_S)
    assert upgrade.status is STATUS.ACTIVATION_FAILED
    assert versions(company) == [OLD, OLD, b"01_02_03"]
    assert codes(company) == [READY]
    on = 2 * HOUR_S + 100 - lasts
    assert company.read(Register.value, ENERGY) == 600 * on // 3600
    assert upgrade.activate() is ActionResult.TEMPORARY_FAILURE, "the blocks are there: it is verified and activated"
    company.live(ACTIVATION_S)
    assert versions(company)[1] == NEW


def test_a_power_cut_after_activation_changes_nothing() -> None:
    company = Company()
    Upgrade(company, made()).verified().activate()
    now = company.fleet.holding.laws.now
    commands.cut(company.fleet.holding.laws, 0, now + ACTIVATION_S + 1, now + HOUR_S)
    company.live(2 * HOUR_S)
    assert versions(company)[1] == NEW


@pytest.mark.feature("IQ0404100K1-R-29")
def test_an_image_that_fails_its_self_check_is_taken_back() -> None:
    company = Company()
    upgrade = Upgrade(company, made(is_defective=True)).verified()
    upgrade.activate()
    company.live(ACTIVATION_S)
    assert upgrade.status is STATUS.ACTIVATION_FAILED
    assert versions(company)[1] == OLD
    assert codes(company) == [READY]


# Activation by schedule


def scheduled(company: Company, time: CosemTime, date: CosemDate, meter: int = 0) -> Upgrade:
    upgrade = Upgrade(company, made(), meter=meter).verified()
    given = [ExecutionTime(time, date)]
    assert upgrade.talk.set(SingleActionSchedule.execution_time, SCHEDULE, given) is DataAccessResult.SUCCESS
    assert company.read(SingleActionSchedule.execution_time, SCHEDULE, meter) == given
    return upgrade


@pytest.mark.parametrize(
    "date",
    [CosemDate(2026, 11, 2, ANY), CosemDate(), CosemDate(ANY_YEAR, ANY, 2), CosemDate(weekday=1)],
)
def test_activation_at_a_time_of_the_meters_clock(date: CosemDate) -> None:
    """START is Monday 2026-11-02, 00:00 in the meters' zone."""
    company = Company()
    upgrade = scheduled(company, TWO, date)
    company.live(2 * HOUR_S - 1)
    assert upgrade.status is STATUS.VERIFICATION_SUCCESSFUL
    company.live(1)
    assert upgrade.status is STATUS.ACTIVATION_INITIATED
    company.live(ACTIVATION_S)
    assert versions(company)[1] == NEW
    row = company.fleet.holding.laws.logs["standard"].rows[0, 2]
    assert int(row["code"]) == ACTIVATED


def test_the_schedule_follows_the_meters_clock_not_ours() -> None:
    company = Company()
    upgrade = scheduled(company, TWO, CosemDate())
    upgrade.talk.set(Clock.time, "0.0.1.0.0.255", CET.stamp(START + HOUR_S))
    company.live(HOUR_S + ACTIVATION_S)
    assert versions(company)[1] == NEW


def test_a_clock_set_past_the_time_activates_at_once() -> None:
    company = Company()
    upgrade = scheduled(company, TWO, CosemDate(2026, 11, 2, ANY))
    upgrade.talk.set(Clock.time, "0.0.1.0.0.255", CET.stamp(START + 3 * HOUR_S))
    company.live(ACTIVATION_S + 1)
    assert versions(company)[1] == NEW


def test_a_time_in_a_power_cut_is_made_up_for_when_power_is_back() -> None:
    company = Company()
    scheduled(company, TWO, CosemDate(2026, 11, 2, ANY))
    laws = company.fleet.holding.laws
    commands.cut(laws, 0, START + HOUR_S, START + 5 * HOUR_S + 77)
    company.live(5 * HOUR_S + 77 + ACTIVATION_S - 1)
    assert versions(company)[1] == OLD
    company.live(1)
    assert versions(company)[1] == NEW


def test_every_night_the_schedule_looks_for_a_verified_image() -> None:
    company = Company()
    Upgrade(company, made()).talk.set(SingleActionSchedule.execution_time, SCHEDULE, [ExecutionTime(TWO, CosemDate())])
    company.live(DAY_S + 3 * HOUR_S)
    assert versions(company)[1] == OLD
    Upgrade(company, made()).verified()
    company.live(DAY_S)
    assert versions(company)[1] == NEW


@pytest.mark.parametrize(
    ("times", "result"),
    [
        ([], DataAccessResult.SUCCESS),
        ([ExecutionTime(CosemTime(), CosemDate())], DataAccessResult.SUCCESS),
        ([ExecutionTime(TWO, CosemDate(2026, 10, 1, ANY))], DataAccessResult.SUCCESS),
        ([ExecutionTime(TWO, CosemDate(2026, 2, 30, ANY))], DataAccessResult.OTHER_REASON),
        ([ExecutionTime(TWO, CosemDate())] * 2, DataAccessResult.TYPE_UNMATCHED),
    ],
)
def test_schedules_that_never_come_and_those_that_are_refused(times: list, result: DataAccessResult) -> None:
    company = Company()
    upgrade = Upgrade(company, made()).verified()
    assert upgrade.talk.set(SingleActionSchedule.execution_time, SCHEDULE, times) is result
    company.live(2 * DAY_S)
    assert versions(company)[1] == OLD


def test_how_time_is_cut_makes_no_difference() -> None:
    def life(*cuts: int) -> dict[str, np.ndarray]:
        company = Company(Steady(meters=3))
        laws = company.fleet.holding.laws
        for meter in range(3):
            scheduled(company, TWO, CosemDate(), meter)
        commands.set_drift(laws, [0, 1, 2], [5_000_000, 0, -5_000_000])
        commands.cut(laws, 1, START + 2 * HOUR_S + 10, START + 2 * HOUR_S + 500)
        commands.cut(laws, 2, START + HOUR_S, START + 2 * HOUR_S + 333)
        for cut in cuts:
            company.live(cut)
        company.live(START + DAY_S - int(company.clock.utc))
        return company.fleet.holding.snapshot()

    once, often = life(), life(*([97] * 300))
    counters = ("counters",)
    assert all((once[name] == often[name]).all() for name in once if not name.startswith(counters))


@pytest.mark.feature("IQ0404100K1-R-121")
def test_the_boot_order_ends_with_the_legal_part_in_control() -> None:
    company = Company()
    view = View(company.fleet.holding, 0)
    assert booted(view) == (("boot loader", ""), ("APP2", "01 02 03 04"), ("APP1", "01 02 03 04"))
    Upgrade(company, made()).verified().activate()
    company.live(ACTIVATION_S)
    assert booted(view) == (("boot loader", ""), ("APP2", "01 02 03 05"), ("APP1", "01 02 03 04"))
