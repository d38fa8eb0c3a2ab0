"""Sources of the tariff objects: calendars and special days, from the words of the classes to the laws'."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from openami.core.time import ANY_YEAR, CosemDateTime
from openami.cosem import calendars as cosem
from openami.metering import calendar as laws
from openami.metering import commands
from openami.metering.calendar import Calendar, Limits
from openami.metering.columns import NEVER
from openami.meters.view import Law, View


def seasons(table: Calendar) -> list[cosem.SeasonProfile]:
    """Seasons as a client reads them."""
    return [cosem.SeasonProfile(*season) for season in table.seasons]


def weeks(table: Calendar) -> list[cosem.WeekProfile]:
    """Weeks as a client reads them."""
    return [cosem.WeekProfile(week.name, *week.days) for week in table.weeks]


def days(table: Calendar) -> list[cosem.DayProfile]:
    """Day profiles as a client reads them."""
    return [
        cosem.DayProfile(day.day_id, [cosem.DayProfileAction(*action) for action in day.actions]) for day in table.days
    ]


def name(table: Calendar) -> bytes:
    """Name of the table."""
    return table.name


def with_days(table: Calendar, profiles: Sequence[cosem.DayProfile], limits: Limits) -> Calendar:
    """Change the day profiles; weeks and seasons that no longer fit must be written again."""
    written = [
        laws.DayProfile(day.day_id, tuple(laws.DayAction(*action) for action in day.day_schedule)) for day in profiles
    ]
    changed = table.with_days(written, limits)
    known = {day.day_id for day in changed.days}
    if all(set(week.days) <= known for week in changed.weeks):
        return changed
    return Calendar(changed.name, (), (), changed.days)


def with_weeks(table: Calendar, profiles: Sequence[cosem.WeekProfile], limits: Limits) -> Calendar:
    """Change the weeks; seasons that no longer fit must be written again."""
    changed = table.with_weeks([laws.WeekProfile(week[0], week[1:]) for week in profiles], limits)
    known = {week.name for week in changed.weeks}
    if all(season.week in known for season in changed.seasons):
        return changed
    return Calendar(changed.name, (), changed.weeks, changed.days)


def with_seasons(table: Calendar, profiles: Sequence[cosem.SeasonProfile], limits: Limits) -> Calendar:
    """Change the seasons."""
    return table.with_seasons([laws.Season(*season) for season in profiles], limits)


def with_name(table: Calendar, title: bytes, _limits: Limits) -> Calendar:
    """Change the name."""
    return Calendar(title, table.seasons, table.weeks, table.days)


def part(read: Callable[[Calendar], object], *, passive: bool, demand: bool) -> Callable[[View], object]:
    """One part of the active or the passive table."""
    return lambda view: read(view.laws.calendar_of(view.meter, passive=passive, demand=demand))


def program(change: Callable[[Calendar, Any, Limits], Calendar], demand: bool, view: View, value: object) -> None:
    """Write one part of the passive table."""
    table = view.laws.calendar_of(view.meter, passive=True, demand=demand)
    changed = change(table, value, view.laws.rules.limits)
    commands.program_calendar(view.laws, view.meter, changed, demand=demand)


def special_days(demand: bool, view: View) -> list[cosem.SpecialDay]:
    """List special days as a client reads them."""
    return [cosem.SpecialDay(*entry) for entry in view.laws.special_days_of(view.meter, demand=demand)]


def write_special_days(demand: bool, view: View, entries: Sequence[cosem.SpecialDay]) -> None:
    """Replace the special days."""
    days_ = tuple(laws.SpecialDay(*entry) for entry in entries)
    commands.set_special_days(view.laws, view.meter, days_, demand=demand)


def activation_time(demand: bool, view: View) -> CosemDateTime:
    """When the passive table becomes the active one; not specified without a date."""
    utc = int(view.laws.tariff_of(demand=demand).activation[view.meter])
    return cosem.NOT_SPECIFIED if utc == NEVER else view.dst_rule.stamp(utc)


def write_activation_time(demand: bool, view: View, time: CosemDateTime) -> None:
    """Set the date of activation, or take it back by one that is not specified."""
    if time.year == ANY_YEAR:
        commands.set_activation(view.laws, view.meter, None, demand=demand)
        return
    rule = view.dst_rule
    default, _ = rule.offset(rule.local_to_utc(time.local_seconds()))
    commands.set_activation(view.laws, view.meter, time.to_utc(default), demand=demand)


def active_mask(view: View) -> bytes:
    """Name of the mask whose registers run: the number of the rate."""
    return str(view.laws.rate_of(view.meter)).encode()


def currently_active(view: View) -> bytes:
    """Rate in force in four digits, as it stands on the consumer port: 0001 low, 0002 normal."""
    return f"{view.laws.rate_of(view.meter):04d}".encode()


PARTS: Mapping[str, tuple[Callable[[Calendar], object], Callable[[Calendar, Any, Limits], Calendar]]] = {
    "name": (name, with_name),
    "seasons": (seasons, with_seasons),
    "weeks": (weeks, with_weeks),
    "days": (days, with_days),
}


def tables(head: str, *, demand: bool) -> dict[str, Law]:
    """Laws of one activity calendar and its special days."""
    named = {
        f"{head}.active.{title}": Law(part(read, passive=False, demand=demand)) for title, (read, _) in PARTS.items()
    }
    for title, (read, change) in PARTS.items():
        named[f"{head}.passive.{title}"] = Law(
            part(read, passive=True, demand=demand), partial(program, change, demand)
        )
    return named | {
        f"{head}.activation_time": Law(partial(activation_time, demand), partial(write_activation_time, demand)),
        f"{head}.special_days": Law(partial(special_days, demand), partial(write_special_days, demand)),
    }


TARIFF: Mapping[str, Law] = {
    **tables("tariff", demand=False),
    **tables("demand_tariff", demand=True),
    "tariff.active_mask": Law(active_mask),
    "tariff.currently_active": Law(currently_active),
}
"""Laws of the calendar of energy, and of that of demand where a product has one."""
