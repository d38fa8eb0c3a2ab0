"""A C3A1H on the bench: what its tests look at, and a calendar of four rates."""

from typing import Any

import pytest

from openami.core.obis import OBIS
from openami.core.time import ANY, ANY_YEAR, CosemDateTime, CosemTime
from openami.metering import commands
from openami.metering.calendar import Calendar, DayAction, DayProfile, Season, WeekProfile
from openami.meters.device import Objects
from openami.meters.view import View
from products.standing import Standing

SLUG, MONO = "c3a1h", "c3a1h_mono"


SCRIPTS = OBIS.parse("0.0.10.0.100.255")


OCTETS = 144 * 1024


SECOND_US = 1_000_000


def c3a1h(number: int) -> Any:
    """Mark a test with a stated function."""
    return pytest.mark.feature(f"C3A1H-{number:02d}")


def meter(slug: str = SLUG, **load: Any) -> Standing:
    return Standing(slug, **load)


def view(one: Standing) -> View:
    return View(one.fleet.holding, 0)


def value(one: Standing, name: str) -> Any:
    """Attribute of an object, as the register itself knows it: no client sees it."""
    title, _, attribute = name.partition(".")
    return getattr(Objects(view(one))[one.product.by_name[title].key], attribute or "value")


def rows(one: Standing, name: str) -> list[Any]:
    """Rows of a profile, oldest first."""
    ring = one.fleet.holding.laws.profile_ring(name, 0)
    return [*ring.ordered(0)]


def events(one: Standing) -> list[int]:
    return [int(row["code"]) for row in one.fleet.holding.laws.logs["event"].ordered(0)]


def frame(one: Standing) -> Any:
    return one.front.look(one.ms)


def at(hour: int, rate: int) -> DayAction:
    return DayAction(CosemTime(hour, 0, 0, 0), SCRIPTS, rate)


def table(*actions: DayAction) -> Calendar:
    season = Season(b"1", CosemDateTime(ANY_YEAR, 1, 1, ANY, 0, 0, 0, 0), b"1")
    return Calendar(b"TOU", (season,), (WeekProfile(b"1", (1,) * 7),), (DayProfile(1, actions),))


FOUR = table(at(0, 1), at(6, 2), at(12, 3), at(18, 4))


def with_four_rates(one: Standing) -> Standing:
    laws = one.fleet.holding.laws
    commands.program_calendar(laws, 0, FOUR)
    commands.activate_calendar(laws, 0)
    return one
