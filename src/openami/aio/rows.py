"""Rows of profiles, asked for as each meter takes it: by range or by number, all at once or going on after a break."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from openami.aio.reading import Profile
from openami.aio.resume import Resume, filled
from openami.core.errors import DefinitionError, LinkError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.objects import Attribute
from openami.cosem.profile_generic import ProfileGeneric
from openami.dlms.data import DATE_TIME
from openami.dlms.profile import decode_profile
from openami.dlms.quirks import Quirks
from openami.dlms.xdlms import (
    AttributeDescriptor,
    CaptureObject,
    Conformance,
    EntryDescriptor,
    RangeDescriptor,
    Selection,
)

T = TypeVar("T")

Name: TypeAlias = OBIS | str | bytes
Moment: TypeAlias = datetime | CosemDateTime

CLOCK: Final = CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2)
"""What nearly every profile is ordered by: the time of the clock object."""


class Source(Protocol):
    """What is needed of a meter we are associated with."""

    quirks: Quirks
    default_deviation_min: int | None

    @property
    def conformance(self) -> Conformance:
        """Services that were negotiated."""
        ...

    async def get(self, attribute: Attribute[T], at: Name, selection: Selection | None = None) -> T:
        """Read one attribute."""
        ...

    async def get_raw(self, descriptor: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Read one attribute as encoded Data."""
        ...


class ProfileHead(NamedTuple):
    """What must be known of a profile to read its rows."""

    capture_objects: tuple[CaptureObject, ...]
    capture_period: int


class Asked(NamedTuple):
    """What is asked of a profile: which rows, and what is known of them."""

    at: OBIS
    selection: Selection | None
    columns: tuple[CaptureObject, ...]
    period_s: int
    by_entry: bool = False


class Rows:
    """Reads the rows of one meter's profiles.

    What is known of them lies in `heads`, with the meter: a meter that held its `Rows` would be a circle of
    references, left to the garbage collector after each of many thousand sessions.
    """

    __slots__ = ("_heads", "_source")

    def __init__(self, source: Source, heads: dict[OBIS, ProfileHead]) -> None:
        self._source = source
        self._heads = heads

    async def head(self, at: OBIS) -> ProfileHead:
        """Columns and period of a profile; read once, as they rarely change."""
        if at not in self._heads:
            objects = await self._source.get(ProfileGeneric.capture_objects, at)
            period = await self._source.get(ProfileGeneric.capture_period, at)
            self._heads[at] = ProfileHead(tuple(objects), period)
        return self._heads[at]

    async def by_range(
        self, at: OBIS, span: tuple[Moment, Moment], columns: Sequence[Name] | None, resume: Resume | None
    ) -> Profile:
        """Read rows by their time, both ends included; a meter that cannot pick them is read whole."""
        objects, period_s = await self.head(at)
        chosen = objects if columns is None else pick(objects, columns, at)
        quirks = self._source.quirks
        if not (quirks.selects_rows and self._source.conformance & Conformance.SELECTIVE_ACCESS):
            return self._between(await self._read(Asked(at, None, objects, period_s), None), span, chosen)
        if resume is not None:
            resume.begin((at, chosen))
        first, last = map(DATE_TIME.encode, self._span(span, resume))
        selected = chosen if quirks.selects_columns and columns is not None else ()
        selection = RangeDescriptor(clock_of(objects), first, last, selected).encode()
        read = chosen if quirks.selects_columns else objects
        rows = await self._read(Asked(at, selection, read, period_s), resume)
        return rows if read == chosen else rows.select(slice(None), [read.index(column) for column in chosen])

    async def by_entry(self, at: OBIS, first: int, last: int, resume: Resume | None) -> Profile:
        """Read rows by their number; if rows have moved since a break, from the first again."""
        objects, period_s = await self.head(at)
        if resume is not None:
            resume.begin((at, first, last))
        while True:
            start = first if resume is None else resume.next_entry(first)
            selection = EntryDescriptor(start, last).encode()
            rows = await self._read(Asked(at, selection, objects, period_s, by_entry=True), resume)
            if resume is None or start == first or len(resume):
                return rows

    def _span(self, span: tuple[Moment, Moment], resume: Resume | None) -> tuple[CosemDateTime, CosemDateTime]:
        """Give the range to ask for, as the meter takes it."""
        quirks, (start, end) = self._source.quirks, span
        asked = quirks.range_moment(stamp_of(start)), quirks.range_moment(stamp_of(end))
        if resume is None or not len(resume):
            return asked
        first, last = resume.narrowed(asked)
        return quirks.bare(first), quirks.bare(last)

    def _between(self, rows: Profile, span: tuple[Moment, Moment], columns: Sequence[CaptureObject]) -> Profile:
        """Pick rows and columns of a meter that does not."""
        places = [rows.capture_objects.index(column) for column in columns]
        if not len(rows):
            return rows.select(slice(None), places)
        start, end = (stamp_of(moment).to_utc(self._source.default_deviation_min) for moment in span)
        utc = rows.stamps()
        return rows.select((utc >= start) & (utc <= end), places)

    async def _read(self, asked: Asked, resume: Resume | None) -> Profile:
        """Read rows, and put them behind those from before a break."""
        source = self._source
        try:
            data = await source.get_raw(ProfileGeneric.buffer.at(asked.at), asked.selection)
        except LinkError as error:
            if resume is not None:
                resume.keep(error.partial, asked.period_s, by_entry=asked.by_entry)
            raise
        table = filled(decode_profile(data), asked.period_s)
        if resume is not None:
            resume.add(table, by_entry=asked.by_entry)
            table = resume.table
        return Profile(table, asked.columns, source.default_deviation_min, source.quirks.opposite_deviation)


def stamp_of(at: Moment) -> CosemDateTime:
    """Give the stamp of a moment; without a zone, in the meter's own local time."""
    return CosemDateTime.from_datetime(at) if isinstance(at, datetime) else at


def encode_moment(at: Moment) -> bytes:
    """Encode a moment as a profile's range takes it."""
    return DATE_TIME.encode(stamp_of(at))


def clock_of(columns: Sequence[CaptureObject]) -> CaptureObject:
    """Find the clock that stamps the rows of a profile: the first among its columns, or the usual one."""
    found = (one for one in columns if (one.class_id, one.attribute_id) == (CLOCK.class_id, CLOCK.attribute_id))
    return next(found, CLOCK)


def pick(objects: Sequence[CaptureObject], columns: Sequence[Name], at: Name) -> tuple[CaptureObject, ...]:
    """Find the capture objects of these logical names, in the order of the profile."""
    wanted = {OBIS.of(name) for name in columns}
    found = tuple(captured for captured in objects if captured.logical_name in wanted)
    if missing := wanted - {captured.logical_name for captured in found}:
        raise DefinitionError(f"profile {OBIS.of(at)} has no column {min(map(str, missing))}")
    return found
