"""A meter we are associated with: typed reading, writing and calling by the keys of interface classes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from openami.aio.image import IMAGE_TRANSFER, USUAL, Firmware, ImageReport, ImageSettings, Progress, transfer
from openami.aio.link import Link
from openami.aio.reading import Profile
from openami.aio.resume import Resume
from openami.aio.route import Place
from openami.aio.rows import CLOCK, Moment, Name, ProfileHead, Rows, encode_moment
from openami.aio.short_names import object_list
from openami.core.errors import AccessError, ActionError, DecodeError
from openami.core.obis import OBIS
from openami.cosem.association import AssociationLNv1, ObjectListElement, of_classes
from openami.cosem.clock import Clock
from openami.cosem.objects import Attribute, Method, decode_whole
from openami.cosem.short_names import ShortNames
from openami.dlms.client import Accessed, Acted, Associated, Got, Released, WasSet
from openami.dlms.data import Codec
from openami.dlms.quirks import STANDARD, Quirks
from openami.dlms.xdlms import (
    AccessItem,
    AccessOutcome,
    ActionResult,
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)

if TYPE_CHECKING:
    from openami.aio.everything import Everything

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")

__all__ = ["CLOCK", "Meter", "Moment", "Name", "ProfileHead", "encode_moment"]


class Meter:
    """An association with a meter. All errors are `AmiError`; times are aware datetimes."""

    def __init__(
        self,
        link: Link,
        associated: Associated,
        default_deviation_min: int | None = None,
        names: ShortNames | None = None,
        quirks: Quirks = STANDARD,
    ) -> None:
        self._link = link
        self._names = names
        self.associated = associated
        self.quirks = quirks
        self.default_deviation_min = quirks.deviation_min if default_deviation_min is None else default_deviation_min
        self._heads: dict[OBIS, ProfileHead] = {}

    @property
    def address(self) -> Place:
        """Where the meter is."""
        return self._link.address

    @property
    def conformance(self) -> Conformance:
        """Services that were negotiated."""
        return self._link.client.conformance

    async def get(self, attribute: Attribute[T], at: Name, selection: Selection | None = None) -> T:
        """Read one attribute: `await meter.get(Register.value, "1.0.1.8.0.255")`."""
        descriptor = attribute.at(at)
        return self._decoded(attribute.codec, await self.get_raw(descriptor, selection))

    def _decoded(self, codec: Codec[T], data: bytes) -> T:
        """Decode a value, all of it or, of a meter with that habit, what is behind it left out."""
        return codec.decode(data)[0] if self.quirks.trailing_octets else decode_whole(codec, data)

    async def get_many(self, items: Sequence[tuple[Attribute[T], Name]]) -> list[T | AccessError]:
        """Read several in one request; an attribute that is refused gives its `AccessError` in its place."""
        descriptors = [attribute.at(at) for attribute, at in items]
        results = await self.get_raw_many([(descriptor, None) for descriptor in descriptors])
        return [
            self._decoded(attribute.codec, result)
            if isinstance(result, bytes)
            else AccessError(result, str(descriptor))
            for (attribute, _), descriptor, result in zip(items, descriptors, results, strict=True)
        ]

    async def get_raw(self, descriptor: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Read one attribute as encoded Data."""
        items = [(descriptor, selection)]
        (result,) = (await self._link.ask(partial(self._link.client.get, items), Got)).results
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
        return self._decoded(method.returns, data)

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

    async def profile(
        self,
        at: Name,
        start: Moment,
        end: Moment,
        columns: Sequence[Name] | None = None,
        *,
        resume: Resume | None = None,
    ) -> Profile:
        """Read the rows of a profile from `start` to `end`, both included, and only some columns if told.

        `resume` holds the rows that had come when a connection broke; given again, reading goes on from there.
        """
        return await Rows(self, self._heads).by_range(OBIS.of(at), (start, end), columns, resume)

    async def entries(self, at: Name, first: int = 1, last: int = 0, *, resume: Resume | None = None) -> Profile:
        """Read rows of a profile by their number, counted from 1; 0 as the last means the last there is."""
        return await Rows(self, self._heads).by_entry(OBIS.of(at), first, last, resume)

    async def profile_head(self, at: Name) -> ProfileHead:
        """Columns and period of a profile; read once, as they rarely change."""
        return await Rows(self, self._heads).head(OBIS.of(at))

    async def object_list(self, classes: Collection[int] = ()) -> list[ObjectListElement]:
        """Read what this client may see, with its rights; only objects of some classes if told."""
        if self._names is not None:
            elements = await object_list(self._link, self._names)
            return [element for element in elements if not classes or element.class_id in classes]
        selection = of_classes(classes) if classes else None
        return await self.get(AssociationLNv1.object_list, self.quirks.association_object, selection)

    async def everything(self, *, rows: int | None = None, progress: Progress | None = None) -> "Everything":
        """Read every attribute of every object this client may read: `(await meter.everything()).to_json()`.

        Profiles come in slices, at most the newest `rows` of each; `progress` is told how many attributes are done,
        of how many. A refusal, or what cannot be read, stands in the place of its value; only the end of the line
        ends the reading.
        """
        from openami.aio.everything import read_everything  # noqa: PLC0415  # loads every class of the catalogue

        return await read_everything(self, rows=rows, progress=progress)

    async def image(
        self,
        image: bytes,
        identifier: bytes | str,
        at: Name = IMAGE_TRANSFER,
        *,
        resume: bool = False,
        activate: bool = False,
        settings: ImageSettings = USUAL,
        progress: Progress | None = None,
    ) -> ImageReport:
        """Transfer an image: initiate, send its blocks, have it verified and, if told, activated.

        `resume` goes on with a transfer of this very image that was broken off, at the first block that is missing;
        the meter does not tell which image it holds a part of.
        """
        return await transfer(
            self, Firmware(image, identifier, OBIS.of(at)), resume=resume, activate=activate, settings=settings,
            progress=progress,
        )  # fmt: skip

    async def clock(self) -> datetime:
        """Read the meter's clock."""
        time = await self.get(Clock.time, CLOCK.logical_name)
        return self.quirks.turned(time).to_datetime(self.default_deviation_min)

    async def release(self) -> None:
        """End the association, and leave the connection, unless the meter knows no other end."""
        if self.quirks.knows_release:
            await self._link.ask(self._link.client.release, Released)
        else:
            await self._link.close()

    async def disconnect(self) -> None:
        """End the association as far as the meter still answers, and close the connection."""
        await self._link.hang_up()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()
