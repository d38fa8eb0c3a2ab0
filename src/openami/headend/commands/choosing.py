"""Which meters a command is for."""

from collections.abc import Sequence

from pydantic import Field

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.commands.payloads import Strict
from openami.headend.kit.access import Permission, covers, scopes, within
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.orders.batches import common_area
from openami.headend.registry import finding
from openami.headend.registry.groups import Told, meant
from openami.headend.registry.schemas import READABLE, Meter
from openami.headend.registry.service import meters as find_meters

__all__ = ["Choice", "chosen", "common_area", "whom"]

BATCH = 1_000


class Choice(Strict):
    """Meters by serial number, or all in use that fit everything that is given."""

    serials: tuple[str, ...] = Field(default=(), max_length=100_000)
    area: str | None = Field(default=None, max_length=500, description="Scope, such as /north/harbour/.")
    product: str | None = Field(default=None, max_length=60)
    node: str | None = Field(default=None, max_length=200, description="At it, or below it in the network.")
    group: str | None = Field(default=None, max_length=60)
    prefix: str | None = Field(default=None, max_length=60, description="How their serial numbers begin.")

    @property
    def is_empty(self) -> bool:
        """Whether it names nothing at all."""
        return not self.serials and {self.area, self.product, self.node, self.group, self.prefix} == {None}


def chosen(unit: Unit, choice: Choice, right: Permission, most: int) -> list[Meter]:
    """Find the meters, in order of their serial numbers; those that whoever asks may not see are unknown.

    Raises:
        DecodeError: it chooses nothing, or too many at once.
        UnknownMeterError: there is no such meter.
        LocalProtocolError: one that is named is not in use.
    """
    if choice.is_empty:
        raise DecodeError("choose meters: by serials, area, group, node, product or prefix")
    found = _named(unit, choice.serials, right) if choice.serials else _fitting(unit, choice, right, most)
    if not found:
        raise DecodeError("no meter in use fits this choice")
    if len(found) > most:
        raise DecodeError(f"at most {most} meters at a time")
    return found


def _named(unit: Unit, serials: Sequence[str], right: Permission) -> list[Meter]:
    seen = within(unit, right, "area")
    wanted = dict.fromkeys(serials)
    sql = f"SELECT serial, id FROM meter WHERE serial IN {{keys}} AND {seen.sql}"  # noqa: S608 - values are parameters
    numbers: dict[str, int] = dict(unit.rows_in(sql, wanted, *seen.parameters))
    for serial in wanted:
        if serial not in numbers:
            raise UnknownMeterError(serial)
    known = find_meters(unit, numbers.values())
    for meter in known.values():
        if meter.state not in READABLE:
            raise LocalProtocolError(f"meter {meter.serial} is {meter.state}: it cannot be told anything")
    return sorted(known.values(), key=lambda meter: meter.serial)


def _fitting(unit: Unit, choice: Choice, right: Permission, most: int) -> list[Meter]:
    """Meters in use; node, group and area have to be in sight, and the meters in the scopes of the right."""
    told = Told(choice.prefix or "", None, choice.product, choice.area, choice.node, choice.group)
    wanted, after, found = meant(unit, told), "", dict[int, Meter]()
    places = scopes(unit, right)
    while len(found) <= most and (batch := finding.find(unit, wanted, after, BATCH)):
        known = find_meters(unit, [number for _, number in batch]).values()
        found |= {m.id: m for m in known if m.state in READABLE and covers(places, m.area)}
        after = batch[-1][0]
    return sorted(found.values(), key=lambda meter: meter.serial)


def whom(meters: Sequence[Meter]) -> str:
    """Name them, in a sentence."""
    if len(meters) == 1:
        return f"meter {meters[0].serial}"
    some = ", ".join(meter.serial for meter in meters[:3])
    return f"{len(meters)} meters ({some}{', …' if len(meters) > 3 else ''})"
