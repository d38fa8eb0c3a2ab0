"""Six tariffs, twelve changeovers, a plan that waits, seasons, special days - and what goes beyond is refused."""

from collections.abc import Sequence

import pytest

from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, CosemDate, CosemDateTime, CosemTime
from openami.cosem.calendars import DayProfile, DayProfileAction, SeasonProfile, SpecialDay, WeekProfile
from openami.dlms.xdlms import ActionResult, DataAccessResult
from products.standing import DAY_S, HOUR_S, Standing, both, utc

SUCCESS, REFUSED = DataAccessResult.SUCCESS, DataAccessResult.OTHER_REASON
SCRIPTS = OBIS.parse("0.0.10.0.100.255")


def day(number: int, *switches: tuple[int, int]) -> DayProfile:
    """Day profile of (hour, rate)."""
    return DayProfile(number, [DayProfileAction(CosemTime(hour, 0, 0, 0), SCRIPTS, rate) for hour, rate in switches])


def season(number: int, month: int, first: int = 1, week: int = 1) -> SeasonProfile:
    """Season that begins at a date of every year."""
    start = CosemDateTime(ANY_YEAR, month, first, ANY, 0, 0, 0, 0)
    return SeasonProfile(bytes([number]), start, bytes([week]))


def week(number: int, *days: int) -> WeekProfile:
    """Week by its day profiles."""
    return WeekProfile(bytes([number]), *(days if len(days) > 1 else days * 7))


def program(
    meter: Standing,
    days: Sequence[DayProfile],
    weeks: Sequence[WeekProfile] = (),
    seasons: Sequence[SeasonProfile] = (),
) -> list[DataAccessResult]:
    """Write the passive plan: days, weeks, seasons."""
    parts = (
        ("day_profile_table_passive", list(days)),
        ("week_profile_table_passive", list(weeks) or [week(1, days[0].day_id)]),
        ("season_profile_passive", list(seasons) or [season(1, 1)]),
    )
    return [meter.write(f"activity_calendar.{name}", value) for name, value in parts]


def activate(meter: Standing) -> None:
    assert meter.act("activity_calendar.activate_passive_calendar") is ActionResult.SUCCESS


@both("29", "28")
def test_six_tariffs_count_apart(slug: str) -> None:
    meter = Standing(slug, amps=10.0)
    assert program(meter, [day(1, *((4 * n, n + 1) for n in range(6)))]) == [SUCCESS] * 3
    activate(meter)
    meter.live(DAY_S)
    each_rate = 4 * 2400 * meter.product.head.phases
    assert [meter.read(f"active_energy_import_rate_{n}") for n in range(1, 7)] == [each_rate] * 6
    assert meter.read("active_energy_import") == 6 * each_rate
    beyond = program(meter, [day(1, (0, 7))])
    assert REFUSED in beyond, "there is no seventh"


@both("30", "29")
def test_a_day_has_twelve_changeovers_and_no_thirteenth(slug: str) -> None:
    meter = Standing(slug, amps=10.0)
    twelve = day(1, *((2 * n, n % 2 + 1) for n in range(12)))
    assert program(meter, [twelve]) == [SUCCESS] * 3
    activate(meter)
    seen = [int(meter.live(HOUR_S).read("currently_active_tariff")) for _ in range(24)]
    assert seen == [1 + ((hour + 1) % 24 // 2) % 2 for hour in range(24)]
    thirteen = day(1, *((n, n % 2 + 1) for n in range(13)))
    assert meter.write("activity_calendar.day_profile_table_passive", [thirteen]) is REFUSED


@both("31", "30")
def test_the_display_shows_the_tariff(slug: str) -> None:
    meter = Standing(slug)
    program(meter, [day(1, *((4 * n, n + 1) for n in range(6)))])
    activate(meter)
    meter.live(60).front.look(meter.ms)
    for rate in range(1, 7):
        [sign] = [s for s in meter.front.look(meter.ms).picture.signs if s.name == "tariff"]
        assert (sign.level, sign.text) == (rate, f"T{rate}")
        meter.live(4 * HOUR_S)


@both("32", "31")
def test_the_tariff_in_force_is_read_and_pushed(slug: str) -> None:
    meter = Standing(slug)
    program(meter, [day(1, (0, 3), (1, 5))])
    activate(meter)
    assert meter.live(60).read("currently_active_tariff", client=2) == b"0003"
    assert meter.live(HOUR_S).read("currently_active_tariff", client=2) == b"0005"
    assert meter.read("register_activation.active_mask") == b"5"


@both("33", "32")
def test_the_passive_plan_counts_nothing_until_it_is_activated(slug: str) -> None:
    meter = Standing(slug, amps=10.0)
    before = meter.read("activity_calendar.day_profile_table_active")
    program(meter, [day(1, (0, 6))])
    meter.live(HOUR_S)
    assert meter.read("activity_calendar.day_profile_table_active") == before
    assert meter.read("active_energy_import_rate_6") == 0
    activate(meter)
    assert meter.live(HOUR_S).read("active_energy_import_rate_6") == 2400 * meter.product.head.phases
    assert {9, 19} <= set(meter.events("standard_event_log"))


@both("34", "33")
def test_the_passive_plan_becomes_active_at_its_time(slug: str) -> None:
    meter = Standing(slug, amps=10.0)
    program(meter, [day(1, (0, 6))])
    at = CosemDateTime(2026, 11, 2, ANY, 2, 30, 0, 0)
    assert meter.write("activity_calendar.activate_passive_calendar_time", at) is SUCCESS
    assert meter.live(2.5 * HOUR_S).read("active_energy_import_rate_6") == 0
    assert meter.live(HOUR_S / 2).read("active_energy_import_rate_6") == 1200 * meter.product.head.phases


@both("35", "34")
def test_a_year_has_twelve_seasons_and_no_thirteenth(slug: str) -> None:
    meter = Standing(slug)
    days = [day(n, (0, n)) for n in range(1, 7)]
    weeks = [week(n, n) for n in range(1, 7)]
    seasons = [season(n, n, week=(n - 1) % 6 + 1) for n in range(1, 13)]
    assert program(meter, days, weeks, seasons) == [SUCCESS] * 3
    activate(meter)
    assert int(meter.live(60).read("currently_active_tariff")) == 5, "November"
    assert int(meter.until("2026-12-01 00:00").read("currently_active_tariff")) == 6, "December"
    assert int(meter.until("2027-01-01 00:00").read("currently_active_tariff")) == 1, "January"
    assert meter.write("activity_calendar.season_profile_passive", [*seasons, season(13, 12, 15)]) is REFUSED


@both("36", "35")
def test_a_week_is_made_of_seven_day_profiles_any_of_them_on_any_day(slug: str) -> None:
    meter = Standing(slug)
    days = [day(n, (0, min(n, 6))) for n in range(1, 8)]
    assert program(meter, days, [week(1, 7, 6, 5, 4, 3, 2, 1)]) == [SUCCESS] * 3
    activate(meter)
    seen = [int(meter.live(HOUR_S if n == 0 else DAY_S).read("currently_active_tariff")) for n in range(7)]
    assert seen == [6, 6, 5, 4, 3, 2, 1]
    assert meter.write("activity_calendar.day_profile_table_passive", [*days, day(8, (0, 1))]) is REFUSED


@both("37", "36")
def test_thirty_special_days_are_taken_and_no_more(slug: str) -> None:
    meter = Standing(slug)
    program(meter, [day(1, (0, 1)), day(2, (0, 4))], [week(1, 1)])
    activate(meter)
    thirty = [SpecialDay(n, CosemDate(2026, 11, n, ANY), 2) for n in range(1, 31)]
    assert meter.write("special_days_table.entries", thirty) is SUCCESS
    assert int(meter.live(60).read("currently_active_tariff")) == 4
    more = [*thirty, SpecialDay(31, CosemDate(2026, 12, 1, ANY), 2)]
    assert meter.write("special_days_table.entries", more) is REFUSED


@both("38", "37")
def test_a_fixed_holiday_comes_every_year_and_a_movable_one_on_its_date(slug: str) -> None:
    christmas = SpecialDay(1, CosemDate(ANY_YEAR, 12, 25, ANY), 2)
    easter_monday = SpecialDay(2, CosemDate(2027, 3, 29, ANY), 3)
    expected = {"2026-12-25": 4, "2026-12-26": 1, "2027-03-29": 5, "2027-12-25": 4, "2028-03-29": 1}
    seen = {}
    for date in expected:
        meter = Standing(slug, start_utc=utc(f"{date} 12:00"))
        program(meter, [day(1, (0, 1)), day(2, (0, 4)), day(3, (0, 5))], [week(1, 1)])
        activate(meter)
        assert meter.write("special_days_table.entries", [christmas, easter_monday]) is SUCCESS
        seen[date] = int(meter.live(60).read("currently_active_tariff"))
    assert seen == expected


@pytest.mark.parametrize("slug", ["ad11a", "ad13a"])
def test_tariffs_of_reactive_and_apparent_energy_add_up(slug: str) -> None:
    meter = Standing(slug, amps=10.0, degrees=30.0)
    program(meter, [day(1, *((4 * n, n + 1) for n in range(6)))])
    activate(meter)
    meter.live(DAY_S)
    for kind in ("reactive_energy_quadrant_1", "apparent_energy_import"):
        parts = [meter.read(f"{kind}_rate_{n}") for n in range(1, 7)]
        assert all(parts)
        assert abs(sum(parts) - meter.read(kind)) <= 6
