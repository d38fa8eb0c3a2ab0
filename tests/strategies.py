"""Hypothesis strategies that several tests share."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.dlms.data import BitString, CompactArray, Data, Tag, TypeDescription, compact
from openami.dlms.data.primitives import LAYOUTS
from openami.dlms.profile import Table
from openami.dlms.profile.table import NUMBERS

octet = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFF_FFFF)
obis_codes = st.binary(min_size=6, max_size=6).map(OBIS)

date_times = st.builds(
    CosemDateTime, u16, octet, octet, octet, octet, octet, octet, octet, st.integers(-0x8000, 0x7FFF), octet
)
instants = st.integers(0, int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()))


@st.composite
def bit_strings(draw: st.DrawFn) -> BitString:
    """Bit strings whose spare bits may be set, as some meters leave them."""
    length = draw(st.integers(0, 200))
    size = (length + 7) // 8
    return BitString(length, draw(st.binary(min_size=size, max_size=size)))


def _fixed(tag: Tag) -> st.SearchStrategy[object]:
    layout = LAYOUTS[tag]
    match layout.format[-1]:
        case "?":
            return st.booleans()
        case "f":
            return st.floats(width=32, allow_nan=False)
        case "d":
            return st.floats(allow_nan=False)
        case "s":
            return st.binary(min_size=layout.size, max_size=layout.size)
        case code:
            bits = 8 * layout.size
            signed = code.islower()
            return st.integers(-(1 << bits - 1) if signed else 0, (1 << bits - signed) - 1)


SIMPLE_VALUES: dict[Tag, st.SearchStrategy[object]] = {
    **{tag: _fixed(tag) for tag in LAYOUTS},
    Tag.NULL: st.none(),
    Tag.DONT_CARE: st.none(),
    Tag.BIT_STRING: bit_strings(),
    Tag.OCTET_STRING: st.binary(max_size=300),
    Tag.VISIBLE_STRING: st.text(st.characters(max_codepoint=0xFF), max_size=300),
    Tag.UTF8_STRING: st.text(max_size=100),
}

simple_data = st.one_of([st.builds(Data, st.just(tag), values) for tag, values in SIMPLE_VALUES.items()])

descriptions = st.recursive(
    st.sampled_from([*LAYOUTS, Tag.OCTET_STRING, Tag.BIT_STRING, Tag.VISIBLE_STRING]).map(TypeDescription),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(lambda m: TypeDescription(Tag.STRUCTURE, tuple(m))),
        st.builds(lambda m, n: TypeDescription(Tag.ARRAY, (m,), n), inner, st.integers(1, 3)),
    ),
    max_leaves=6,
)


def elements(description: TypeDescription) -> st.SearchStrategy[object]:
    """Plain values that fit the description."""
    if description.tag is Tag.ARRAY:
        size = description.number_of_elements
        return st.lists(elements(description.members[0]), min_size=size, max_size=size)
    if description.tag is Tag.STRUCTURE:
        return st.tuples(*map(elements, description.members))
    return SIMPLE_VALUES[description.tag]


@st.composite
def described(draw: st.DrawFn) -> tuple[TypeDescription, list[object]]:
    """A type description and elements that fit it."""
    description = draw(descriptions)
    return description, draw(st.lists(elements(description), max_size=5))


compact_arrays: st.SearchStrategy[CompactArray] = described().map(lambda pair: compact(*pair))

data_trees: st.SearchStrategy[Data] = st.recursive(
    st.one_of(simple_data, st.builds(Data, st.just(Tag.COMPACT_ARRAY), compact_arrays)),
    lambda inner: st.builds(Data, st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=6).map(tuple)),
    max_leaves=25,
)

DELTAS = {tag for tag in NUMBERS if tag.name.startswith("DELTA")}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Profiles of any column types, with null-data anywhere."""
    rows = draw(st.integers(1, 40))
    tags = draw(st.lists(st.sampled_from(sorted({*SIMPLE_VALUES} - DELTAS - {Tag.DONT_CARE})), min_size=1, max_size=5))
    columns = [draw(_column(Tag(tag), rows)) for tag in tags]
    nulls = [draw(npst.arrays(np.bool_, rows)) | (tag == Tag.NULL) for tag in tags]
    return Table(columns, list(map(Tag, tags)), nulls)


def _column(tag: Tag, rows: int) -> st.SearchStrategy[np.ndarray]:
    if tag in NUMBERS:
        return npst.arrays(NUMBERS[tag], rows)
    if tag in LAYOUTS:
        return npst.arrays(np.uint8, (rows, LAYOUTS[tag].size))
    if tag is Tag.OCTET_STRING:
        return st.integers(0, 140).flatmap(lambda size: npst.arrays(np.uint8, (rows, size)))
    return st.lists(SIMPLE_VALUES[tag], min_size=rows, max_size=rows).map(_objects)


def _objects(values: list[object]) -> np.ndarray:
    column = np.full(len(values), None, np.object_)
    for index, value in enumerate(values):
        column[index] = value
    return column
