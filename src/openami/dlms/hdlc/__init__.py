"""HDLC on serial lines and TCP: frames, and both ends of a connection, without I/O (IEC 62056-46; Green Book, 8)."""

from openami.dlms.hdlc.address import ServerAddress, decode_client, encode_client
from openami.dlms.hdlc.connection import Mode
from openami.dlms.hdlc.control import CONTROLS, Control, Kind, information, supervisory, unnumbered
from openami.dlms.hdlc.frame import Fault, Frame, encode
from openami.dlms.hdlc.parameters import Parameters
from openami.dlms.hdlc.primary import PrimaryStation, State
from openami.dlms.hdlc.reject import FrameReject, FrameRejectedError, Reason
from openami.dlms.hdlc.secondary import SecondaryStation
from openami.dlms.hdlc.stream import FrameStream

__all__ = [
    "CONTROLS",
    "Control",
    "Fault",
    "Frame",
    "FrameReject",
    "FrameRejectedError",
    "FrameStream",
    "Kind",
    "Mode",
    "Parameters",
    "PrimaryStation",
    "Reason",
    "SecondaryStation",
    "ServerAddress",
    "State",
    "decode_client",
    "encode",
    "encode_client",
    "information",
    "supervisory",
    "unnumbered",
]
