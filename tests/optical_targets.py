"""Fuzz targets of the optical port: the meter, the reader, and what is read out."""

from contextlib import suppress
from functools import partial

from openami.core.errors import AmiError
from openami.iec62056 import Client, DataSet, Parity, Server, Setup, data_sets
from openami.iec62056.asking import Answer, Asked, LoginAsked, ReadAsked
from openami.iec62056.cutting import blocks, confirmation, identification, option, request
from openami.iec62056.readout import block

MOST = 512
GREETINGS = (b"", b"/?!\r\n", b"/?!\r\n\x06051\r\n", b"/?!\r\n\x06252\r\n", b"/?!\r\n\x06050\r\n")
CUTTERS = (request, identification, option, confirmation, blocks(MOST))


def answer(asked: Asked) -> Answer:
    """Answer as a meter that takes everything."""
    if isinstance(asked, LoginAsked):
        return asked.password != ""
    return [DataSet("1.8.0", "1", "kWh")] if not isinstance(asked, ReadAsked) or asked.address else []


def optical_server(octets: bytes) -> None:
    """A meter takes any octets at its port, whatever it waits for; it is ready for a greeting in the end."""
    for greeting in GREETINGS:
        server, now = Server(partial(Setup, manufacturer="OAM", name="SIM")), 0.0
        server.begin()
        first, sign, second = greeting.partition(b"\x06")
        for chunk in (first, sign + second, octets, octets):
            for told in server.receive(chunk, now):
                if isinstance(told, Asked):
                    server.respond(answer(told), now)
            server.outgoing()
            now += 0.5
            server.expire(now)
        while (due := server.deadline) is not None:
            for told in server.expire(due):
                if isinstance(told, Asked):
                    server.respond(answer(told), due)
        server.begin()
        assert server.baud == 300


def optical_client(octets: bytes) -> None:
    """A reader takes any octets for answers, whatever it has asked for; it comes to an end."""
    for verb in ("read_out", "program", "hand_over"):
        for answered in (b"", b"/OAM5\\2SIM\r\n"):
            client = Client(parity=Parity.NONE)
            getattr(client, verb)(0.0)
            client.receive(answered, 0.0)
            client.receive(octets, 0.0)
            for step in range(10):
                client.expire(10.0 * (step + 1))
                client.outgoing()
            assert client.deadline is None


def optical_blocks(octets: bytes) -> None:
    """Messages are cut from any octets, each time with some of them used or none found; data sets survive writing."""
    for cut in CUTTERS:
        rest = octets
        while rest:
            message, used = cut(rest)
            assert 0 <= used <= len(rest)
            if message is None:
                break
            assert used
            rest = rest[used:]
    with suppress(AmiError):
        found = data_sets(octets)
        assert data_sets(block(found)) == found
