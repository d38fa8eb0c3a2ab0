"""Calendars, edited and compared; what meters have."""

from dataclasses import dataclass
from datetime import date

from openami.core.errors import AmiError, LocalProtocolError
from openami.core.time import CET, EPOCH_ORDINAL
from openami.headend.accounts import audit
from openami.headend.accounts.roles import scope
from openami.headend.kit.access import Permission, actor, command, demand
from openami.headend.kit.database import Row, Unit
from openami.headend.orders.queue import URGENT, Wish, canonical, enqueue
from openami.headend.registry.service import meter as find_meter
from openami.headend.tariffs.documents import ANYTHING, Document
from openami.headend.tariffs.keeping import kept
from openami.headend.tariffs.octets import Difference, Programme, compare, encode
from openami.headend.tariffs.payloads import Read
from openami.headend.tariffs.performing import READ

COLUMNS = "id, name, version, area, document, note, who, at"
LATEST = "version = (SELECT max(l.version) FROM tariff_calendar l WHERE l.name = tariff_calendar.name)"


class UnknownTariffError(AmiError):
    """No calendar or roll-out of that name or number, as far as whoever asks may see."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a calendar. `at` is business time."""

    id: int
    name: str
    version: int
    area: str
    document: Document
    note: str
    who: str
    at: int


@dataclass(frozen=True, slots=True)
class Actual:
    """What was last found in a meter, at a business time."""

    at: int
    active: Programme
    passive: Programme
    activates: str | None


@dataclass(frozen=True, slots=True)
class Edit:
    """A new version of a calendar: which version it was made from, and what is new about it."""

    document: Document
    based_on: int
    now: float
    note: str = ""


def _version(row: Row) -> Version:
    document = Document.model_validate_json(row[4])
    return Version(row[0], row[1], row[2], row[3], document, row[5], row[6], row[7])


@command(Permission.VIEW)
def calendars(unit: Unit, *, after: str = "", limit: int = 50) -> tuple[Version, ...]:
    """List the latest version of each calendar, in order of their names."""
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM tariff_calendar WHERE name > ? AND {LATEST} ORDER BY name LIMIT ?",  # noqa: S608
        (after, limit),
    )
    return tuple(map(_version, rows))


@command(Permission.VIEW)
def versions(unit: Unit, name: str) -> tuple[Version, ...]:
    """Give every version of a calendar, newest first."""
    rows = unit.rows(f"SELECT {COLUMNS} FROM tariff_calendar WHERE name = ? ORDER BY version DESC", (name,))  # noqa: S608
    if not rows:
        raise UnknownTariffError(f"there is no calendar {name}")
    return tuple(map(_version, rows))


@command(Permission.VIEW)
def calendar(unit: Unit, name: str, version: int | None = None) -> Version:
    """Give a version of a calendar, or its latest."""
    for found in versions(unit, name):
        if version in {None, found.version}:
            return found
    raise UnknownTariffError(f"calendar {name} has no version {version}")


@command(Permission.TARIFFS)
def make(unit: Unit, name: str, area: str, edit: Edit) -> Version:
    """Begin a calendar; it does nothing until a roll-out of it is approved."""
    place = scope(area)
    demand(unit, Permission.TARIFFS, place)
    if unit.value("SELECT count(*) FROM tariff_calendar WHERE name = ?", (name,)):
        raise LocalProtocolError(f"calendar {name} is there already; change it")
    return _keep(unit, name, 1, place, edit)


@command(Permission.TARIFFS)
def change(unit: Unit, name: str, edit: Edit) -> Version:
    """Make the next version of a calendar.

    Raises:
        LocalProtocolError: somebody else has made one meanwhile.
    """
    latest = versions(unit, name)[0]
    demand(unit, Permission.TARIFFS, latest.area)
    if edit.based_on != latest.version:
        raise LocalProtocolError(f"calendar {name} is at version {latest.version} by now, made by {latest.who}")
    if edit.document == latest.document:
        raise LocalProtocolError(f"this is version {latest.version} as it stands")
    return _keep(unit, name, latest.version + 1, latest.area, edit)


def _keep(unit: Unit, name: str, number: int, area: str, edit: Edit) -> Version:
    edit.document.check(ANYTHING, 2000)
    unit.run(
        "INSERT INTO tariff_calendar (name, version, area, document, note, who, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (name, number, area, canonical(edit.document), edit.note, actor(unit).name, int(edit.now)),
    )
    audit.note(unit, "tariff.calendar", name, scope=area, version=number, note=edit.note)
    return calendar(unit, name, number)


@command(Permission.VIEW)
def differences(unit: Unit, name: str, before: int, after: int, year: int) -> list[Difference]:
    """Compare two versions of a calendar, with the days that move as they fall from that year on."""
    old, new = (calendar(unit, name, version).document for version in (before, after))
    return compare(encode(old, year), encode(new, year))


def rates(document: Document, day: date) -> list[tuple[int, int]]:
    """Second of the day and rate of each switch on a day, as a meter would switch."""
    number = day.toordinal() - EPOCH_ORDINAL
    return document.calendar().actions(number, CET, document.entries(day.year))


@command(Permission.VIEW)
def actual(unit: Unit, serial: str) -> Actual | None:
    """Give what was last found in a meter."""
    rows = unit.rows(
        "SELECT at, active, passive, activates FROM tariff_actual WHERE meter = ?", (find_meter(unit, serial).id,)
    )
    return Actual(rows[0][0], kept(unit, rows[0][1]), kept(unit, rows[0][2]), rows[0][3]) if rows else None


@command(Permission.VIEW)
def drift(unit: Unit, serial: str, name: str, version: int | None, year: int) -> list[Difference]:
    """Compare a calendar, or what the last roll-out has brought, with what was last found active in a meter."""
    meter, found = find_meter(unit, serial), actual(unit, serial)
    if found is None:
        raise LocalProtocolError(f"the calendar of meter {serial} was never read")
    if name:
        return compare(encode(calendar(unit, name, version).document, year), found.active)
    wanted = unit.value(
        "SELECT wanted FROM tariff_meter WHERE meter = ? AND state = 'active' ORDER BY rollout DESC LIMIT 1",
        (meter.id,),
    )
    if wanted is None:
        raise LocalProtocolError(f"no roll-out has reached meter {serial}: name a calendar")
    return compare(kept(unit, wanted), found.active)


@command(Permission.OPERATE)
def read(unit: Unit, serial: str, now: float) -> int:
    """Have the calendars of a meter read, at once. -> number of the order."""
    meter = find_meter(unit, serial)
    demand(unit, Permission.OPERATE, meter.area)
    return enqueue(unit, meter, READ, Read(), Wish(now=now, priority=URGENT))
