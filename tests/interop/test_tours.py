"""Outsiders read, write and invoke all that our meter has, on every line and in every way they know."""

from interop.cell import DEVICE_NAME, Cell, each
from interop.cells.tours import PUBLIC, SHORT_TOURS, TOURS
from interop.expected import BEYOND, RANGE, SPAN
from openami.dlms.server import Association
from short_meter import ShortMeter
from small_meter import CLOCK, COUNTER, ENERGY, NAME, SmallMeter

#: What a register of 7 and one of 0 is, with a scaler of 1 or with none.
SCALED = {"gurux-dlms": (10, "70.0", "0.0"), "dlms-cosem": (1, "7", "0")}


def objects_of(meter: SmallMeter) -> list[list[object]]:
    if isinstance(meter, ShortMeter):
        return [[n.class_id, n.version, str(n.logical_name), n.base_name] for n in meter.names.elements]
    return [[o.class_id, o.version, str(o.state[1]), 0] for o in meter.objects.values()]


def check_values(cell: Cell, meter: SmallMeter, found: dict) -> None:
    """Every attribute but the names was read."""
    beyond = BEYOND[cell.peer]
    assert found["errors"] == beyond
    known = sum(len(held.attributes) - 1 for held in meter.objects.values())
    assert len(found["values"]) == known - len(beyond)
    assert found["values"][f"3/{ENERGY}/2"] in {"12345", "123450.0"}
    assert found["values"][f"1/{NAME}/2"] in {DEVICE_NAME, DEVICE_NAME.encode().hex()}


def check_work(cell: Cell, meter: SmallMeter, found: dict) -> None:
    """Rows are those asked for; what was written and invoked arrived."""
    scale, seven, none = SCALED[cell.peer]
    rows = {"range": range(9, 20), "entries": range(5)}
    for name, numbers in rows.items():
        if name in found:
            assert [float(row[2]) for row in found[name]] == [7.0 * scale * number for number in numbers]
    assert found["written"] == seven
    assert found["invoked"] == (seven if isinstance(meter, ShortMeter) else none)


@each((*TOURS, *SHORT_TOURS))
async def test_a_whole_tour(cell, peers):
    meter = cell.meter()
    found = await cell.visit(peers, "tour", meter, span=SPAN, **RANGE)
    if found is None:
        return
    assert found["objects"] == objects_of(meter)
    check_values(cell, meter, found)
    check_work(cell, meter, found)


@each(PUBLIC)
async def test_the_public_client_sees_what_is_public_and_no_more(cell, peers):
    meter = (ShortMeter if cell.referencing == "SN" else SmallMeter)((Association(1), Association(16)))
    found = await cell.visit(peers, "tour", meter, client=16)
    assert {name for _, _, name, _ in found["objects"]} == {"0.0.40.0.0.255", NAME, CLOCK, COUNTER}
    assert found["values"][f"1/{NAME}/2"] in {"OAMSIM0000000001", b"OAMSIM0000000001".hex()}
    refused = {"ValueError: the meter answered with error 3"}
    # no list of rights by short names that it understands: it asks for all
    assert set(found["errors"].values()) == (refused if cell.referencing == "SN" else set())
