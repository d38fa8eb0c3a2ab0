"""gurux-dlms upgrades the firmware of a meter."""

import time
from typing import Any

from gurux_dlms.objects import GXDLMSData, GXDLMSImageTransfer
from gurux_tour import Orders, associated
from peer import jobs

TEMPORARY_FAILURE = "error 2"
BAD = (4, 7)
PATIENCE_S = 60.0


def upgrade(orders: Orders) -> dict[str, Any]:
    """Initiate, send the blocks, verify, activate, and look how far the meter has come."""
    image = bytes.fromhex(orders["image"])
    with associated(orders) as meter:
        thing = GXDLMSImageTransfer(orders["name"])
        size = int(meter.read(thing, 2))
        meter.ask(thing.imageTransferInitiate(meter.client, orders["identifier"], len(image)))
        packets: list[Any] = thing.imageBlockTransfer(meter.client, image, [])
        for packet in packets:
            meter.ask(packet)
        first = int(meter.read(thing, 4))
        carry_out(meter, thing, thing.imageVerify(meter.client), 3)
        carry_out(meter, thing, thing.imageActivate(meter.client), 6)
        version = bytes(meter.read(GXDLMSData(orders["version"]), 2)).decode()
        return {"block_size": size, "sent": len(packets), "first": first, "version": version}


def carry_out(meter: Any, thing: Any, packets: Any, good: int) -> None:
    """Call a method that may take its time, and wait for the end of it."""
    try:
        meter.ask(packets)
    except ValueError as error:
        if TEMPORARY_FAILURE not in str(error):
            raise
    until = time.monotonic() + PATIENCE_S
    while (now := status(meter, thing)) != good:
        if now in BAD or time.monotonic() > until:
            raise ValueError(f"the image transfer has status {now}")
        time.sleep(0.2)


def status(meter: Any, thing: Any) -> int:
    """How far the transfer has come."""
    return int(meter.read(thing, 6))


JOBS = jobs(upgrade)
