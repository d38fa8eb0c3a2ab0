"""Outsiders at services one by one: lists, long values in blocks, general block transfer, ACCESS."""

from interop.cell import Cell, each
from interop.cells.services import (
    ACCESSES,
    ACCESSES_TO_WRITE,
    ENTRIES,
    GENERAL_SETS,
    LONG_GETS,
    LONG_SETS,
    READ_LISTS,
    RESETS,
    WRITE_LISTS,
)
from interop.expected import RANGE, seen_by
from openami.dlms.data import OCTET_STRING
from openami.dlms.server import AccessRequest, SetRequest
from short_meter import ShortMeter
from small_meter import CLOCK, ENERGY, SECRET, SmallMeter

LONG = bytes(range(250)) * 4
MAX_PDU = 120
READ = [(3, ENERGY, 2), (8, CLOCK, 3), (8, CLOCK, 7)]


def small(cell: Cell, value: bytes = LONG) -> SmallMeter:
    """A meter that takes short APDUs alone, and holds a long value."""
    meter = cell.meter()
    meter.max_pdu = MAX_PDU
    meter.object(1, SECRET).value = value
    return meter


def short_name(meter: SmallMeter, class_id: int, name: str) -> int:
    """Where an object begins, if it has a short name."""
    if not isinstance(meter, ShortMeter):
        return 0
    return next(n.base_name for n in meter.names.elements if (n.class_id, str(n.logical_name)) == (class_id, name))


@each(LONG_GETS)
async def test_a_long_value_is_read(cell, peers):
    meter = small(cell)
    there = {"name": SECRET, "short_name": short_name(meter, 1, SECRET), "max_pdu": MAX_PDU}
    found = await cell.visit(peers, "long_get", meter, **there)
    if found is not None:
        assert found["value"] == LONG.hex()
        assert found.get("requests", 99) > len(LONG) / MAX_PDU


@each(LONG_SETS)
async def test_a_long_value_is_written(cell, peers):
    meter = small(cell, b"")
    found = await cell.visit(peers, "long_set", meter, name=SECRET, value=LONG.hex(), max_pdu=MAX_PDU)
    assert (found is None) is (meter.object(1, SECRET).value == b"")
    if found is not None:
        assert meter.object(1, SECRET).value == LONG
        assert found["requests"] > len(LONG) / MAX_PDU


@each(READ_LISTS)
async def test_a_list_is_read(cell, peers):
    meter = cell.meter()
    read = [(*item, short_name(meter, *item[:2])) for item in READ]
    found = await cell.visit(peers, "read_list", meter, read=read)
    assert found in (None, ["12345", "0", "60"])


@each(WRITE_LISTS)
async def test_a_list_is_written(cell, peers):
    assert await cell.visit(peers, "write_list", cell.meter(), name=SECRET, value="aabb") is None


@each(ACCESSES)
async def test_access_reads(cell, peers):
    meter = cell.meter()
    read = [(*item, 0) for item in (*READ, (1, "0.0.96.9.9.255", 2))]
    found = await cell.visit(peers, "access", meter, read=read)
    if found is None:
        return
    assert found == [["12345", "OK"], ["0", "OK"], ["60", "OK"], ["None", "UNDEFINED_OBJECT"]]
    [asked] = seen_by(meter, AccessRequest)
    assert [str(item.attribute.logical_name) for item, _ in asked.items] == [name for _, name, *_ in read]


@each(ACCESSES_TO_WRITE)
async def test_access_writes(cell, peers):
    assert await cell.visit(peers, "access_to_write", cell.meter(), name=SECRET, value="aabb") is None


@each(GENERAL_SETS)
async def test_a_value_is_written_by_general_block_transfer(cell, peers):
    meter = small(cell, b"")
    value = LONG[: cell.facts["size"]]
    found = await cell.visit(peers, "set_by_general_blocks", meter, name=SECRET, value=value.hex())
    written = [event.items[0][2] for event in seen_by(meter, SetRequest)]
    if found is None:
        assert written[0] == OCTET_STRING.encode(value)[: len(written[0])]
        assert len(written[0]) < len(value) + 2
        return
    blocks = [bytes.fromhex(block) for block in found]
    assert [block[0] for block in blocks] == [0xE0] * len(blocks)
    is_marked = bool(blocks[-1][1] & 0x80)
    assert is_marked is cell.facts.get("is_marked", True)
    assert written == ([OCTET_STRING.encode(value)] if is_marked else [])


@each(RESETS)
async def test_a_method_is_invoked(cell, peers):
    meter = cell.meter()
    await cell.visit(peers, "reset_register", meter, short_name=short_name(meter, 3, ENERGY))
    assert meter.object(3, ENERGY).value == (12_345 if cell.failure else 0)


@each(ENTRIES)
async def test_rows_by_entry(cell, peers):
    assert await cell.visit(peers, "entries", cell.meter(), **RANGE) is None
