"""A secondary station, and frames of the clients it speaks with."""

from openami.dlms.hdlc import (
    Frame,
    Kind,
    Parameters,
    SecondaryStation,
    ServerAddress,
    encode,
    encode_client,
    information,
    supervisory,
    unnumbered,
)

ADDRESS = ServerAddress(1, 17, 2)
OWN, CLIENT = ADDRESS.encode(), encode_client(16)
SNRM, DISC = unnumbered(Kind.SNRM), unnumbered(Kind.DISC)


def says(control, body: bytes = b"", *, client=16, to=OWN, segmented=False) -> bytes:
    """A frame of a client."""
    return encode(to, encode_client(client), control, body, is_segmented=segmented)


def asks(send: int, receive: int, body: bytes = b"ask", *, poll=True, **facts) -> bytes:
    return says(information(send, receive, poll=poll), b"\xe6\xe6\x00" + body, **facts)


def polls(number: int, kind: Kind = Kind.RR, **facts) -> bytes:
    return says(supervisory(kind, number, poll=True), **facts)


def frames(secondary: SecondaryStation) -> list[Frame]:
    return [Frame.decode(data) for data in secondary.outgoing()]


def sent(secondary: SecondaryStation) -> list[str]:
    return [str(frame.control) for frame in frames(secondary)]


def connected(parameters: Parameters | None = None, client=16, **facts) -> SecondaryStation:
    secondary = SecondaryStation(ADDRESS, parameters=parameters, **facts)
    secondary.receive(says(SNRM, parameters.encode() if parameters else b"", client=client), 0.0)
    assert sent(secondary) == ["UA P/F"]
    return secondary
