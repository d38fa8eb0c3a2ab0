"""Outsiders push to us, and read what we push."""

import asyncio
from dataclasses import replace

from interop.cell import Cell, each
from interop.cells.pushes import (
    BLOCK_NUMBERS,
    BLOCKS,
    CONFIRMED,
    COSEM_TAKEN,
    EVENTS,
    FRAME_NUMBERS,
    GENERAL_TAKEN,
    REPORTS,
    REPORTS_TAKEN,
    SEALED_EVENTS,
    SEGMENTS,
    SETUPS,
    SMALL,
    TAKEN,
    TWICE,
    UNMARKED,
)
from openami.aio.listener import listen
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.dlms.push import Framing, Origin, Pushed
from openami.dlms.push.blocks import in_blocks
from openami.dlms.push.framing import enframe
from openami.dlms.security import Policy
from openami.dlms.security.envelope import KeyKind, Route
from openami.dlms.xdlms import (
    AttributeDescriptor,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
)
from openami.dlms.xdlms.short import InformationReportRequest, VariableName
from pair import AK, CLIENT_TITLE, EK, SERVER_TITLE, wrap
from pushes import KEYS, hear, knows, listener, notification, one, sealer

ORIGINS = {
    "wrapper": Origin(Framing.WRAPPER, 1, 1),
    "hdlc": Origin(Framing.HDLC, b"\x03", b"\x03"),
    "raw": Origin(Framing.RAW),
}
ENERGY, NAME = OBIS.parse("1.0.1.8.0.255"), OBIS.parse("0.0.42.0.0.255")
FIVE = b"\x06\0\0\0\5"
STAMP = CosemDateTime(2026, 11, 20, 5, 8, 15, 30, 0, -60, 0)


def ask(peers, cell: Cell, job: str, **more):
    """Have the peer do its part."""
    facts = {
        "encryption_key": EK.hex(),
        "authentication_key": AK.hex(),
        "meter_title": SERVER_TITLE.hex(),
        "client_title": CLIENT_TITLE.hex(),
        "short": 0x1000 if cell.referencing == "SN" else 0,
    }
    return cell.ask(peers, job, {**facts, "framing": "wrapper", "protection": 0, **cell.facts, **more})


def frames_of(peers, cell: Cell, **more) -> list[bytes]:
    """What the peer pushes."""
    return [bytes.fromhex(frame) for frame in ask(peers, cell, "push", **more)["frames"]]


def blocks_of(peers, cell: Cell) -> list[bytes]:
    return frames_of(peers, cell, shape="plain", max_pdu=SMALL)


@each(SETUPS)
def test_the_peer_pushes_a_push_setup_to_us(cell, peers):
    frames = frames_of(peers, cell, shape="push setup", invocation_counter=9)
    push = one(hear(listener(unauthenticated=True), *frames))
    itself, name, energy = push.understood.values
    assert itself[:3] == (OBIS.parse("0.7.25.9.0.255"), 40, 2)
    assert name[:4] == (NAME, 1, 2, b"OAMSIM0000000001")
    assert energy[:4] == (ENERGY, 3, 2, 1234)
    control = cell.facts["protection"]
    assert push.protection.control == control
    assert push.protection.authenticated is bool(control & 0x10)
    assert push.protection.counter == (9 if control else None)
    assert push.origin.framing.value == cell.facts["framing"]


@each(BLOCKS)
def test_the_peer_pushes_in_blocks_to_us(cell, peers):
    frames = blocks_of(peers, cell)
    assert len(frames) > 3
    ear = listener()
    push = one(hear(ear, *frames))
    assert [value.value for value in push.understood.values] == [1234] * 40
    confirmed = len(frames) + (not cell.facts["protection"])
    assert len(ear.outgoing()) == confirmed, "each block wants to be confirmed, and the push in clear"


@each(UNMARKED)
def test_blocks_without_a_last_are_no_push(cell, peers):
    frames = blocks_of(peers, cell)
    assert len(frames) > 3
    assert hear(listener(unauthenticated=True), *frames) == []


@each(BLOCK_NUMBERS)
def test_numbers_of_blocks(cell, peers):
    acknowledged = [frame[12:14].hex() for frame in blocks_of(peers, cell)]
    assert acknowledged[:3] == ["0000", "0000", "ffff"]


@each(FRAME_NUMBERS)
def test_numbers_of_frames(cell, peers):
    kinds = [frame[5] for frame in blocks_of(peers, cell)]
    assert kinds[0] & ~0x10 == 0x03
    assert not any(kind & 1 for kind in kinds[1:]), "I-frames"


@each((*EVENTS, *SEALED_EVENTS))
def test_the_peer_sends_an_event_to_us(cell, peers):
    found = ask(peers, cell, "push", shape="event")
    if found is not None:
        push = one(hear(listener(), *map(bytes.fromhex, found["frames"])))
        assert push.understood.values[0][:4] == (ENERGY, 3, 2, 1234)


@each(REPORTS)
def test_the_peer_sends_a_report_to_us(cell, peers):
    at = {"at": "2026-11-20T08:15:30+01:00"} if cell.note else {}
    [frame] = frames_of(peers, cell, shape="event", **at)
    push = one(hear(listener(), frame))
    assert push.notification.current_time is None
    assert push.notification.values == (b"\x05\x00\x00\x04\xd2",)


@each(CONFIRMED)
async def test_the_peer_pushes_over_tcp_and_is_confirmed(cell, peers):
    async with listen("tcp://127.0.0.1:0", keys=knows) as pushes:
        there = {"host": "127.0.0.1", "port": pushes.addresses[0].port, "shape": "push setup"}
        delivery = asyncio.ensure_future(asyncio.to_thread(ask, peers, cell, "push", **there))
        async with asyncio.timeout(60):
            push = await anext(pushes)
            found = await delivery
    assert isinstance(push.notification, DataNotification)
    confirmation = DataNotificationConfirm(push.notification.long_invoke).encode()
    assert found["answer"] == b"".join(enframe(push.pushed.origin.back, confirmation)).hex()


@each(TAKEN)
def test_the_peer_reads_what_we_push(cell, peers):
    push, control = notification(5, size=300), cell.facts["protection"]
    apdu = sealer(protection=control).seal(push.encode()) if control else push.encode()
    origin = ORIGINS[cell.facts["framing"]]
    frames = [frame.hex() for part in in_blocks(apdu, cell.facts["max_pdu"]) for frame in enframe(origin, part)]
    assert ask(peers, cell, "take", frames=frames) == {
        "complete": True,
        "values": [[bytes(ENERGY).hex(), 1234], [OBIS.parse("0.0.96.1.0.255").hex(), (b"x" * 300).hex()]],
    }


@each(GENERAL_TAKEN)
def test_the_peer_reads_what_we_push_by_general_ciphering(cell, peers):
    by_route = replace(sealer(), form=Route(KeyKind.IDENTIFIED), peer=CLIENT_TITLE, random=bytes)
    frames = [wrap(by_route.seal(notification(5).encode())).hex()]
    assert ask(peers, cell, "take", frames=frames) is None


@each(REPORTS_TAKEN)
def test_the_peer_takes_our_report(cell, peers):
    if cell.referencing == "SN":
        report = InformationReportRequest((VariableName(0x1008),), (FIVE,)).encode()
    else:
        report = EventNotificationRequest(None, AttributeDescriptor(3, ENERGY, 2), FIVE).encode()
    assert ask(peers, cell, "take_report", frame=wrap(report).hex()) is None


@each(SEGMENTS)
def test_the_peer_joins_our_segments(cell, peers):
    frames = [frame.hex() for frame in enframe(ORIGINS["hdlc"], notification(5, size=3000).encode())]
    assert len(frames) == 2
    assert ask(peers, cell, "take", frames=frames)["values"][1][1] == (b"x" * 3000).hex()


@each(COSEM_TAKEN)
def test_the_peer_reads_and_verifies_what_we_push(cell, peers):
    push = DataNotification(0x40000005, STAMP.encode(), notification().body)
    control = cell.facts["protection"]
    apdu = sealer(start=321).seal(push.encode()) if control else push.encode()
    found = ask(peers, cell, "take", frames=[wrap(apdu).hex()])
    assert (found["invoke_id"], found["confirmed"]) == (5, True)
    assert found["values"] == [[bytes(ENERGY).hex(), 1234]]
    assert found["date_time"].startswith(STAMP.to_datetime().replace(tzinfo=None).isoformat())
    if control:
        assert (found["title"], found["counter"]) == (SERVER_TITLE.hex(), 321)


@each(TWICE)
def test_a_push_of_an_outsider_is_not_taken_twice(cell, peers):
    frames = frames_of(peers, cell, shape="push setup")
    events = hear(listener(least=Policy.AE, keys=lambda _: KEYS), *frames * 2)
    assert [isinstance(event, Pushed) for event in events] == [True, False]
