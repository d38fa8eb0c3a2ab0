"""The display law: modes, timings, presses and conditions; and that looking does not change what is seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.metering.columns import NEVER
from openami.metering.display import (
    NO_SUPPLY,
    Light,
    Mode,
    Place,
    Program,
    Shows,
    Stage,
    begin,
    is_lit,
    pass_to,
    press,
    told,
)

OPEN = frozenset({"terminal_cover_open"})
OFF = frozenset({NO_SUPPLY})
CLOSED: frozenset[str] = frozenset()
STEP = {("scroll", False): "next", ("scroll", True): "next"}
DISPLAY, TEST = ("display", False), ("test", False)
DUTCH = Program(
    {
        Mode.POWER_ON: Stage("firmware", lasts_ms=5_000),
        Mode.AUTOMATIC: Stage("list", item_ms=5_000, presses={("scroll", False): "manual", ("scroll", True): "manual"}),
        Mode.MANUAL: Stage("list", idle_ms=30_000, presses=STEP),
        Mode.SERVICE: Stage("list", item_ms=5_000, when="terminal_cover_open", presses=STEP),
    }
)
AMERICAN = Program(
    {
        Mode.SELF_TEST: Stage(shows=Shows.ALL, lasts_ms=6_000),
        Mode.AUTOMATIC: Stage("normal", item_ms=6_000, presses={DISPLAY: "alternate", ("test", False): "test"}),
        Mode.ALTERNATE: Stage("alternate", item_ms=6_000, lasts_ms=18_000, presses={("display", True): "toolbox"}),
        Mode.TOOLBOX: Stage("toolbox", item_ms=6_000, lasts_ms=60_000),
        Mode.TEST: Stage("test", idle_ms=1_800_000, presses={DISPLAY: "test-alternate"}),
        Mode.TEST_ALTERNATE: Stage("test alternate", idle_ms=1_800_000, then=Mode.TEST),
        Mode.OFF: Stage(shows=Shows.NOTHING, when=NO_SUPPLY, unpowered=True, presses={DISPLAY: "battery"}),
        Mode.BATTERY: Stage(
            "normal", idle_ms=10_000, then=Mode.OFF, unpowered=True, is_lit=True, presses={DISPLAY: "next"}
        ),
    },
    Light.PRESS,
    20_000,
)


def seen(place: Place) -> tuple[str, int]:
    return str(place.mode), place.number


def test_power_on_lasts_five_seconds_then_items_turn_every_five() -> None:
    place = begin(DUTCH, 1_000)
    assert [seen(pass_to(DUTCH, place, 1_000 + ms)) for ms in (0, 4_999, 5_000, 9_999, 10_000, 61_000)] == [
        ("power-on", 0), ("power-on", 0), ("automatic", 0), ("automatic", 0), ("automatic", 1), ("automatic", 11),
    ]  # fmt: skip


@pytest.mark.parametrize("long", [False, True])
def test_a_press_stops_the_cycle_and_thirty_quiet_seconds_start_it_again(long: bool) -> None:
    place = press(DUTCH, begin(DUTCH, 0), "scroll", 12_000, long=long)
    assert seen(place) == ("manual", 2)  # the second item was shown, its list goes on
    place = press(DUTCH, place, "scroll", 41_999, long=long)
    assert seen(pass_to(DUTCH, place, 71_998)) == ("manual", 3)
    assert seen(pass_to(DUTCH, place, 71_999)) == ("automatic", 0)


def test_service_mode_while_the_cover_is_open() -> None:
    place = told(DUTCH, begin(DUTCH, 0), OPEN, 2_000)
    assert seen(place) == ("power-on", 0)  # the legal firmware is shown in any case
    assert seen(pass_to(DUTCH, place, 5_000)) == ("service", 0)
    assert seen(pass_to(DUTCH, place, 15_000)) == ("service", 2)
    place = press(DUTCH, place, "scroll", 16_000)
    assert seen(place) == ("service", 3)
    assert seen(pass_to(DUTCH, place, 20_999)) == ("service", 3)
    assert seen(told(DUTCH, place, CLOSED, 22_000)) == ("automatic", 0)


def test_without_supply_it_is_dark_and_begins_anew_when_that_is_back() -> None:
    place = told(DUTCH, begin(DUTCH, 0), OFF, 7_000)
    assert seen(place) == ("off", 0)
    assert DUTCH.stage(place.mode).shows is Shows.NOTHING
    assert seen(press(DUTCH, place, "scroll", 8_000)) == ("off", 0)
    place = told(DUTCH, place, OPEN, 9_000)
    assert seen(place) == ("power-on", 0)
    assert seen(pass_to(DUTCH, place, 14_000)) == ("service", 0)
    assert seen(begin(DUTCH, 0, OFF)) == ("off", 0)


def test_battery_reading_by_a_button() -> None:
    place = begin(AMERICAN, 0, OFF)
    assert not is_lit(AMERICAN, place, 0)
    place = press(AMERICAN, press(AMERICAN, place, "display", 1_000), "display", 2_000)
    assert seen(place) == ("battery", 1)
    assert is_lit(AMERICAN, place, 2_000)
    assert seen(pass_to(AMERICAN, place, 12_000)) == ("off", 0)
    assert seen(told(AMERICAN, place, CLOSED, 3_000)) == ("self-test", 0)


def test_alternate_test_and_toolbox() -> None:
    place = press(AMERICAN, begin(AMERICAN, 0), "display", 7_000)
    assert seen(place) == ("alternate", 0)
    assert seen(pass_to(AMERICAN, place, 24_999)) == ("alternate", 2)
    assert seen(pass_to(AMERICAN, place, 25_000)) == ("automatic", 0)
    assert seen(press(AMERICAN, place, "display", 8_000, long=True)) == ("toolbox", 0)
    place = press(AMERICAN, press(AMERICAN, place, "test", 30_000), "display", 31_000)
    assert seen(place) == ("test-alternate", 0)
    assert seen(pass_to(AMERICAN, place, 31_000 + 1_800_000)) == ("test", 0)
    assert seen(pass_to(AMERICAN, place, 31_000 + 3_600_000)) == ("automatic", 0)


def test_the_light_after_a_press() -> None:
    place = begin(AMERICAN, 0)
    assert not is_lit(AMERICAN, place, 0)
    place = press(AMERICAN, place, "display", 10_000)
    assert [is_lit(AMERICAN, place, ms) for ms in (10_000, 29_999, 30_000)] == [True, True, False]
    assert is_lit(DUTCH, begin(DUTCH, 0), 0)


def test_a_mode_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"display\.mode\.power-on: there is no mode automatic"):
        Program({Mode.POWER_ON: Stage(lasts_ms=1)})
    with pytest.raises(DefinitionError, match="there is no mode toolbox"):
        Program({Mode.AUTOMATIC: Stage(presses={DISPLAY: "toolbox"})})
    with pytest.raises(DefinitionError, match="at least one mode"):
        Program({})


DEEDS = st.one_of(
    st.tuples(
        st.just("press"), st.sampled_from([("scroll", False), ("display", False), ("display", True), ("test", False)])
    ),
    st.tuples(st.just("told"), st.sampled_from([CLOSED, OPEN, OFF, OPEN | OFF])),
)


@given(
    st.sampled_from([DUTCH, AMERICAN]),
    st.lists(st.tuples(st.integers(1, 120_000), DEEDS), max_size=8),
    st.lists(st.integers(0, 900_000), max_size=20),
)
def test_looking_in_between_changes_nothing(program: Program, deeds: list, looks: list[int]) -> None:
    """The same deeds at the same times, once with looks in between and once without, end in the same place."""
    places = []
    for times in ([], sorted(looks)):
        place, now = begin(program, 0), 0
        for wait, (verb, what) in deeds:
            now += wait
            for look in (look for look in times if now - wait < look <= now):
                place = pass_to(program, place, look)
            place = (
                press(program, place, what[0], now, long=what[1])
                if verb == "press"
                else told(program, place, what, now)
            )
        places.append(pass_to(program, place, now + 3_600_000))
    assert places[0] == places[1]


@given(st.sampled_from([DUTCH, AMERICAN]), st.integers(0, 10**7))
def test_nothing_is_shown_without_supply(program: Program, now: int) -> None:
    place = told(program, begin(program, 0), OFF, now)
    assert program.stage(place.mode).unpowered
    assert place.turned_ms < NEVER
