"""gurux-dlms, a client that somebody else wrote, on an HDLC line of pipes. Run in a process of its own.

Reads its orders as JSON on the first line, then says one line of hex per turn and reads one; the last
line is JSON. With `frames` among the orders it prints what its translator makes of each instead.
"""

import contextlib
import io
import json
import sys
from typing import Any

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXDLMSTranslator, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType
from gurux_dlms.objects import GXDLMSData

SAY = sys.stdout


class Line:
    """A client on the line."""

    def __init__(self, orders: dict[str, Any]) -> None:
        server = orders["server"]
        address = server[0] if len(server) == 1 else GXDLMSClient.getServerAddress(*server)
        self.client = GXDLMSClient(True, 16, address, Authentication.NONE, None, InterfaceType.HDLC)
        limits = self.client.hdlcSettings
        limits.maxInfoTX, limits.maxInfoRX, limits.windowSizeTX, limits.windowSizeRX = orders["limits"]

    def turn(self, frame: bytes, reply: GXReplyData) -> None:
        print(bytes(frame).hex(), file=SAY, flush=True)
        buffer = GXByteBuffer()
        buffer.set(bytes.fromhex(sys.stdin.readline()))
        if not self.client.getData(buffer, reply, None):
            raise ValueError("the answer is not complete")

    def ask(self, frames: Any) -> GXReplyData:
        reply = GXReplyData()
        for frame in frames if isinstance(frames, list) else [frames]:
            reply.clear()
            self.turn(frame, reply)
            while reply.isMoreData():
                self.turn(self.client.receiverReady(reply), reply)
        return reply

    def run(self, size: int) -> dict[str, Any]:
        self.client.parseUAResponse(self.ask(self.client.snrmRequest()).data)
        limits = self.client.hdlcSettings
        agreed = [limits.maxInfoTX, limits.maxInfoRX, limits.windowSizeTX, limits.windowSizeRX]
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        thing = GXDLMSData("0.0.96.1.0.255")
        thing.value = bytes(octet & 0xFF for octet in range(size))
        thing.setDataType(2, DataType.OCTET_STRING)
        self.ask(self.client.write(thing, 2))
        value = self.ask(self.client.read(thing, 2)).value
        self.ask(self.client.disconnectRequest(True))
        return {"value": bytes(value).hex(), "limits": agreed}


def main() -> None:
    orders = json.loads(sys.stdin.readline())
    with contextlib.redirect_stdout(io.StringIO()):  # the library prints while it works
        if "frames" in orders:
            found: Any = [GXDLMSTranslator().messageToXml(bytes.fromhex(frame)) for frame in orders["frames"]]
        else:
            found = Line(orders).run(orders["size"])
    print(json.dumps(found), file=SAY, flush=True)


if __name__ == "__main__":
    main()
