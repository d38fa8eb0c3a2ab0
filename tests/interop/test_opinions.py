"""Outsiders asked for their opinion on octets: gurux-dlms on short names and compact-arrays, both on every type."""

import numpy as np

from interop.cell import COSEM, Cell, each
from interop.cells.opinions import (
    ALIKE,
    BLOCKS,
    COMPACT,
    NEXT_BLOCKS,
    ODD_COMPACT,
    ODD_TYPES,
    OPENED,
    SERVERS,
    TRANSLATED,
    TYPES,
)
from openami.dlms.data import BitString, CompactArray, Data, Tag, TypeDescription, compact, encode
from openami.dlms.profile import Table, encode_compact_profile
from openami.dlms.security import Form
from openami.dlms.xdlms import Conformance, DataAccessResult, EntryDescriptor
from openami.dlms.xdlms.short import (
    BlockNumberAccess,
    DataBlockResult,
    InformationReportRequest,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
    by_short_names,
)
from pair import AK, CLIENT_TITLE, EK, SERVER_TITLE, forger

FIVE = b"\x06\0\0\0\5"
VALUE = VariableName(0x1008)
LONG = bytes(n % 251 for n in range(600))
T = TypeDescription
U8, U16 = T(Tag.UNSIGNED), T(Tag.LONG_UNSIGNED)
TEXT, OCTETS, BITS = T(Tag.VISIBLE_STRING), T(Tag.OCTET_STRING), T(Tag.BIT_STRING)


def requests():
    """Our APDUs, and what the peer should see in each: tags with contents."""
    entries = EntryDescriptor(1, 5).encode()
    name = ("variable-name", "", "4104")
    five = ("double-long-unsigned", "", "5")
    return {
        ReadRequest((VALUE, VariableName(0xFA08))): [name, ("variable-name", "", "-1528")],
        ReadRequest((ParameterizedAccess(0x1008, *entries),)): [
            ("parameterized-access", "", ""),
            name,
            ("selector", "", "2"),
            ("double-long-unsigned", "", "1"),
            five,
        ],
        ReadRequest((BlockNumberAccess(7),)): [("block-number", "", "7")],
        ReadRequest((ReadDataBlockAccess(True, 3, b"\1\2"),)): [("LastBlock", "1", ""), ("BlockNumber", "3", "")],
        ReadResponse((FIVE, DataAccessResult.OBJECT_UNDEFINED)): [
            five,
            ("data-access-error", "", "object-undefined"),
        ],
        WriteRequest((VALUE,), (FIVE,)): [name, five],
        WriteRequest((WriteDataBlockAccess(False, 1),), (b"\x09\x03\1\2\3",)): [
            ("LastBlock", "0", ""),
            ("BlockNumber", "1", ""),
            ("octet-string", "", "010203"),
        ],
        WriteResponse((DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED)): [
            ("success", "", ""),
            ("data-access-result", "", "read-write-denied"),
        ],
        InformationReportRequest((VALUE,), (FIVE,)): [name, five],
    }


def in_order(wanted, found):
    """Whether all that is wanted is there, in that order."""
    rest = iter(found)
    return all(any(tuple(seen) == want for seen in rest) for want in wanted)


@each(TRANSLATED)
def test_the_peer_reads_our_apdus_as_we_mean_them(cell, peers):
    translated = cell.ask(peers, "translate", {"apdus": [apdu.encode().hex() for apdu in requests()]})
    for (apdu, wanted), seen in zip(requests().items(), translated, strict=True):
        assert in_order(wanted, seen), (apdu, seen)


@each(ALIKE)
def test_the_peer_sends_what_we_send(cell, peers):
    entries = EntryDescriptor(1, 5).encode()
    ours = {
        "read": ReadRequest((VALUE,)),
        "write": WriteRequest((VALUE,), (FIVE,)),
        "object list": ReadRequest((VariableName(0xFA08),)),
        "entries": ReadRequest((ParameterizedAccess(0x2008, *entries),)),
        "report": InformationReportRequest((VALUE,), (FIVE,)),
    }
    assert {name: apdu.encode().hex() for name, apdu in ours.items()} == cell.ask(peers, "sent_by_short_names", {})


def long_in_blocks() -> list[str]:
    """A long value as an answer in blocks."""
    octets = b"\x09\x82\x02\x58" + LONG
    cuts = [octets[at : at + 90] for at in range(0, len(octets), 90)]
    blocks = [DataBlockResult(raw is cuts[-1], number, raw) for number, raw in enumerate(cuts, 1)]
    return [ReadResponse((block,)).encode().hex() for block in blocks]


@each(BLOCKS)
def test_the_peer_puts_our_blocks_of_one_value_together(cell, peers):
    found = cell.ask(peers, "put_together", {"blocks": long_in_blocks(), **cell.facts})
    assert (found and found["value"]) == (None if cell.failure else LONG.hex())


@each(NEXT_BLOCKS)
def test_how_the_peer_asks_for_the_next_block(cell, peers):
    found = cell.ask(peers, "put_together", {"blocks": long_in_blocks(), **cell.facts})
    assert found["asked"] == [f"00010500{number:02x}" for number in range(1, len(long_in_blocks()))]


@each(OPENED)
def test_the_peer_opens_our_ciphered_answers(cell, peers):
    answers = [
        ReadResponse((FIVE,)),
        ReadResponse((DataAccessResult.OBJECT_UNDEFINED,)),
        WriteResponse((DataAccessResult.SUCCESS,)),
    ]
    server = forger(SERVER_TITLE, CLIENT_TITLE)
    forms = (Form.GLO, Form.GENERAL_GLO)
    orders = {
        "encryption_key": EK.hex(),
        "authentication_key": AK.hex(),
        "client_title": CLIENT_TITLE.hex(),
        "server_title": SERVER_TITLE.hex(),
        "apdus": [server.seal(answer.encode(), form, 0x30).hex() for form in forms for answer in answers],
    }
    assert cell.ask(peers, "opened", orders) == [[0, 5], [4, None], [0, None]] * 2


def test_what_the_peer_proposes_is_what_short_names_are_for():
    proposed = Conformance(0x1C0320)
    everything = by_short_names(Conformance(0xFFFFFF))
    assert proposed & everything == proposed


# Data


def written(array: CompactArray) -> bytes:
    return encode(Data(Tag.COMPACT_ARRAY, array))


def descriptions() -> list[tuple[CompactArray, list[object]]]:
    """Compact-arrays of every description, and what they hold."""
    nested = T(Tag.STRUCTURE, (U8, T(Tag.STRUCTURE, (U16, OCTETS))))
    return [
        (compact(U16, [1, 2, 3]), [1, 2, 3]),
        (compact(T(Tag.DOUBLE_LONG), [-1, 70_000]), [-1, 70_000]),
        (compact(TEXT, ["a", "", "bcd"]), ["a", "", "bcd"]),
        (compact(OCTETS, [b"\xaa", b"\xbb\xcc"]), ["aa", "bbcc"]),
        (compact(BITS, [BitString.parse("10110000"), BitString.parse("0" * 16)]), ["10110000", "0" * 16]),
        (compact(T(Tag.STRUCTURE, (U8, TEXT)), [(1, "a"), (2, "bc")]), [[1, "a"], [2, "bc"]]),
        (compact(nested, [(1, (2, b"\x03")), (4, (5, b""))]), [[1, [2, "03"]], [4, [5, ""]]]),
    ]


def profile() -> tuple[bytes, list[object]]:
    """A profile as a compact-array, and its rows."""
    clock = np.arange(24, dtype=np.uint8).reshape(2, 12)
    columns = [clock, np.array([8, 0], np.uint8), np.array([5, 70_000], np.uint32)]
    buffer = encode_compact_profile(Table(columns, [Tag.OCTET_STRING, Tag.UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED]))
    stamps = [row.tobytes().hex() for row in clock]
    return buffer, [[stamps[0], 8, 5], [stamps[1], 0, 70_000]]


def read(cell: Cell, peers, *buffers: bytes):
    return cell.ask(peers, "data", {"data": [buffer.hex() for buffer in buffers]})


@each(COMPACT[:1])
def test_every_description_is_read_as_it_was_meant(cell, peers):
    arrays, meant = zip(*descriptions(), strict=True)
    assert read(cell, peers, *map(written, arrays)) == list(meant)


@each(COMPACT[1:])
def test_a_profile_is_read_as_its_rows(cell, peers):
    buffer, rows = profile()
    assert read(cell, peers, buffer) == [rows]


ODD_ROWS = {
    "null": (T(Tag.NULL), [(1, None), (2, None)], [[1, None]]),
    "array": (T(Tag.ARRAY, (U8,), 2), [(1, (2, 3)), (4, (5, 6))], [[1, [[2], [3]]], [4, [[5], [6]]]]),
}


@each(ODD_COMPACT)
def test_compact_arrays_beyond_the_peer(cell, peers):
    member, rows, taken = ODD_ROWS[cell.facts["holds"]]
    assert read(cell, peers, written(compact(T(Tag.STRUCTURE, (U8, member)), rows))) == [taken]


PLAIN = (
    (Tag.NULL, None), (Tag.BOOLEAN, True), (Tag.DOUBLE_LONG, -5), (Tag.DOUBLE_LONG_UNSIGNED, 5),
    (Tag.OCTET_STRING, b"\1\2"), (Tag.VISIBLE_STRING, "ab"), (Tag.INTEGER, -3), (Tag.LONG, -300), (Tag.UNSIGNED, 3),
    (Tag.LONG_UNSIGNED, 300), (Tag.LONG64, -7), (Tag.LONG64_UNSIGNED, 7), (Tag.ENUM, 3),
)  # fmt: skip
ODD = {
    "bit-string": (Tag.BIT_STRING, BitString.parse("1011")),
    "utf8-string": (Tag.UTF8_STRING, "é"),
    "bcd": (Tag.BCD, 12),
    "float32": (Tag.FLOAT32, 1.5),
    "float64": (Tag.FLOAT64, 2.5),
    "compact-array": (Tag.COMPACT_ARRAY, compact(U8, [1, 2])),
}
"""Types, one value of each, that not every peer can read."""


def legible(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


@each(TYPES)
def test_data_is_read_as_it_was_meant(cell, peers):
    known = PLAIN if cell.peer == COSEM else (*PLAIN, *(pair for name, pair in ODD.items() if name != "utf8-string"))
    assert f"{len(known)} types" in cell.what
    found = read(cell, peers, *(encode(Data(*pair)) for pair in known))
    values = [legible(value) for _, value in known]
    if cell.peer == COSEM:
        assert found == [str(value) for value in values]
        return
    assert found[: len(PLAIN)] == values[: len(PLAIN)]
    assert found[len(PLAIN) :] == ["1011", 12, 1.5, 2.5, [1, 2]]


@each(ODD_TYPES)
def test_types_beyond_the_peer(cell, peers):
    [found] = read(cell, peers, encode(Data(*ODD[cell.what])))
    if cell.peer == COSEM:
        assert found.startswith("NotImplementedError: ")
    else:
        assert found == "C3 A9"


@each(SERVERS)
def test_the_peer_as_a_server(cell, peers):
    assert cell.ask(peers, "serve_a_client", dict(cell.facts)) is None
