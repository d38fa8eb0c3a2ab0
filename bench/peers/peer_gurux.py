"""Times gurux-dlms in a process of its own: one JSON object of medians in seconds.

Reads on standard input: rounds, the hex of a wrapper frame with a GET response that carries a profile, and of an
HDLC frame with an information field of 128 octets.
"""

import contextlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.internal._GXCommon import _GXCommon


def median(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of one call."""
    work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def codec(orders: dict[str, Any]) -> dict[str, float]:
    frame = bytes.fromhex(orders["frame"])

    def decode() -> Any:
        client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
        reply = GXReplyData()
        client.getData(GXByteBuffer(frame), reply, None)
        return reply.value

    rows = decode()

    def encode() -> None:
        _GXCommon.setData(None, GXByteBuffer(), DataType.ARRAY, rows)

    return {
        "profile_decode": median(decode, orders["rounds"]),
        "profile_encode": median(encode, orders["rounds"]),
    }


def hdlc(orders: dict[str, Any]) -> dict[str, float]:
    frame = bytes.fromhex(orders["hdlc"])
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.HDLC)
    information = bytes(128)

    def encode() -> None:
        GXDLMS.getHdlcFrame(client.settings, 0x10, GXByteBuffer(information))

    def decode() -> None:
        client.settings.resetFrameSequence()
        GXDLMS.getHdlcData(False, client.settings, GXByteBuffer(frame), GXReplyData(), None)

    times = {"hdlc_encode": encode, "hdlc_decode": decode}
    return {
        name: median(lambda work=work: [work() for _ in range(100)], orders["rounds"]) / 100
        for name, work in times.items()
    }


def main() -> None:
    orders = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints while it works
        found = codec(orders) | hdlc(orders)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
