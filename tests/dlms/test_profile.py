import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError, EncodeError
from openami.core.stamps import encode_stamps
from openami.core.time import CET, CosemDateTime
from openami.dlms.data import Data, Tag, compact, encode, native
from openami.dlms.data.types import TypeDescription
from openami.dlms.profile import Table, decode_profile, encode_profile
from strategies import compact_arrays, instants, tables

QUARTER_S = 900
START = 1_774_742_400  # 2026-03-29T00:00Z: the switch to summer time is in the first hours
TAGS = [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED]


def load_profile(count: int, start: int = START) -> Table:
    """Quarter-hour rows of clock, status and two registers."""
    utc = start + QUARTER_S * np.arange(count, dtype=np.int64)
    rows = np.arange(count)
    stamps = encode_stamps(utc, *CET.offsets(utc))
    columns = [stamps, np.where(rows % 40 < 2, 8, 0).astype(np.uint8), (7 * rows).astype(np.uint32)]
    return Table([*columns, (3 * rows + (1 << 31)).astype(np.uint32)], TAGS)


def same(left: Table, right: Table) -> bool:
    """Equal tags, nulls, and cells wherever they are not null."""
    return left.tags == right.tags and all(
        np.array_equal(a, b) and equal_cells(x[~a], y[~b])
        for a, b, x, y in zip(left.nulls, right.nulls, left.columns, right.columns, strict=True)
    )


def equal_cells(left: np.ndarray, right: np.ndarray) -> bool:
    """Equal types and values; not-a-number equals itself."""
    return left.dtype == right.dtype and repr(left.tolist()) == repr(right.tolist())


def test_profile_of_the_vectors(dlms_vectors):
    vector = dlms_vectors["profile-24h-3cols"]
    expected = vector["expected"]
    buffer = bytes.fromhex(vector["hex"])
    table = decode_profile(buffer)
    assert (len(table), len(table.columns)) == (expected["rows"], expected["columns"])
    assert table.tags == [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED]
    assert [column.dtype for column in table.columns] == [np.uint8, np.uint8, np.uint32]
    for row, stated in ((0, expected["first"]), (-1, expected["last"])):
        assert "hex:" + table.columns[0][row].tobytes().hex() == stated[0]
        assert [table.columns[1][row], table.columns[2][row]] == stated[1:]
    assert table.columns[2].tolist() == expected["column_3"]
    assert np.diff(table.stamps(0, default_deviation_min=0)).tolist() == [3600] * 23
    with pytest.raises(DecodeError, match="no deviation"):
        table.stamps()
    assert encode_profile(table) == buffer


def test_equal_rows_both_ways():
    table = load_profile(960)
    buffer = encode_profile(table)
    assert len(buffer) == 26_884
    assert same(decode_profile(buffer), table)
    assert decode_profile(buffer).stamps().tolist() == (START + QUARTER_S * np.arange(960)).tolist()
    assert native(buffer)[0][5] == (table.columns[0][5].tobytes(), 0, 35, 15 + (1 << 31))


def test_null_compressed_rows_are_filled_again():
    table = load_profile(960)
    sparse = table.null_regular(QUARTER_S, columns=(0, 1))
    full_clock = np.flatnonzero(~sparse.nulls[0]).tolist()
    assert full_clock == [0, 4]  # the first row, and the one after the clock change
    buffer = encode_profile(sparse)
    assert len(buffer) < 14_000
    decoded = decode_profile(buffer)
    assert same(decoded, sparse)
    assert same(decoded.fill_null(QUARTER_S), table)


def test_row_after_a_power_cut_carries_its_own_clock():
    table = load_profile(40).select(np.r_[0:10, 20:40])
    sparse = decode_profile(encode_profile(table.null_regular(QUARTER_S, columns=(0, 1, 2, 3))))
    assert np.flatnonzero(~sparse.nulls[0]).tolist() == [0, 4, 10]
    assert same(sparse.fill_null(QUARTER_S), table)


def test_rows_as_a_meter_sends_them_by_hand():
    buffer = bytes.fromhex(
        "0104"
        "0203 090c07ea0b1405050000ffffc400 1108 0600000001"
        "0203 00 00 0600000002"
        "0203 00 1100 0600000003"
        "0203 090c07ea0b1405051e00ff800000 00 00".replace(" ", "")
    )
    table = decode_profile(buffer)
    assert [nulls.tolist() for nulls in table.nulls] == [
        [False, True, True, False],
        [False, True, False, True],
        [False, False, False, True],
    ]
    assert encode_profile(table) == buffer
    filled = table.fill_null(QUARTER_S)
    assert filled.columns[1].tolist() == [8, 8, 0, 0]
    assert filled.columns[2].tolist() == [1, 2, 3, 3]
    stamps = [CosemDateTime.decode(row.tobytes()) for row in filled.columns[0]]
    assert [(stamp.hour, stamp.minute, stamp.hundredths, stamp.deviation) for stamp in stamps] == [
        (5, 0, 0xFF, -60),
        (5, 15, 0xFF, -60),
        (5, 30, 0xFF, -60),
        (5, 30, 0xFF, -0x8000),
    ]
    assert not any(nulls.any() for nulls in filled.nulls)


def test_fill_needs_a_first_value_and_stamps_need_to_be_full():
    table = decode_profile(bytes.fromhex("0102 0202001101 020209001102".replace(" ", "")))
    with pytest.raises(DecodeError, match="column 0 begins with null-data"):
        table.fill_null(QUARTER_S)
    sparse = load_profile(3).null_regular(QUARTER_S, columns=(0,))
    with pytest.raises(DecodeError, match="no full column"):
        sparse.stamps()
    with pytest.raises(DecodeError, match="no full column"):
        sparse.stamps(1)


@given(tables(), st.binary(min_size=1, max_size=3))
def test_any_table_both_ways_in_three_cuts(table, tail):
    buffer = encode_profile(table)
    decoded = decode_profile(buffer)
    assert len(decoded) == len(table)
    assert encode_profile(decoded) == buffer
    values, end = native(buffer)
    assert end == len(buffer)
    assert len(values) == len(table)
    expected = [
        [None if null else cell for cell, null in zip(cells_of(column, tag), nulls, strict=True)]
        for column, tag, nulls in zip(decoded.columns, decoded.tags, decoded.nulls, strict=True)
    ]
    assert repr(list(zip(*expected, strict=True))) == repr(values)
    for cut in (*range(min(len(buffer), 40)), len(buffer) - 1):
        with pytest.raises(DecodeError):
            decode_profile(buffer[:cut])
    with pytest.raises(DecodeError, match="behind the profile buffer"):
        decode_profile(buffer + tail)


def cells_of(column: np.ndarray, tag: Tag) -> list[object]:
    """Cells as `native` gives them."""
    return [cell.tobytes() for cell in column] if column.ndim == 2 else column.tolist()


@given(st.binary(max_size=150), st.sampled_from([b"", b"\x01", b"\x01\x02\x02\x02", b"\x13", b"\x13\x02\x02"]))
def test_any_octets_give_a_table_or_a_decode_error(octets, head):
    try:
        table = decode_profile(head + octets)
    except DecodeError:
        return
    assert len({len(column) for column in table.columns}) <= 1


@given(st.data())
def test_changed_octets_never_pass_unseen(data):
    """A buffer with one octet changed is refused or differs exactly where `native` says so."""
    buffer = bytearray(encode_profile(load_profile(60).null_regular(QUARTER_S, columns=(0, 1))))
    buffer[data.draw(st.integers(0, len(buffer) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        table = decode_profile(bytes(buffer))
    except DecodeError:
        return
    values, end = native(bytes(buffer))
    assert end == len(buffer)
    columns = [plain_cells(*column) for column in zip(table.columns, table.tags, table.nulls, strict=True)]
    if Tag.DONT_CARE not in table.tags and not {*buffer} & set(range(28, 34)):
        assert repr(list(zip(*columns, strict=True))) == repr(values)


def plain_cells(column: np.ndarray, tag: Tag, nulls: np.ndarray) -> list[object]:
    """Cells of a column with None where they are null."""
    return [None if null else cell for cell, null in zip(cells_of(column, tag), nulls, strict=True)]


@given(instants, st.integers(2, 80), st.data())
def test_compressing_and_filling_is_lossless(start, count, data):
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, 300), min_size=count, max_size=count))))
    utc = start // QUARTER_S * QUARTER_S + QUARTER_S * rows
    status = np.array(data.draw(st.lists(st.sampled_from([0, 8]), min_size=count, max_size=count)), np.uint8)
    table = Table(
        [encode_stamps(utc, *CET.offsets(utc)), status, rows.astype(np.uint32), rows], [*TAGS[:3], Tag.LONG64]
    )
    sparse = table.null_regular(QUARTER_S, columns=(0, 1, 2))
    assert same(decode_profile(encode_profile(sparse)).fill_null(QUARTER_S), table)


def test_columns_of_every_other_kind():
    rows = [
        [Data(Tag.VISIBLE_STRING, "a"), Data(Tag.STRUCTURE, (Data(Tag.INTEGER, -1),)), Data(Tag.UNSIGNED, 1)],
        [Data(Tag.VISIBLE_STRING, "bc"), Data(Tag.NULL, None), Data(Tag.LONG_UNSIGNED, 2)],
        [Data(Tag.VISIBLE_STRING, ""), Data(Tag.STRUCTURE, ()), Data(Tag.OCTET_STRING, b"x")],
    ]
    buffer = encode(Data(Tag.ARRAY, tuple(Data(Tag.STRUCTURE, tuple(row)) for row in rows)))
    table = decode_profile(buffer)
    assert table.tags == [Tag.VISIBLE_STRING, Tag.STRUCTURE, Tag.DONT_CARE]
    assert table.columns[0].tolist() == ["a", "bc", ""]
    assert table.columns[1].tolist() == [rows[0][1], None, rows[2][1]]
    assert table.columns[2].tolist() == [row[2] for row in rows]
    assert encode_profile(table) == buffer


def test_octet_strings_of_different_length():
    rows = [Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, bytes(size)),)) for size in (12, 0, 200, 12)]
    buffer = encode(Data(Tag.ARRAY, tuple(rows)))
    table = decode_profile(buffer)
    assert table.columns[0].tolist() == [bytes(12), b"", bytes(200), bytes(12)]
    assert encode_profile(table) == buffer


def test_deltas_are_added_up():
    cells = [
        Data(Tag.DOUBLE_LONG_UNSIGNED, 1000),
        Data(Tag.DELTA_UNSIGNED, 200),
        Data(Tag.NULL, None),
        Data(Tag.DELTA_INTEGER, -100),
        Data(Tag.DOUBLE_LONG_UNSIGNED, 5),
        Data(Tag.DELTA_LONG_UNSIGNED, 60_000),
    ]
    rows = tuple(Data(Tag.STRUCTURE, (cell,)) for cell in cells)
    table = decode_profile(encode(Data(Tag.ARRAY, rows)))
    assert table.tags == [Tag.DOUBLE_LONG_UNSIGNED]
    assert table.fill_null(0).columns[0].tolist() == [1000, 1200, 1200, 1100, 5, 60_005]
    for bad in (rows[1:], (*rows, Data(Tag.STRUCTURE, (Data(Tag.UNSIGNED, 1),))), rows[4:5] + rows[3:4]):
        with pytest.raises(DecodeError, match="delta"):
            decode_profile(encode(Data(Tag.ARRAY, bad)))


def test_compact_array_is_a_profile_too():
    description = TypeDescription(Tag.STRUCTURE, tuple(map(TypeDescription, TAGS)))
    table = load_profile(20)
    rows = [tuple(row) for row in zip(*(cells_of(c, t) for c, t in zip(table.columns, TAGS, strict=True)), strict=True)]
    buffer = encode(Data(Tag.COMPACT_ARRAY, compact(description, rows)))
    assert same(decode_profile(buffer), table)
    with pytest.raises(DecodeError, match="behind"):
        decode_profile(buffer + b"\x00")


@given(compact_arrays)
def test_any_compact_array_is_a_table_or_a_decode_error(array):
    try:
        decode_profile(encode(Data(Tag.COMPACT_ARRAY, array)))
    except DecodeError:
        return


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("", "no array"),
        ("00", "no array"),
        ("0201", "no array"),
        ("0101 1101", "expected structure"),
        ("0102 0200 0200", "without cells"),
        ("0102 02011101 020211011102", "rows of 1 and of 2 cells"),
        ("0103 02011101 02011102", "cut off"),
        ("0101 02020600000001", "cut off"),
        ("0101 0201 63", "tag 99"),
        ("0184ffffffff", "4294967295 elements"),
        ("0101 0284ffffffff", "4294967295 elements"),
    ],
)
def test_bad_buffers(octets, words):
    with pytest.raises(DecodeError, match=words):
        decode_profile(bytes.fromhex(octets.replace(" ", "")))


def test_empty_profile():
    assert len(decode_profile(b"\x01\x00")) == 0
    assert encode_profile(decode_profile(b"\x01\x00")) == b"\x01\x00"
    assert encode_profile(load_profile(4).select(slice(0, 0))) == b"\x01\x00"


def test_wider_columns_are_narrowed_only_if_they_fit():
    fits = Table([np.array([0, 255])], [Tag.UNSIGNED])
    assert encode_profile(fits).hex() == "01020201110002011" + "1ff"
    floats = Table([np.array([1.5], np.float32)], [Tag.FLOAT64])
    assert encode_profile(floats).hex() == "01010201183ff8000000000000"
    for column, tag in [
        (np.array([0, 256]), Tag.UNSIGNED),
        (np.array([-1]), Tag.LONG64_UNSIGNED),
        (np.array([1.5]), Tag.UNSIGNED),
        (np.zeros((2, 11), np.uint8), Tag.DATE_TIME),
        (np.zeros((2, 11), np.int64), Tag.OCTET_STRING),
        (np.zeros(2, np.uint8), Tag.OCTET_STRING),
    ]:
        with pytest.raises(EncodeError, match="does not fit"):
            encode_profile(Table([column], [tag]))


def test_columns_must_belong_together():
    with pytest.raises(EncodeError, match="1 columns with 2 tags"):
        Table([np.zeros(2)], [Tag.FLOAT64, Tag.FLOAT64])
    with pytest.raises(EncodeError, match="different length"):
        Table([np.zeros(2), np.zeros(3)], [Tag.FLOAT64, Tag.FLOAT64])


def test_structured_array_and_selection():
    table = load_profile(10)
    rows = table.select(slice(2, 5), columns=(0, 3)).structured(["clock", "export"])
    assert rows.dtype.names == ("clock", "export")
    assert rows["export"].tolist() == [6 + (1 << 31), 9 + (1 << 31), 12 + (1 << 31)]
    assert rows["clock"].shape == (3, 12)
    assert table.structured().dtype.names == ("c0", "c1", "c2", "c3")
    assert table.clock() == 0
    assert table.select(slice(None), columns=(1, 2)).clock() is None


@pytest.mark.parametrize(
    "pattern", ["1", "01", "011", "000111", "0" + 9 * "1", 70 * "0" + "1", "0" + 99 * "1", "0110" + 20 * "1"]
)
def test_rows_whose_shapes_alternate_and_runs_of_any_length(pattern):
    table = load_profile(400)
    null = np.resize(np.array(list(map(int, pattern)), np.bool_), len(table))
    null[-1] = False
    sparse = Table(table.columns, table.tags, [null, null, np.zeros(len(table), np.bool_), ~null])
    assert same(decode_profile(encode_profile(sparse)), sparse)


def test_column_of_nothing_but_null_data_has_no_type():
    table = Table([np.arange(3, dtype=np.uint8)], [Tag.UNSIGNED], [np.ones(3, np.bool_)])
    decoded = decode_profile(encode_profile(table))
    assert (decoded.tags, decoded.columns[0].tolist()) == ([Tag.NULL], [None] * 3)


def test_more_columns_than_bits_in_a_word():
    columns = [np.array([index, index + 1], np.uint8) for index in range(200)]
    nulls = [np.array([index % 3 == 0, index % 3 == 1]) for index in range(200)]
    table = Table(columns, [Tag.UNSIGNED] * 200, nulls)
    assert same(decode_profile(encode_profile(table)), table)
