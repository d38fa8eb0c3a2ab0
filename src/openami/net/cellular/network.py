"""The network that modules attach to: cells, access points, addresses, name servers, endpoints, outages."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from hmac import compare_digest
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple, Protocol, TypeAlias

from openami.core.errors import DefinitionError
from openami.net.cellular.settings import Access, Authentication, Family
from openami.net.cellular.states import Failure

IPAddress: TypeAlias = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Sim:
    """A SIM: who the subscriber is. With `imei`, the network serves it in that equipment alone."""

    imsi: str
    pin: str = ""
    imei: str = ""


class Cell(NamedTuple):
    """A cell: identity, tracking (or location) area, network, and the links it offers, the best first."""

    cell_id: int
    tracking_area: int
    mcc: int
    mnc: int
    offers: tuple[str, ...]


class Lease(NamedTuple):
    """What IPCP gives: addresses and name servers."""

    addresses: tuple[IPAddress, ...]
    dns: tuple[IPAddress, ...]


@dataclass(slots=True)
class Pool:
    """Addresses of an access point, given out in turn: who comes back gets another one while there are others."""

    network: IPv4Network | IPv6Network
    taken: set[IPAddress] = field(default_factory=set[IPAddress])
    _turn: int = 0

    def take(self) -> IPAddress | None:
        """Give the next free address, the network's own excepted."""
        room = self.network.num_addresses - 2
        for _ in range(min(room, len(self.taken) + 1)):
            address = self.network[1 + self._turn % room]
            self._turn += 1
            if address not in self.taken:
                self.taken.add(address)
                return address
        return None

    def give_back(self, address: IPAddress) -> None:
        """Take an address back."""
        self.taken.discard(address)


@dataclass(slots=True)
class AccessPoint:
    """An access point: what it asks for, and what it gives. `static` are addresses by subscriber (IMSI)."""

    ipv4: Pool | None = None
    ipv6: Pool | None = None
    authentication: Authentication = Authentication.NONE
    secrets: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    static: Mapping[str, str] = field(default_factory=dict[str, str])
    dns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pool in (self.ipv4, self.ipv6):
            if pool is not None:
                pool.taken |= {ip_address(address) for address in self.static.values()}

    def refusal(self, access: Access) -> Failure | None:
        """Say why it does not let somebody in: LCP first, then PAP or CHAP."""
        asked = self.authentication
        if asked is Authentication.NONE:
            return None
        able = access.authentication
        if Authentication.EITHER not in (asked, able) and able is not asked:
            return Failure.NO_COMMON_PROTOCOL
        uses_pap = Authentication.PAP in (asked, able)
        secret = access.pap_secret if uses_pap else access.chap_secret
        held = self.secrets.get(access.user)
        return None if held is not None and compare_digest(held, secret) else Failure.AUTHENTICATION

    def lease(self, access: Access, imsi: str) -> Lease | Failure:
        """Give addresses: one that is the subscriber's, or the next of a pool for each family asked for."""
        dns = tuple(ip_address(server) for server in access.dns or self.dns)
        if access.static:
            is_his = self.static.get(imsi) == access.static
            return Lease((ip_address(access.static),), dns) if is_his else Failure.ADDRESS_TYPE
        pools = [pool for pool in self._pools(access.family) if pool is not None]
        if not pools:
            return Failure.ADDRESS_TYPE
        given = [pool.take() for pool in pools]
        addresses = tuple(address for address in given if address is not None)
        if len(addresses) < len(given):
            self.release(Lease(addresses, dns))
            return Failure.NO_ADDRESS
        return Lease(addresses, dns)

    def release(self, lease: Lease) -> None:
        """Take addresses back."""
        held = set(self.static.values())
        for address in (each for each in lease.addresses if str(each) not in held):
            for pool in (self.ipv4, self.ipv6):
                if pool is not None:
                    pool.give_back(address)

    def _pools(self, family: Family) -> tuple[Pool | None, ...]:
        return {Family.IPV4: (self.ipv4,), Family.IPV6: (self.ipv6,), Family.BOTH: (self.ipv4, self.ipv6)}[family]


class Package(NamedTuple):
    """Firmware of a module on a server: what `digest` says of it and what it really is may differ."""

    octets: int
    version: str
    model: str
    digest: bytes
    real_digest: bytes
    authority: str = ""
    """Who has signed the certificate of the server it lies on; empty for plain HTTP."""
    starts: bool = True


class Subscriber(Protocol):
    """A module, as the network knows it."""

    def expire(self, now: float) -> None:
        """Live up to now."""
        ...

    def network_lost(self, now: float) -> None:
        """Be told that the network is gone."""
        ...

    def network_back(self, now: float) -> None:
        """Be told that it is there again."""
        ...


@dataclass(slots=True)
class Network:
    """An operator's network. `endpoints` are those that take connections; None for all."""

    access_points: Mapping[str, AccessPoint]
    cells: tuple[Cell, ...] = (Cell(1, 1, 1, 1, ("lte-m", "cat1", "gprs")),)
    barred: Set[str] = frozenset()
    """Subscribers (IMSI) that are not let in."""
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    silent_servers: Set[str] = frozenset()
    endpoints: Set[tuple[str, int]] | None = None
    files: Mapping[str, Package] = field(default_factory=dict[str, Package])
    is_up: bool = True
    _modules: list[Subscriber] = field(default_factory=list[Subscriber])

    def join(self, module: Subscriber) -> None:
        """Know a module, to tell it of outages."""
        self._modules.append(module)

    def outage(self, now: float) -> None:
        """Go down; all connections are lost."""
        if self.is_up:
            self._live(now)
            self.is_up = False
            for module in self._modules:
                module.network_lost(now)

    def restore(self, now: float) -> None:
        """Come back."""
        if not self.is_up:
            self._live(now)
            self.is_up = True
            for module in self._modules:
                module.network_back(now)

    def _live(self, now: float) -> None:
        """Let all modules do with the network as it was what they have done by now."""
        for module in self._modules:
            module.expire(now)

    def admits(self, sim: Sim, imei: str) -> Failure | None:
        """Say why a subscriber is not registered with this equipment, if so; an empty IMEI is one that is not told."""
        if not self.is_up:
            return Failure.NETWORK_DOWN
        if sim.imei and imei and sim.imei != imei:
            return Failure.IMEI_LOCKED
        return Failure.DENIED if sim.imsi in self.barred else None

    def resolve(self, name: str, server: IPAddress) -> tuple[IPAddress, ...] | Failure:
        """Ask a name server."""
        if str(server) in self.silent_servers:
            return Failure.DNS_SILENT
        found = self.names.get(name.lower())
        return Failure.NAME_UNKNOWN if found is None else tuple(map(ip_address, found))

    def takes(self, address: IPAddress, port: int) -> bool:
        """Whether an endpoint takes a connection."""
        return self.endpoints is None or (str(address), port) in self.endpoints


def endpoint(text: str) -> tuple[str, int]:
    """Read `host:port`, IPv6 in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise DefinitionError(f"{text!r}: expected host:port, IPv6 in brackets")
    return host.removeprefix("[").removesuffix("]"), int(port)


def literal(host: str) -> IPAddress | None:
    """Read an address; a name is none."""
    try:
        return ip_address(host)
    except ValueError:
        return None
