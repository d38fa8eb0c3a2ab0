"""Outsiders at our optical port: gurux-dlms in mode E after a greeting by hand, and iec62056-21 in mode C."""

import asyncio
from contextlib import asynccontextmanager

from cable import Cable
from interop.cell import Cell, each
from interop.cells.optical import GREETED, PROGRAMMED, READOUTS
from interop.expected import RANGE, SPAN
from interop.test_tours import check_values, check_work, objects_of
from openami.aio.optical_listener import OpticalListener
from openami.aio.route import Device
from optical_cable import SmallOptical
from small_meter import SmallMeter


@each(GREETED)
async def test_a_whole_tour_after_a_greeting(cell: Cell, peers):
    meter = cell.meter()
    found = await cell.visit(peers, "tour", meter, span=SPAN, **RANGE)
    assert found["objects"] == objects_of(meter)
    check_values(cell, meter, found)
    check_work(cell, meter, found)


@asynccontextmanager
async def port_of(meter: SmallOptical):
    """A meter's optical port, told to a peer as orders."""
    async with Cable() as cable, OpticalListener(SmallMeter(), meter, Device(cable.server)):
        yield {"device": cable.client}


@each(READOUTS)
async def test_a_readout(cell: Cell, peers):
    meter = SmallOptical()
    async with port_of(meter) as orders:
        found = await asyncio.to_thread(cell.ask, peers, "read_out", orders)
    assert found["who"][0] == "OAM"
    assert found["who"][1].endswith("SIM-SMALL")
    assert found["who"][2] == 9_600
    assert found["sets"] == [[one.address, one.value, one.unit or None] for one in meter.values.values()]


@each(PROGRAMMED)
async def test_the_programming_mode(cell: Cell, peers):
    meter = SmallOptical()
    wishes = {"password": "12345678", "address": "0.9.1", "value": "12:34:56", "unknown": "9.9.9"}
    async with port_of(meter) as orders:
        found = await asyncio.to_thread(cell.ask, peers, "program", {**orders, **wishes})
    assert found["operand"] == ["P", "0012"]
    assert found["accepted"] == "\x06"
    assert (found["before"], found["after"]) == ("00:00:00", "12:34:56")
    assert found["refused"] == "ERROR"
    assert meter.values["0.9.1"].value == "12:34:56"
