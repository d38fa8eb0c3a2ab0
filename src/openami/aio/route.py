"""Ways to a meter as people write them: `tcp://`, `udp://`, `hdlc://`, `serial://`, `optical://`, and their options.

    tcp://host:4059                         wrapper on TCP; 4059 where no port is given; IPv6 in brackets
    udp://host:4059?retries=2               wrapper on UDP, one APDU per datagram
    hdlc://host:4001?server=1/17            HDLC on TCP, as through a serial converter
    serial:///dev/ttyUSB0?baud=9600         HDLC on a serial port
    optical:///dev/ttyUSB0                  HDLC at an optical port that is greeted first (IEC 62056-21, mode E)

Everywhere: `client`, `server` (SAP; on HDLC also `1/17`, logical and physical device, or `1/17/4` with the length of
the address), `gateway` (`1,0xA1B2C3` or `1,name`: network and physical address behind it). On HDLC: `window`,
`max_info`, `timeout`, `retries`, `gap` (longest silence inside a frame), `echo`; on UDP `timeout` and `retries`; on
a serial port `baud`, `bits`, `parity`, `stop`. At an optical port `address` (of the greeting), `start` (its speed),
`baud` (the highest that is accepted), `wake` for meters that sleep, `parity` none where the port reckons it itself.
Times are seconds.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlsplit

from openami.aio.tcp import DLMS_PORT, Address
from openami.core.errors import AmiError, DefinitionError
from openami.dlms.gateway import Header
from openami.dlms.hdlc.address import ServerAddress
from openami.iec62056 import RATES, Parity, Request

FORMS: Final = "an address is written tcp://, udp:// or hdlc://host:port, IPv6 in brackets, or serial:///dev/name"
SWITCH: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Scheme(StrEnum):
    """What carries the octets, and what carries APDUs over them."""

    TCP = "tcp"
    UDP = "udp"
    HDLC = "hdlc"
    SERIAL = "serial"
    OPTICAL = "optical"

    @property
    def is_hdlc(self) -> bool:
        """Whether frames carry the APDUs, and not the wrapper."""
        return self in {Scheme.HDLC, Scheme.SERIAL, Scheme.OPTICAL}


@dataclass(frozen=True, slots=True)
class Device:
    """A serial port and how it is set."""

    path: str
    baud: int = 9600
    bits: int = 8
    parity: str = "N"
    stop: int = 1

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the link: frames of HDLC, or datagrams sent once more. None leaves it to the link."""

    window: int | None = None
    max_info: int | None = None
    timeout_s: float | None = None
    retries: int | None = None
    gap_s: float | None = None
    echo: bool = False


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a meter is greeted at its optical port (IEC 62056-21): device address, speeds, and what it needs."""

    address: str = ""
    start_baud: int = 300
    most_baud: int = 115_200
    wakes: bool = False
    parity: Parity = Parity.EVEN


@dataclass(frozen=True, slots=True)
class Route:
    """A way to a meter that is more than an `Address`, which means the wrapper on TCP."""

    scheme: Scheme
    place: Address | Device
    client: int | None = None
    server: int | ServerAddress | None = None
    settings: Settings = Settings()
    gateway: Header | None = None
    greeting: Greeting | None = None

    def __str__(self) -> str:
        return str(self.place) if self.server is None else f"{self.place} server {self.server}"


Place: TypeAlias = Address | Route

WHO: Final = ("client", "server", "gateway")
FRAMES: Final = (*WHO, "window", "max_info", "timeout", "retries", "gap", "echo")
OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    Scheme.TCP: WHO,
    Scheme.UDP: (*WHO, "timeout", "retries"),
    Scheme.HDLC: FRAMES,
    Scheme.SERIAL: (*FRAMES, "baud", "bits", "parity", "stop"),
    Scheme.OPTICAL: (*FRAMES, "address", "start", "baud", "wake", "parity"),
}


class Query:
    """What follows the `?`: each option by its type, a wrong one refused by name."""

    def __init__(self, url: str, text: str, known: Collection[str]) -> None:
        self.url = url
        self.given: dict[str, str] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name not in known:
                raise DefinitionError(f"{url}: no option {name!r}; there are {', '.join(known)}")
            if name in self.given:
                raise DefinitionError(f"{url}: {name} is given twice")
            self.given[name] = value

    def wrong(self, name: str, expected: str) -> DefinitionError:
        """Make the error for an option."""
        return DefinitionError(f"{self.url}: {name}={self.given[name]}, expected {expected}")

    def number(self, name: str, low: int, high: int) -> int | None:
        """Read a whole number."""
        text = self.given.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise self.wrong(name, f"{low} to {high}")
        return int(text)

    def seconds(self, name: str, low: float, high: float) -> float | None:
        """Read a time."""
        text = self.given.get(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not low <= value <= high:
            raise self.wrong(name, f"{low:g} to {high:g} seconds")
        return value

    def speed(self, name: str) -> int | None:
        """Read a speed of an optical port."""
        baud = self.number(name, 0, RATES[-1])
        if baud is not None and baud not in RATES:
            raise self.wrong(name, f"one of {', '.join(map(str, RATES))}")
        return baud

    def switch(self, name: str) -> bool:
        """Read yes or no."""
        text = self.given.get(name, "no").lower()
        if text not in SWITCH:
            raise self.wrong(name, "yes or no")
        return SWITCH[text]

    def server(self, scheme: Scheme) -> int | ServerAddress | None:
        """Read who is meant at the other end."""
        if not scheme.is_hdlc or "server" not in self.given:
            return self.number("server", 0, 0xFFFF)
        try:
            return ServerAddress.parse(self.given["server"])
        except AmiError as error:
            raise self.wrong("server", f"such as 1, 1/17 or 1/17/4 ({error})") from error

    def gateway(self) -> Header | None:
        """Read network and physical address behind a gateway."""
        if "gateway" not in self.given:
            return None
        network, comma, address = self.given["gateway"].partition(",")
        if not comma:
            raise self.wrong("gateway", "NETWORK,ADDRESS")
        try:
            octets = bytes.fromhex(address[2:]) if address.startswith("0x") else address.encode("ascii")
            return Header(int(network), octets)
        except (ValueError, AmiError) as error:
            raise self.wrong("gateway", f"NETWORK,ADDRESS, an address in hexadecimal after 0x ({error})") from error


@lru_cache(maxsize=4096)
def parse(url: str) -> Place:
    """Read an address: the wrapper on TCP gives an `Address`, all else a `Route`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise DefinitionError(f"{url}: {error}") from error
    if parts.scheme not in OPTIONS:
        raise DefinitionError(f"{url}: {FORMS}" if url else f"no address: {FORMS}")
    if parts.scheme == Scheme.TCP and not parts.query:
        return Address.parse(url)
    scheme = Scheme(parts.scheme)
    query = Query(url, parts.query, OPTIONS[scheme])
    greeting = greeting_of(query) if scheme is Scheme.OPTICAL else None
    if scheme is Scheme.SERIAL:
        place: Address | Device = device_of(url, parts, query)
    else:
        place = address_of(url, parts, port) if greeting is None else Device(path_of(url, parts), greeting.start_baud)
    client = query.number("client", 0, 0x7F if scheme.is_hdlc else 0xFFFF)
    return Route(scheme, place, client, query.server(scheme), settings_of(query), query.gateway(), greeting)


def address_of(url: str, parts: SplitResult, port: int | None) -> Address:
    """Take host and port; a converter has no usual port."""
    if not parts.hostname or parts.path.strip("/"):
        raise DefinitionError(f"{url}: {FORMS}")
    if port is None and parts.scheme == Scheme.HDLC:
        raise DefinitionError(f"{url}: HDLC on TCP has no usual port: write hdlc://host:port")
    return Address(parts.hostname, DLMS_PORT if port is None else port)


def device_of(url: str, parts: SplitResult, query: Query) -> Device:
    """Take the name of a serial port and how it is to be set."""
    path = path_of(url, parts)
    parity = query.given.get("parity", "N").upper()
    if parity not in {"N", "E", "O"}:
        raise query.wrong("parity", "N, E or O")
    baud, bits, stop = query.number("baud", 50, 4_000_000), query.number("bits", 7, 8), query.number("stop", 1, 2)
    return Device(path, baud or 9600, bits or 8, parity, stop or 1)


def path_of(url: str, parts: SplitResult) -> str:
    """Take the name of a port."""
    path = parts.netloc + parts.path
    if not path.strip("/"):
        raise DefinitionError(f"{url}: name the port, as in {parts.scheme}:///dev/ttyUSB0")
    return path


def greeting_of(query: Query) -> Greeting:
    """Take what an optical port must be told before HDLC is spoken."""
    address, parity = query.given.get("address", ""), query.given.get("parity", "even").lower()
    try:
        Request(address).encode()
    except AmiError as error:
        raise query.wrong("address", f"the device address of the greeting ({error})") from error
    if parity not in {"even", "none"}:
        raise query.wrong("parity", "even or none")
    start, most = query.speed("start"), query.speed("baud")
    return Greeting(address, start or RATES[0], most or RATES[-1], query.switch("wake"), Parity(parity))


def settings_of(query: Query) -> Settings:
    """Take the settings of the link."""
    return Settings(
        window=query.number("window", 1, 7),
        max_info=query.number("max_info", 32, 2030),
        timeout_s=query.seconds("timeout", 0.05, 600),
        retries=query.number("retries", 0, 20),
        gap_s=query.seconds("gap", 0.001, 60),
        echo=query.switch("echo"),
    )
