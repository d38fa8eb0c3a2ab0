"""What a push says: the body of a notification as named values, in whichever way the meter names them.

Meters name what they send in one of four ways: the push object list comes as first element (Blue Book,
class 40); each value is a structure that begins with its logical name; logical names and values take
turns; or not at all, and then only the caller knows (`Column`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from openami.core.errors import DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.core.units import Unit
from openami.dlms.data import Tag
from openami.dlms.data.codecs import unit_of
from openami.dlms.push.parts import Part, Parts, has_types, members, part_at
from openami.dlms.xdlms import DataNotification, EventNotificationRequest
from openami.dlms.xdlms.short import InformationReportRequest, ParameterizedAccess, VariableAccess, VariableName

#: What a meter sends of its own accord.
Notification: TypeAlias = DataNotification | EventNotificationRequest | InformationReportRequest
MAX_LEVELS: Final = 3
"""Lists in lists that are searched for names."""

NAME_SIZE: Final = 2 + 6
"""Tag, length and six octets."""

LAST_MEDIUM: Final = 15
LAST_BILLING_PERIOD: Final = 126
"""Highest value groups A and F that logical names have, but for F = 255 (Blue Book, part 1)."""

CLOCK_CLASS: Final = 8
SCALED_BY: Final = {(3, 2): 3, (4, 2): 3, (5, 2): 4, (5, 3): 4}
"""By class and attribute of a value: the attribute with its scaler and unit."""

NAMED_OBJECT: Final = (Tag.LONG_UNSIGNED, Tag.OCTET_STRING, Tag.INTEGER)
PUSH_OBJECT: Final = (*NAMED_OBJECT, Tag.LONG_UNSIGNED)
SCALER_UNIT: Final = (Tag.INTEGER, Tag.ENUM)


class Column(NamedTuple):
    """Meaning of one element of a body that does not say it itself."""

    logical_name: OBIS | None
    class_id: int | None = None
    attribute_id: int | None = None
    scaler: int | None = None
    unit: Unit | int | None = None


UNNAMED: Final = Column(None)


class PushedValue(NamedTuple):
    """One value of a push, and what it is as far as the push tells."""

    logical_name: OBIS | None
    class_id: int | None
    attribute_id: int | None
    value: object
    scaler: int | None = None
    unit: Unit | int | None = None
    #: What names it instead where objects are referred to by short names.
    short_name: int | None = None

    @property
    def scaled(self) -> object:
        """The value in its unit, exact."""
        if self.scaler is None or not isinstance(self.value, int):
            return self.value
        return Decimal(self.value).scaleb(self.scaler)


@dataclass(frozen=True, slots=True)
class Understood:
    """The values of a push in the order they were sent, and its time: the meter's clock, if it told."""

    values: tuple[PushedValue, ...]
    at: CosemDateTime | None


def understand(
    notification: Notification, columns: Mapping[int, Sequence[Column]] = MappingProxyType({})
) -> Understood:
    """Name the values of a notification; `columns` tells of bodies without names, by their number of elements."""
    if isinstance(notification, EventNotificationRequest):
        return of_event(notification)
    if isinstance(notification, InformationReportRequest):
        return of_report(notification)
    body = part_at(notification.body)
    elements = members(body) or (body,)
    values = tuple(of_columns(elements, columns) or of_list(elements) or walk(elements))
    return Understood(values, date_time(notification.date_time) or clock(values))


def of_event(event: EventNotificationRequest) -> Understood:
    """One attribute, named by the service itself."""
    class_id, logical_name, attribute_id = event.attribute
    values = (PushedValue(logical_name, class_id, attribute_id, part_at(event.value).value),)
    return Understood(values, date_time(event.time or b""))


def of_report(report: InformationReportRequest) -> Understood:
    """Variables by their short names; which objects they are, only the meter's object list tells."""
    values = tuple(
        PushedValue(None, None, None, part_at(value).value, short_name=short_name(variable))
        for variable, value in zip(report.variables, report.values, strict=False)
    )
    return Understood(values, clock(values))


def short_name(variable: VariableAccess) -> int | None:
    """The short name of a variable."""
    return variable.name if isinstance(variable, VariableName | ParameterizedAccess) else None


def valued(part: Part, column: Column) -> PushedValue:
    """One element with its meaning."""
    return PushedValue(*column[:3], part.value, *column[3:])


def of_columns(elements: Parts, columns: Mapping[int, Sequence[Column]]) -> list[PushedValue]:
    """Values whose meaning the caller knows by their number; nothing where that is not one of them."""
    known = columns.get(len(elements), ())
    if len(known) not in {0, len(elements)}:
        raise DefinitionError(f"{len(known)} columns for bodies of {len(elements)} elements")
    return [valued(element, column) for element, column in zip(elements, known, strict=False)]


def of_list(elements: Parts) -> list[PushedValue]:
    """Values named by the push object list in front, which may name itself or not; nothing without one."""
    objects = [members(entry) for entry in members(elements[0])] if elements else []
    if not objects or not all(map(is_push_object, objects)):
        return []
    sent = elements if len(objects) == len(elements) else elements[1:]
    if len(objects) != len(sent):
        return []
    return with_scales([valued(part, column_of(entry)) for part, entry in zip(sent, objects, strict=True)])


def is_push_object(entry: Parts) -> bool:
    """Whether these are class, logical name, attribute and data index (Blue Book, push_object_definition)."""
    return has_types(entry, PUSH_OBJECT) and as_name(entry[1]) is not None


def column_of(entry: Parts) -> Column:
    """What an entry of the push object list names."""
    class_id, name, attribute_id = (part.value for part in entry[:3])
    assert isinstance(class_id, int)
    assert isinstance(name, bytes)
    assert isinstance(attribute_id, int)
    return Column(OBIS(name), class_id, attribute_id)


def with_scales(values: list[PushedValue]) -> list[PushedValue]:
    """Give registers the scaler and unit that the same push carries as another attribute."""
    sent: dict[tuple[object, ...], object] = {value[:3]: value.value for value in values}
    return [scaled_by(value, sent) for value in values]


def scaled_by(value: PushedValue, sent: Mapping[tuple[object, ...], object]) -> PushedValue:
    """The value with its scaler and unit, if they were sent."""
    name, class_id, attribute_id = value[:3]
    scale = sent.get((name, class_id, SCALED_BY.get((class_id or 0, attribute_id or 0))))
    match scale:
        case (int(scaler), int(unit)):
            return value._replace(scaler=scaler, unit=unit_of(unit))
        case _:
            return value


def walk(elements: Parts, level: int = 0) -> Iterator[PushedValue]:
    """Values of a list in turn: named structures, names followed by values, lists of those, and the nameless."""
    at = 0
    while at < len(elements):
        part, name = elements[at], as_name(elements[at])
        parts = members(part)
        if name is not None and at + 1 < len(elements) and not is_named(members(elements[at + 1])):
            end = at + 3 if at + 2 < len(elements) and is_scale(elements[at + 2]) else at + 2
            yield gathered(Column(name), elements[at + 1 : end])
            at = end
            continue
        if is_named(parts):
            yield structure_of(parts)
        elif level < MAX_LEVELS and has_names(parts):
            yield from walk(parts, level + 1)
        else:
            yield valued(part, UNNAMED)
        at += 1


def as_name(part: Part) -> OBIS | None:
    """A logical name, if the element can be one."""
    if part.tag is not Tag.OCTET_STRING or len(part.octets) != NAME_SIZE:
        return None
    name = OBIS(part.octets[2:])
    return name if name.a <= LAST_MEDIUM and (name.f == 255 or name.f <= LAST_BILLING_PERIOD) else None


def is_named(parts: Parts) -> bool:
    """Whether a structure says what it is and holds a value: a name in front, or class, name and attribute."""
    if len(parts) < 2:
        return False
    if as_name(parts[0]) is not None:
        return True
    return len(parts) > 3 and has_types(parts, NAMED_OBJECT) and as_name(parts[1]) is not None


def has_names(parts: Parts) -> bool:
    """Whether any element of a list is named, or is such a list."""
    return any(is_named(inner := members(part)) or any(is_named(members(deep)) for deep in inner) for part in parts)


def structure_of(parts: Parts) -> PushedValue:
    """The value in a structure that names it."""
    name = as_name(parts[0])
    if name is not None:
        return gathered(Column(name), parts[1:])
    return gathered(column_of(parts), parts[3:])


def gathered(column: Column, parts: Parts) -> PushedValue:
    """The value behind a name, with the scaler and unit among what follows it."""
    scale = next((part for part in parts[1:] if is_scale(part)), None)
    left = tuple(part for part in parts if part is not scale)
    if scale is not None:
        scaler, unit = (part.value for part in members(scale))
        assert isinstance(scaler, int)
        assert isinstance(unit, int)
        column = column._replace(scaler=scaler, unit=unit_of(unit))
    value = left[0].value if len(left) == 1 else tuple(part.value for part in left)
    return PushedValue(*column[:3], value, *column[3:])


def is_scale(part: Part) -> bool:
    """Whether this is a scaler and a unit."""
    return part.tag is Tag.STRUCTURE and part.octets[1] == len(SCALER_UNIT) and has_types(members(part), SCALER_UNIT)


def date_time(octets: bytes) -> CosemDateTime | None:
    """The date-time of a notification, if it has one."""
    return CosemDateTime.decode(octets) if len(octets) == 12 else None


def clock(values: Sequence[PushedValue]) -> CosemDateTime | None:
    """The meter's clock where the body holds it: the clock object, or a date-time without a name in front."""
    for value in values:
        octets = value.value
        if not isinstance(octets, bytes) or len(octets) != 12:
            continue
        at = CosemDateTime.decode(octets)
        if is_clock(value) or (value is values[0] and value.logical_name is None and is_moment(at)):
            return at
    return None


def is_clock(value: PushedValue) -> bool:
    """Whether a value is the time of a clock: class 8, or 0-x:1.0.0 (Blue Book, part 1, clock objects)."""
    name = value.logical_name
    return value.class_id == CLOCK_CLASS or (name is not None and name.a == 0 and name[2:5] == b"\x01\x00\x00")


def is_moment(at: CosemDateTime) -> bool:
    """Whether twelve octets name one moment, and are not just twelve octets."""
    try:
        at.local_seconds()
    except DecodeError:
        return False
    return True
