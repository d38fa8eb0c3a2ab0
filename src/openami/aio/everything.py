"""All that a meter shows: every attribute of every object that may be read, profiles in slices of rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from openami.aio.image import Progress
from openami.aio.objects import (
    ASSOCIATION,
    Reading,
    Result,
    association_version,
    known_class,
    readable,
    readings,
    value_of,
)
from openami.aio.text import Json
from openami.aio.values import to_json
from openami.core.errors import AmiError, DecodeError, LinkError, LinkTimeout
from openami.core.obis import OBIS
from openami.cosem.association import CURRENT_ASSOCIATION, OBJECT_LIST, ObjectListElement
from openami.dlms.profile import Table, decode_profile
from openami.dlms.profile.joining import joined
from openami.dlms.xdlms import (
    AttributeDescriptor,
    Conformance,
    DataAccessResult,
    EntryDescriptor,
    Selection,
)

PROFILE: Final = 7
BUFFER, PERIOD, IN_USE = 2, 4, 7
#: Attributes in one request, where lists were negotiated: a refusal of the whole list costs that many requests more.
BUNDLE: Final = 32
SLICE: Final = 1000
#: Lists that fail before no more are tried, and requests in a row without answer before reading ends.
PATIENCE: Final = 2
SILENCES: Final = 3


class Source(Protocol):
    """What is needed of a meter we are associated with."""

    @property
    def conformance(self) -> Conformance:
        """Services that were negotiated."""
        ...

    async def object_list(self) -> list[ObjectListElement]:
        """List the objects with the rights to them."""
        ...

    async def get_raw_many(
        self, items: Sequence[tuple[AttributeDescriptor, Selection | None]]
    ) -> list[bytes | DataAccessResult]:
        """Read attributes."""
        ...


@dataclass(frozen=True, slots=True)
class ObjectReadings:
    """One object of the list, and what was read of it; what was refused holds its error as value."""

    element: ObjectListElement
    readings: tuple[Reading, ...]

    @property
    def interface_class(self) -> str:
        """Name of the class, if it is known."""
        cls = known_class(self.element.class_id, self.element.version)
        return "" if cls is None else cls.__name__

    def to_json(self) -> Json:
        """Give all that names the object, and its attributes."""
        return {
            "class": self.element.class_id,
            "version": self.element.version,
            "logical_name": str(self.element.logical_name),
            "interface_class": self.interface_class or None,
            "attributes": [reading_to_json(reading) for reading in self.readings],
        }


@dataclass(frozen=True, slots=True)
class Everything:
    """All that was read of a meter, object by object in the order of its list.

    `ended_by` is the error of the line that ended the reading early; what had been read by then is there.
    """

    objects: tuple[ObjectReadings, ...]
    ended_by: LinkError | None = None

    def __iter__(self) -> Iterator[Reading]:
        return (reading for found in self.objects for reading in found.readings)

    @property
    def refused(self) -> list[Reading]:
        """What the meter did not tell."""
        return [reading for reading in self if isinstance(reading.value, AmiError)]

    def find(self, name: OBIS | str | bytes, class_id: int | None = None) -> ObjectReadings | None:
        """Find an object by its name; two classes may share one."""
        wanted = OBIS.of(name)
        found = (one for one in self.objects if one.element.logical_name == wanted)
        return next((one for one in found if class_id in {None, one.element.class_id}), None)

    def to_json(self) -> Json:
        """Give everything as JSON takes it."""
        ended = {} if self.ended_by is None else {"ended_by": str(self.ended_by)}
        return {"objects": [found.to_json() for found in self.objects], **ended}


def reading_to_json(reading: Reading) -> Json:
    """Give one attribute with its name; a value with scaler and unit is not scaled."""
    document: dict[str, Json] = {"attribute": reading.descriptor.attribute_id, "name": reading.name}
    if isinstance(reading.value, AmiError):
        return document | {"refused": str(reading.value)}
    document["value"] = to_json(reading.value)
    if reading.scale is not None:
        document |= {"scaler": reading.scale.scaler, "unit": reading.unit}
    return document


class Reader:
    """Reads everything from one meter; no refusal and no unknown class stops it, only the end of the line does."""

    def __init__(
        self, source: Source, elements: Sequence[ObjectListElement], rows: int | None, progress: Progress | None
    ) -> None:
        self._source = source
        self._elements = elements
        self._rows = rows
        self._progress = progress
        self._has_lists = bool(source.conformance & Conformance.MULTIPLE_REFERENCES)
        self._selects = bool(source.conformance & Conformance.SELECTIVE_ACCESS)
        self._failed_lists = self._silences = 0
        version = association_version(elements)
        self._attributes = [readable(element, version) for element in elements]
        self._values: list[dict[int, object]] = [
            {OBJECT_LIST: list(elements)} if is_list(element) and OBJECT_LIST in attributes else {}
            for element, attributes in zip(elements, self._attributes, strict=True)
        ]
        self._done, self._total = sum(map(len, self._values)), sum(map(len, self._attributes))

    async def run(self) -> Everything:
        """Read the single values first, then the profiles."""
        ended: LinkError | None = None
        try:
            await self._read_values()
            await self._read_profiles()
        except LinkError as error:
            ended = error
        found = [
            ObjectReadings(element, tuple(readings(element, {number: values[number] for number in order})))
            for element, values, attributes in zip(self._elements, self._values, self._attributes, strict=True)
            if (order := [number for number in attributes if number in values])
        ]
        return Everything(tuple(found), ended)

    async def _read_values(self) -> None:
        plan = [
            (place, AttributeDescriptor(element.class_id, element.logical_name, number))
            for place, (element, attributes) in enumerate(zip(self._elements, self._attributes, strict=True))
            for number in attributes
            if (element.class_id, number) != (PROFILE, BUFFER) and number not in self._values[place]
        ]
        while plan:
            size = BUNDLE if self._has_lists and self._failed_lists < PATIENCE else 1
            some, plan = plan[:size], plan[size:]
            for (place, descriptor), result in zip(some, await self._read([d for _, d in some]), strict=True):
                self._values[place][descriptor.attribute_id] = value_of(self._elements[place], descriptor, result)
            self._tell(len(some))

    async def _read(self, descriptors: Sequence[AttributeDescriptor]) -> list[Result]:
        """Read a bundle; if the list as such fails, one by one."""
        if len(descriptors) > 1:
            try:
                results = await self._source.get_raw_many([(descriptor, None) for descriptor in descriptors])
            except LinkTimeout:
                self._fall_silent(None)
            except LinkError:
                raise
            except AmiError:
                self._failed_lists += 1
            else:
                if any(isinstance(result, bytes) for result in results):
                    self._silences = 0
                    return list(results)
        return [await self._read_one(descriptor) for descriptor in descriptors]

    async def _read_one(self, descriptor: AttributeDescriptor, selection: Selection | None = None) -> Result:
        """Read one attribute; an error is a result, but of a line that is gone."""
        try:
            [result] = await self._source.get_raw_many([(descriptor, selection)])
        except LinkTimeout as error:
            self._fall_silent(error)
            return error
        except LinkError:
            raise
        except AmiError as error:
            return error
        self._silences = 0
        return result

    def _fall_silent(self, error: LinkTimeout | None) -> None:
        """Bear silence a few times: one attribute may be too much for a meter, and the next not."""
        self._failed_lists += error is None
        self._silences += 1
        if error is not None and self._silences >= SILENCES:
            raise error

    async def _read_profiles(self) -> None:
        for place, (element, attributes) in enumerate(zip(self._elements, self._attributes, strict=True)):
            if element.class_id == PROFILE and BUFFER in attributes:
                self._values[place][BUFFER] = await self._read_rows(element, self._values[place])
                self._tell(1)

    async def _read_rows(self, element: ObjectListElement, values: dict[int, object]) -> object:
        """Read the newest rows by their numbers, or the whole buffer of a meter that knows none."""
        buffer = AttributeDescriptor(element.class_id, element.logical_name, BUFFER)
        in_use, period = values.get(IN_USE), values.get(PERIOD)
        if self._selects and isinstance(in_use, int):
            first = 1 if self._rows is None else max(in_use - self._rows, 0) + 1
            found = await self._read_slices(buffer, first, in_use, period if isinstance(period, int) else 0)
            if found is not None:
                return found
        value = value_of(element, buffer, await self._read_one(buffer))
        return cut(value, self._rows) if isinstance(value, Table) else value

    async def _read_slices(self, buffer: AttributeDescriptor, first: int, last: int, period_s: int) -> Table | None:
        """Read rows by entry; None if the meter refuses the first slice."""
        tables: list[Table] = []
        for start in range(first, last + 1, SLICE):
            selection = EntryDescriptor(start, min(start + SLICE - 1, last)).encode()
            result = await self._read_one(buffer, selection)
            if not isinstance(result, bytes):
                break
            try:
                table = decode_profile(result)
                tables.append(table.fill_null(period_s) if table.has_nulls else table)
            except DecodeError:
                break
        else:
            return joined(tables)
        return None

    def _tell(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


def is_list(element: ObjectListElement) -> bool:
    """Whether an object is the current association: its list of objects has been read by then."""
    return (element.class_id, element.logical_name) == (ASSOCIATION, CURRENT_ASSOCIATION)


def cut(table: Table, rows: int | None) -> Table:
    """Give the newest rows."""
    return table if rows is None or len(table) <= rows else table.select(slice(len(table) - rows, None))


async def read_everything(source: Source, *, rows: int | None = None, progress: Progress | None = None) -> Everything:
    """Read all that a meter shows this client: see `Meter.everything`."""
    elements = await source.object_list()
    return await Reader(source, elements, rows, progress).run()


async def read_object(source: Source, element: ObjectListElement, attributes: Sequence[int]) -> list[Reading]:
    """Read attributes of one object; one that is refused has its error as value."""
    wanted = [AttributeDescriptor(element.class_id, element.logical_name, number) for number in attributes]
    results = await source.get_raw_many([(descriptor, None) for descriptor in wanted])
    return readings(
        element,
        {
            descriptor.attribute_id: value_of(element, descriptor, result)
            for descriptor, result in zip(wanted, results, strict=True)
        },
    )
