"""Addresses as people write them: every form, every option, and one sentence for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.aio.route import OPTIONS, Device, Route, Scheme, Settings, parse
from openami.aio.tcp import Address
from openami.aio.way import link_on, server_of
from openami.core.errors import DefinitionError
from openami.dlms.datagram import ClientDatagrams
from openami.dlms.gateway import ClientGateway, Header
from openami.dlms.hdlc import Parameters, PrimaryStation, ServerAddress
from openami.dlms.wrapper import ClientStream

HOST = Address("meter.example.org", 4001)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("tcp://127.0.0.7:4059", Address("127.0.0.7", 4059)),
        ("tcp://[::1]", Address("::1", 4059)),
        ("tcp://h?server=17&client=2", Route(Scheme.TCP, Address("h", 4059), 2, 17)),
        ("tcp://h?gateway=1,0xA1b2", Route(Scheme.TCP, Address("h", 4059), gateway=Header(1, b"\xa1\xb2"))),
        ("tcp://h?gateway=0,meter-7", Route(Scheme.TCP, Address("h", 4059), gateway=Header(0, b"meter-7"))),
        ("udp://h", Route(Scheme.UDP, Address("h", 4059))),
        (
            "udp://[fe80::1]:61616?retries=2&timeout=1.5",
            Route(Scheme.UDP, Address("fe80::1", 61616), settings=Settings(timeout_s=1.5, retries=2)),
        ),
        ("hdlc://meter.example.org:4001", Route(Scheme.HDLC, HOST)),
        ("hdlc://meter.example.org:4001?server=1/17", Route(Scheme.HDLC, HOST, None, ServerAddress(1, 17, 2))),
        ("hdlc://meter.example.org:4001?server=1/17/4", Route(Scheme.HDLC, HOST, None, ServerAddress(1, 17, 4))),
        (
            "hdlc://meter.example.org:4001?window=3&max_info=512&timeout=5&retries=0&gap=0.5&echo=yes",
            Route(Scheme.HDLC, HOST, settings=Settings(3, 512, 5.0, 0, 0.5, True)),
        ),
        ("serial:///dev/ttyUSB0", Route(Scheme.SERIAL, Device("/dev/ttyUSB0"))),
        (
            "serial:///dev/ttyS1?baud=300&bits=7&parity=e&stop=2&client=16",
            Route(Scheme.SERIAL, Device("/dev/ttyS1", 300, 7, "E", 2), 16),
        ),
    ],
)
def test_each_form(url: str, place: Address | Route) -> None:
    assert parse(url) == place


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no address: an address is written tcp://"),
        ("127.0.0.1:4059", "an address is written tcp://, udp:// or hdlc://host:port"),
        ("http://h", "an address is written"),
        ("hdlc://h", "HDLC on TCP has no usual port: write hdlc://host:port"),
        ("hdlc://h:1/x", "an address is written"),
        ("udp://", "an address is written"),
        ("serial://", "name the port"),
        ("udp://[::1", "Invalid IPv6 URL"),
        ("udp://h:99999", "Port out of range"),
        ("tcp://h?baud=9600", "no option 'baud'; there are client, server, gateway"),
        ("hdlc://h:1?window=9", "window=9, expected 1 to 7"),
        ("hdlc://h:1?window=x", "window=x, expected 1 to 7"),
        ("hdlc://h:1?window=1&window=2", "window is given twice"),
        ("hdlc://h:1?max_info=2031", "max_info=2031, expected 32 to 2030"),
        ("hdlc://h:1?timeout=nan", "timeout=nan, expected 0.05 to 600 seconds"),
        ("hdlc://h:1?timeout=", "timeout=, expected"),
        ("hdlc://h:1?echo=perhaps", "echo=perhaps, expected yes or no"),
        ("hdlc://h:1?client=128", "client=128, expected 0 to 127"),
        ("hdlc://h:1?server=a/b", "server=a/b, expected such as 1, 1/17 or 1/17/4"),
        ("tcp://h?server=1/17", "server=1/17, expected 0 to 65535"),
        ("tcp://h?gateway=1", "gateway=1, expected NETWORK,ADDRESS"),
        ("tcp://h?gateway=300,a", "gateway=300,a, expected NETWORK,ADDRESS"),
        ("tcp://h?gateway=1,0xa", "gateway=1,0xa, expected NETWORK,ADDRESS"),
        ("serial:///dev/x?parity=X", "parity=X, expected N, E or O"),
        ("serial:///dev/x?bits=9", "bits=9, expected 7 to 8"),
    ],
)
def test_a_wrong_one_is_one_sentence(url: str, said: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(url)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"(tcp|udp|hdlc|serial)://.{0,30}\?.{0,30}", fullmatch=True)))
def test_any_text_is_a_place_or_one_error(text: str) -> None:
    try:
        place = parse(text)
    except DefinitionError:
        return
    assert isinstance(place, Address | Route)


def test_a_way_is_parsed_once() -> None:
    assert parse("tcp://127.0.0.9:4059") is parse("tcp://127.0.0.9:4059")


@pytest.mark.parametrize("scheme", sorted(OPTIONS))
def test_every_option_of_a_scheme_is_described(scheme: str) -> None:
    import openami.aio.route as module

    assert module.__doc__ is not None
    assert [name for name in OPTIONS[scheme] if f"`{name}`" not in module.__doc__] == []


def test_links() -> None:
    assert isinstance(link_on(Address("h", 1), 16, 1, 10.0), ClientStream)
    assert isinstance(link_on(parse("tcp://h?gateway=1,a"), 16, 1, 10.0), ClientGateway)
    datagrams = link_on(parse("udp://h?retries=4"), 16, 1, 10.0)
    assert isinstance(datagrams, ClientDatagrams)
    assert (datagrams.retries, datagrams.interval_s) == (4, 2.0)
    station = link_on(parse("hdlc://h:1?window=2&max_info=200"), 16, ServerAddress.of(1, 17), 10.0)
    assert isinstance(station, PrimaryStation)
    assert (station.offered, station.server) == (Parameters(200, 200, 2, 2), ServerAddress(1, 17, 2))


@pytest.mark.parametrize(
    ("server", "is_hdlc", "found"),
    [
        (1, False, 1),
        ("17", False, 17),
        (1, True, ServerAddress(1)),
        ("1/17", True, ServerAddress(1, 17, 2)),
        (ServerAddress(1, 200, 4), True, ServerAddress(1, 200, 4)),
    ],
)
def test_who_is_meant(server: int | str | ServerAddress, is_hdlc: bool, found: int | ServerAddress) -> None:
    assert server_of(server, is_hdlc=is_hdlc) == found


@pytest.mark.parametrize(("server", "is_hdlc"), [("1/17", False), ("x", False), ("x", True), (300, True)])
def test_nobody_is_meant(server: int | str, is_hdlc: bool) -> None:
    with pytest.raises(DefinitionError, match=f"server {server}"):
        server_of(server, is_hdlc=is_hdlc)
