"""A meter we are associated with: typed reading, writing and calling by the keys of interface classes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import NamedTuple, Self, TypeVar, cast

from openami.aio.link import Link
from openami.aio.reading import Profile
from openami.aio.route import Place
from openami.aio.short_names import object_list
from openami.core.errors import AccessError, ActionError, DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.association import CURRENT_ASSOCIATION, AssociationLNv1, ObjectListElement, of_classes
from openami.cosem.clock import Clock
from openami.cosem.objects import Attribute, Method, decode_whole
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.short_names import ShortNames
from openami.dlms.client import Accessed, Acted, Associated, Got, Released, WasSet
from openami.dlms.data import DATE_TIME
from openami.dlms.profile import decode_profile
from openami.dlms.xdlms import (
    AccessItem,
    AccessOutcome,
    ActionResult,
    AttributeDescriptor,
    CaptureObject,
    DataAccessResult,
    EntryDescriptor,
    MethodDescriptor,
    RangeDescriptor,
    Selection,
)

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")

Name = OBIS | str | bytes
Moment = datetime | CosemDateTime

CLOCK = CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2)
"""What nearly every profile is ordered by: the time of the clock object."""


class ProfileHead(NamedTuple):
    """What must be known of a profile to read its rows."""

    capture_objects: tuple[CaptureObject, ...]
    capture_period: int


class Meter:
    """An association with a meter. All errors are `AmiError`; times are aware datetimes."""

    def __init__(
        self,
        link: Link,
        associated: Associated,
        default_deviation_min: int | None = None,
        names: ShortNames | None = None,
    ) -> None:
        self._link = link
        self._names = names
        self.associated = associated
        self.default_deviation_min = default_deviation_min
        self._heads: dict[OBIS, ProfileHead] = {}

    @property
    def address(self) -> Place:
        """Where the meter is."""
        return self._link.address

    async def get(self, attribute: Attribute[T], at: Name, selection: Selection | None = None) -> T:
        """Read one attribute: `await meter.get(Register.value, "1.0.1.8.0.255")`."""
        descriptor = attribute.at(at)
        return decode_whole(attribute.codec, await self.get_raw(descriptor, selection))

    async def get_many(self, items: Sequence[tuple[Attribute[T], Name]]) -> list[T | AccessError]:
        """Read several in one request; an attribute that is refused gives its `AccessError` in its place."""
        descriptors = [attribute.at(at) for attribute, at in items]
        results = await self.get_raw_many([(descriptor, None) for descriptor in descriptors])
        return [
            decode_whole(attribute.codec, result) if isinstance(result, bytes) else AccessError(result, str(descriptor))
            for (attribute, _), descriptor, result in zip(items, descriptors, results, strict=True)
        ]

    async def get_raw(self, descriptor: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Read one attribute as encoded Data."""
        (result,) = await self.get_raw_many([(descriptor, selection)])
        if isinstance(result, bytes):
            return result
        raise AccessError(result, str(descriptor))

    async def get_raw_many(
        self, items: Sequence[tuple[AttributeDescriptor, Selection | None]]
    ) -> list[bytes | DataAccessResult]:
        """Read several attributes as encoded Data, each with what became of it."""
        return (await self._link.ask(partial(self._link.client.get, items), Got)).results

    async def set(self, attribute: Attribute[T], at: Name, value: T) -> None:
        """Write one attribute."""
        await self.set_raw(attribute.at(at), attribute.codec.encode(value))

    async def set_raw(self, descriptor: AttributeDescriptor, data: bytes, selection: Selection | None = None) -> None:
        """Write one attribute from encoded Data."""
        (result,) = await self.set_raw_many([(descriptor, selection, data)])
        if result is not DataAccessResult.SUCCESS:
            raise AccessError(result, str(descriptor))

    async def set_raw_many(
        self, items: Sequence[tuple[AttributeDescriptor, Selection | None, bytes]]
    ) -> list[DataAccessResult]:
        """Write several attributes from encoded Data, each with what became of it."""
        return (await self._link.ask(partial(self._link.client.set, items), WasSet)).results

    async def action(self, method: Method[P, R], at: Name, parameter: P) -> R:
        """Call one method: `await meter.action(ProfileGeneric.capture, "1.0.99.1.0.255", 0)`."""
        data = await self.action_raw(method.at(at), method.codec.encode(parameter))
        if method.returns is None:
            return cast("R", None)
        if data is None:
            raise DecodeError(f"{method.name} of {OBIS.of(at)} returned nothing")
        return decode_whole(method.returns, data)

    async def action_raw(self, descriptor: MethodDescriptor, data: bytes | None = None) -> bytes | None:
        """Call one method with encoded Data; gives what it returns, if anything."""
        acted = await self._link.ask(partial(self._link.client.action, [(descriptor, data)]), Acted)
        result, returned = acted.results[0]
        if result is not ActionResult.SUCCESS:
            raise ActionError(result, str(descriptor))
        if isinstance(returned, DataAccessResult):
            raise AccessError(returned, str(descriptor))
        return returned

    async def access_raw(self, items: Sequence[AccessItem], *, break_on_error: bool = False) -> list[AccessOutcome]:
        """Read, write and invoke in one request, where that was negotiated; each with its result and its data."""
        verb = partial(self._link.client.access, items, break_on_error=break_on_error)
        return (await self._link.ask(verb, Accessed)).results

    async def profile(self, at: Name, start: Moment, end: Moment, columns: Sequence[Name] | None = None) -> Profile:
        """Read the rows of a profile from `start` to `end`, both included, and only some columns if told."""
        head = await self.profile_head(at)
        chosen = head.capture_objects if columns is None else pick(head.capture_objects, columns, at)
        selected = () if columns is None else chosen
        descriptor = RangeDescriptor(CLOCK, encode_moment(start), encode_moment(end), selected)
        return await self._rows(at, descriptor.encode(), chosen, head.capture_period)

    async def entries(self, at: Name, first: int = 1, last: int = 0) -> Profile:
        """Read rows of a profile by their number, counted from 1; 0 as the last means the last there is."""
        head = await self.profile_head(at)
        selection = EntryDescriptor(first, last).encode()
        return await self._rows(at, selection, head.capture_objects, head.capture_period)

    async def profile_head(self, at: Name) -> ProfileHead:
        """Columns and period of a profile; read once, as they rarely change."""
        name = OBIS.of(at)
        if name not in self._heads:
            objects = await self.get(ProfileGeneric.capture_objects, name)
            period = await self.get(ProfileGeneric.capture_period, name)
            self._heads[name] = ProfileHead(tuple(objects), period)
        return self._heads[name]

    async def _rows(self, at: Name, selection: Selection, columns: tuple[CaptureObject, ...], period_s: int) -> Profile:
        table = decode_profile(await self.get_raw(ProfileGeneric.buffer.at(at), selection))
        if table.has_nulls:
            table = table.fill_null(period_s)
        return Profile(table, columns, self.default_deviation_min)

    async def object_list(self, classes: Collection[int] = ()) -> list[ObjectListElement]:
        """Read what this client may see, with its rights; only objects of some classes if told."""
        if self._names is not None:
            elements = await object_list(self._link, self._names)
            return [element for element in elements if not classes or element.class_id in classes]
        selection = of_classes(classes) if classes else None
        return await self.get(AssociationLNv1.object_list, CURRENT_ASSOCIATION, selection)

    async def clock(self) -> datetime:
        """Read the meter's clock."""
        time = await self.get(Clock.time, CLOCK.logical_name)
        return time.to_datetime(self.default_deviation_min)

    async def release(self) -> None:
        """End the association, and leave the connection."""
        await self._link.ask(self._link.client.release, Released)

    async def disconnect(self) -> None:
        """End the association as far as the meter still answers, and close the connection."""
        await self._link.hang_up()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()


def encode_moment(at: Moment) -> bytes:
    """Encode a moment as a profile's range takes it; without a zone, in the meter's own local time."""
    return DATE_TIME.encode(CosemDateTime.from_datetime(at) if isinstance(at, datetime) else at)


def pick(objects: Sequence[CaptureObject], columns: Sequence[Name], at: Name) -> tuple[CaptureObject, ...]:
    """Find the capture objects of these logical names, in the order of the profile."""
    wanted = {OBIS.of(name) for name in columns}
    found = tuple(captured for captured in objects if captured.logical_name in wanted)
    if missing := wanted - {captured.logical_name for captured in found}:
        raise DefinitionError(f"profile {OBIS.of(at)} has no column {min(map(str, missing))}")
    return found
