"""The steps of a module from power to a connection: how long each takes, and what it does or why it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from openami.net.cellular.network import IPAddress, endpoint, literal
from openami.net.cellular.settings import Authentication, Family, Settings, Timings
from openami.net.cellular.states import Failure, State

if TYPE_CHECKING:
    from openami.net.cellular.module import Module


@dataclass(slots=True)
class Climb:
    """How a module is getting on: when its next step is done, how often it has tried, which server it asks."""

    now: float = 0.0
    due: float | None = None
    not_before: float = 0.0
    tries: int = 0
    restored: float | None = None
    """When power or network came back, until the wait for that is drawn."""
    server: int = 0
    endpoint: int = 0

    def fresh(self) -> None:
        """Begin to count anew."""
        self.tries = self.server = self.endpoint = 0

    def failed(self, settings: Settings) -> None:
        """Count a failure; the next attempt waits."""
        self.tries += 1
        self.server = self.endpoint = 0
        self.not_before = self.now + settings.repetition_delay_s


class Step(NamedTuple):
    """A step to the next state; `timings` names what it takes."""

    to: State
    timings: tuple[str, ...]
    take: Callable[["Module"], Failure | None]

    def lasts_s(self, timings: Timings) -> float:
        """Seconds that it takes."""
        return sum(float(getattr(timings, name)) for name in self.timings)


def boot(module: "Module") -> Failure | None:
    """Read the SIM."""
    if module.sim is None:
        return Failure.SIM_MISSING
    return None if module.sim.pin in ("", module.settings.access.pin) else Failure.PIN_WRONG


def register(module: "Module") -> Failure | None:
    """Find a cell with a link that the module has, and be let in."""
    network, sim = module.network, module.sim
    if not network.is_up:
        return Failure.NETWORK_DOWN
    if module.signal is None:
        return Failure.NO_COVERAGE
    fit = [cell for cell in network.cells if set(cell.offers) & set(module.product.links)]
    if not fit:
        return Failure.NO_TECHNOLOGY
    refusal = Failure.SIM_MISSING if sim is None else network.admits(sim, told(module))
    if refusal is None:
        module.cell = module.near if module.near in fit else fit[0]
    return refusal


def told(module: "Module") -> str:
    """Give the IMEI as the network learns it."""
    return module.imei if module.product.stack.imei_lock else ""


def attach(module: "Module") -> Failure | None:
    """Attach to the packet service."""
    return Failure.SIM_MISSING if module.sim is None else module.network.admits(module.sim, told(module))


def authenticate(module: "Module") -> Failure | None:
    """Set the link up: LCP agrees on PAP or CHAP, and the secret is right."""
    access, stack = module.settings.access, module.product.stack
    point = module.network.access_points.get(access.apn)
    if point is None:
        return Failure.APN_UNKNOWN
    lacks = {Authentication.PAP: not stack.pap, Authentication.CHAP: not stack.chap}
    return Failure.NO_COMMON_PROTOCOL if lacks.get(point.authentication) else point.refusal(access)


def address(module: "Module") -> Failure | None:
    """Get addresses and name servers (IPCP, or what LTE has in its place)."""
    access, stack = module.settings.access, module.product.stack
    lacks = {Family.IPV4: not stack.ipv4, Family.IPV6: not stack.ipv6, Family.BOTH: not (stack.ipv4 and stack.ipv6)}
    if lacks[access.family] or module.sim is None:
        return Failure.ADDRESS_TYPE
    point = module.network.access_points[access.apn]
    lease = point.lease(access, module.sim.imsi)
    if isinstance(lease, Failure):
        return lease
    module.point, module.lease = point, lease
    return None


def connect(module: "Module") -> Failure | None:
    """Find the endpoint, by a name server where it has a name, and connect."""
    if not module.product.stack.tcp:
        return Failure.NO_STACK
    host, port = endpoint(module.settings.endpoints[module.climb.endpoint])
    found = resolved(module, host)
    if isinstance(found, Failure):
        return found
    if not module.network.takes(found, port):
        return Failure.ENDPOINT_SILENT
    module.endpoint = (found, port)
    return None


def resolved(module: "Module", host: str) -> IPAddress | Failure:
    """Give the address of a host, of a family that the module has an address of."""
    found = literal(host)
    if found is not None:
        return found
    servers = module.lease.dns if module.lease is not None else ()
    if not module.product.stack.dns or not servers:
        return Failure.DNS_SILENT
    answer = module.network.resolve(host, servers[module.climb.server])
    if isinstance(answer, Failure):
        return answer
    versions = {own.version for own in module.addresses}
    return next((each for each in answer if each.version in versions), Failure.NAME_UNKNOWN)


def another(module: "Module", failure: Failure) -> float | None:
    """Seconds until the same step is done with the next name server or endpoint; None if there is no other."""
    climb, timings = module.climb, module.product.timings
    servers = module.lease.dns if module.lease is not None else ()
    if failure is Failure.DNS_SILENT and climb.server + 1 < len(servers):
        climb.server += 1
        return timings.name_server_s
    if module.state is State.ONLINE and climb.endpoint + 1 < len(module.settings.endpoints):
        climb.endpoint += 1
        climb.server = 0
        return timings.resolve_s + timings.connect_s
    return None


STEPS: Final[Mapping[State, Step]] = {
    State.STARTING: Step(State.SEARCHING, ("boot_s",), boot),
    State.SEARCHING: Step(State.REGISTERED, ("search_s",), register),
    State.REGISTERED: Step(State.ATTACHED, ("attach_s",), attach),
    State.ATTACHED: Step(State.PPP, ("authenticate_s",), authenticate),
    State.PPP: Step(State.ONLINE, ("address_s",), address),
    State.ONLINE: Step(State.CONNECTED, ("resolve_s", "connect_s"), connect),
}
