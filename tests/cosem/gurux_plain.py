"""Decode data as gurux-dlms does: a JSON list of hex in, plain values as JSON out. A process of its own."""

import json
import sys

from gurux_dlms import GXByteBuffer, GXDLMSClient
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo

CLIENT = GXDLMSClient(True)


def plain(octets):
    """Decode one value."""
    return _GXCommon.getData(CLIENT.settings, GXByteBuffer(bytes.fromhex(octets)), _GXDataInfo())


def text(value):
    """Give octets as hex, for JSON."""
    if isinstance(value, list):
        return [text(member) for member in value]
    return bytes(value).hex() if isinstance(value, bytes | bytearray) else value


if __name__ == "__main__":
    json.dump([text(plain(octets)) for octets in json.load(sys.stdin)], sys.stdout)
