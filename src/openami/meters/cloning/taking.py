"""Everything that a meter shows a client, taken with its octets, so that no type is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openami.aio.everything import BUFFER, PROFILE, Everything, Source, read_everything
from openami.aio.image import Progress
from openami.aio.objects import Reading, association_version, readable
from openami.core.errors import AmiError, DecodeError, LinkError
from openami.cosem.access import Key
from openami.cosem.association import CURRENT_ASSOCIATION, OBJECT_LIST, ObjectListElement
from openami.dlms.profile import Table
from openami.dlms.security.settings import Security
from openami.dlms.xdlms import AttributeDescriptor, Conformance, DataAccessResult, Selection

ASSOCIATION = 15
CAPTURE_PERIOD = 4
PUBLIC_CLIENT, MANAGEMENT_CLIENT = 16, 1
NAMES = {MANAGEMENT_CLIENT: "management", PUBLIC_CLIENT: "public"}


@dataclass(frozen=True, slots=True)
class Client:
    """A client that was let in: how it proved who it is, and the objects it was shown with its rights."""

    sap: int
    mechanism: str
    elements: tuple[ObjectListElement, ...]

    @property
    def name(self) -> str:
        """Name of the association in a product file."""
        return NAMES.get(self.sap, f"client_{self.sap}")

    @property
    def is_ciphered(self) -> bool:
        """Whether its APDUs were authenticated and encrypted."""
        return self.mechanism == "hls5"

    @property
    def version(self) -> int:
        """Version of the association, by which the rights are to be read."""
        return association_version(self.elements)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken of a meter: the clients, values as they were sent, rows of profiles, and what was not told.

    The first of the clients is the one that has read. `values` leaves the object list and the rows out. `titles` are
    names that somebody gave to the objects.
    """

    clients: tuple[Client, ...]
    values: Mapping[Key, Mapping[int, bytes]]
    tables: Mapping[Key, Table]
    errors: Mapping[Key, Mapping[int, AmiError]]
    ended_by: LinkError | None = None
    not_let_in: Mapping[int, AmiError] = field(default_factory=dict[int, AmiError])
    titles: Mapping[Key, str] = field(default_factory=dict[Key, str])

    @property
    def elements(self) -> tuple[ObjectListElement, ...]:
        """Every object that somebody was shown, those of the first client first."""
        found = {key_of(element): element for client in reversed(self.clients) for element in client.elements}
        order = dict.fromkeys(key_of(element) for client in self.clients for element in client.elements)
        return tuple(found[key] for key in order)


class Recorder:
    """A meter that is read through us: what it sends is kept as it came."""

    def __init__(self, meter: Source) -> None:
        self._meter = meter
        self.elements: list[ObjectListElement] = []
        self.octets: dict[Key, dict[int, bytes]] = {}

    @property
    def conformance(self) -> Conformance:
        """Services that were negotiated."""
        return self._meter.conformance

    async def object_list(self) -> list[ObjectListElement]:
        """List the objects with the rights to them, and keep the list."""
        self.elements = await self._meter.object_list()
        return self.elements

    async def get_raw_many(
        self, items: Sequence[tuple[AttributeDescriptor, Selection | None]]
    ) -> list[bytes | DataAccessResult]:
        """Read attributes, and keep what is no part of one."""
        results = await self._meter.get_raw_many(items)
        for (descriptor, selection), result in zip(items, results, strict=True):
            if selection is None and isinstance(result, bytes):
                held = self.octets.setdefault((descriptor.class_id, descriptor.logical_name), {})
                held[descriptor.attribute_id] = result
        return results


async def take(
    meter: Source, sap: int, security: Security, *, rows: int | None = None, progress: Progress | None = None
) -> Taken:
    """Read all that a meter shows the client we are, of each profile at most the newest `rows`."""
    recorder = Recorder(meter)
    found = await read_everything(recorder, rows=rows, progress=progress)
    client = Client(sap, mechanism_of(security), tuple(recorder.elements))
    tables, errors = sorted_out(found)
    values = {
        key: {number: octets for number, octets in held.items() if not is_apart(key, number, tables)}
        for key, held in recorder.octets.items()
    }
    return Taken((client,), values, tables, missing(client, values, tables, errors), found.ended_by)


def sorted_out(found: Everything) -> tuple[dict[Key, Table], dict[Key, dict[int, AmiError]]]:
    """Tell rows of profiles and errors from other values."""
    tables: dict[Key, Table] = {}
    errors: dict[Key, dict[int, AmiError]] = {}
    for one in found.objects:
        key = key_of(one.element)
        for reading in one.readings:
            if isinstance(reading.value, AmiError):
                errors.setdefault(key, {})[reading.descriptor.attribute_id] = reading.value
            elif isinstance(reading.value, Table):
                tables[key] = full(reading.value, one.readings)
    return tables, errors


def full(table: Table, readings: Sequence[Reading]) -> Table:
    """Fill in what a meter left out of its rows because it is regular, if it says how regular."""
    periods = [one.value for one in readings if one.descriptor.attribute_id == CAPTURE_PERIOD]
    try:
        return table.fill_null(int(str(periods[0]))) if table.has_nulls and periods else table
    except (DecodeError, ValueError):
        return table


def is_apart(key: Key, number: int, tables: Mapping[Key, Table]) -> bool:
    """Whether a value is the object list, or rows that are held as a table."""
    if key == (ASSOCIATION, CURRENT_ASSOCIATION) and number == OBJECT_LIST:
        return True
    return key in tables and (key[0], number) == (PROFILE, BUFFER)


def missing(
    client: Client,
    values: Mapping[Key, Mapping[int, bytes]],
    tables: Mapping[Key, Table],
    errors: Mapping[Key, Mapping[int, AmiError]],
) -> dict[Key, dict[int, AmiError]]:
    """Find what may be read and was not, with the reason; octets that only could not be decoded are there."""
    found: dict[Key, dict[int, AmiError]] = {}
    for element in client.elements:
        key = key_of(element)
        told = errors.get(key, {})
        left = {number: told[number] for number in told if number not in values.get(key, {})}
        for number in readable(element, client.version):
            if number not in values.get(key, {}) and number not in left and not is_apart(key, number, tables):
                left[number] = LinkError("the line ended before this was read")
        found[key] = {number: error for number, error in left.items() if number != 1}
    return found


def mechanism_of(security: Security) -> str:
    """Name the authentication mechanism as product files do."""
    if not security.mechanism:
        return "lowest"
    return "hls5" if security.is_ciphered else "low"


def key_of(element: ObjectListElement) -> Key:
    """Class id and logical name of an object."""
    return element.class_id, element.logical_name
