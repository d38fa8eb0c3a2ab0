"""A primary station, and frames of the server it speaks with."""

from openami.dlms.hdlc import (
    Frame,
    Kind,
    Parameters,
    PrimaryStation,
    ServerAddress,
    encode,
    encode_client,
    information,
    supervisory,
    unnumbered,
)

SERVER, CLIENT = ServerAddress(1, 17, 2), 16
METER, OWN = SERVER.encode(), encode_client(CLIENT)
POLL = supervisory(Kind.RR, 0, poll=True)


def station(**facts) -> PrimaryStation:
    return PrimaryStation(CLIENT, SERVER, **facts)


def says(control, body: bytes = b"", *, segmented=False, source=METER) -> bytes:
    """A frame of the server."""
    return encode(OWN, source, control, body, is_segmented=segmented)


def brings(send: int, receive: int, body: bytes, *, segmented=False, final=True) -> bytes:
    return says(information(send, receive, poll=final), body, segmented=segmented)


def ready(number: int, kind: Kind = Kind.RR) -> bytes:
    return says(supervisory(kind, number, poll=True))


def sent(primary: PrimaryStation) -> list[str]:
    return [str(Frame.decode(data).control) for data in primary.outgoing()]


def connected(parameters: Parameters | None = None, **facts) -> PrimaryStation:
    primary = station(parameters=parameters, **facts)
    primary.connect(0.0)
    primary.receive(says(unnumbered(Kind.UA), parameters.encode() if parameters else b""), 0.0)
    assert primary.is_connected
    primary.outgoing()
    return primary


def answer(apdu: bytes) -> bytes:
    return b"\xe6\xe7\x00" + apdu
