"""Network and modem as clients see them: addresses, registration, cell, signal, and why the network said no."""

from collections.abc import Mapping
from functools import partial
from ipaddress import IPv4Address

from openami.cosem.cellular import UNKNOWN_SIGNAL, Cell, PacketSwitched, Registration, Signal
from openami.dlms.data import UINT32
from openami.meters import modems
from openami.meters.identity import address
from openami.meters.view import Law, View
from openami.net.cellular import Failure, Module, State

METERS_PER_CELL = 200
NOISE_RATIO_DB = 20
IPV4 = "ipv4_setup"

REJECTIONS: Mapping[Failure, int] = {
    Failure.DENIED: 11,
    Failure.IMEI_LOCKED: 6,
    Failure.NO_ADDRESS: 26,
    Failure.APN_UNKNOWN: 27,
    Failure.ADDRESS_TYPE: 28,
    Failure.AUTHENTICATION: 29,
    Failure.NO_COMMON_PROTOCOL: 29,
}
"""Causes of 3GPP TS 24.301, 9.9.3.9 and 9.9.4.4; a network out of reach rejects nobody."""


def is_without(view: View) -> bool:
    """Whether the product has no module of which more is known than a signal."""
    return modems.mobile(view) is None


def reached(view: View, state: State) -> bool:
    """Whether the module has come so far."""
    module = modems.module_of(view)
    return module is not None and module.state >= state


def registration(view: View) -> int:
    """Registration of the modem (class 47, status)."""
    module = modems.module_of(view)
    if is_without(view) or (module is not None and module.state >= State.REGISTERED):
        return Registration.HOME
    if module is None:
        return Registration.NOT_REGISTERED
    return Registration.DENIED if module.state is State.BLOCKED else Registration.SEARCHING


def packet_switched(view: View) -> int:
    """Service in use (class 47, PS_status)."""
    is_attached = is_without(view) or reached(view, State.ATTACHED)
    return PacketSwitched.LTE if is_attached else PacketSwitched.INACTIVE


def heard(view: View) -> Module | None:
    """The module, if it is in a network."""
    module = modems.module_of(view)
    return module if module is not None and module.state >= State.REGISTERED else None


def cell_info(view: View) -> Cell:
    """Describe the serving cell: one for each two hundred meters."""
    number = 1 + view.meter // METERS_PER_CELL
    if is_without(view):
        return Cell(number, 1, modems.csq(view), 0)
    module = heard(view)
    if module is None or module.signal is None:
        return Cell(0, 0, UNKNOWN_SIGNAL, UNKNOWN_SIGNAL)
    return Cell(number, 1, module.signal.rssi, 0)


def quality_of_service(view: View) -> Signal:
    """Quality (RSRQ), level (RSRP) and noise as coded by 3GPP TS 36.133, no coverage enhancement."""
    if is_without(view):
        return Signal(modems.csq(view), 30 + modems.csq(view), NOISE_RATIO_DB, 0)
    module = heard(view)
    if module is None or module.signal is None:
        return Signal(UNKNOWN_SIGNAL, UNKNOWN_SIGNAL, 0, 0)
    return Signal(module.signal.rsrq, module.signal.rsrp, NOISE_RATIO_DB, 0)


def ip_address(view: View) -> int:
    """Address at which the meter is served; 0 while the module has none."""
    return int(IPv4Address(address(view.meter))) if is_without(view) or reached(view, State.ONLINE) else 0


def rejection(view: View) -> int:
    """Why the network last said no; 0 if it has not since the module began."""
    module = modems.module_of(view)
    failures = [] if module is None else [line.failure for line in module.history if line.failure in REJECTIONS]
    return REJECTIONS[failures[-1]] if failures and failures[-1] is not None else 0


def read_server(number: int, view: View) -> int:
    """A name server: learnt from the network and kept, or, without DHCP, the one that a client has set."""
    if modems.setting(view, IPV4, "use_dhcp_flag"):
        return modems.name_servers(view)[number]
    held = view.holding.product.by_name[IPV4]
    kept = view.holding.settings.get((view.meter, held.number, held.interface.names[SERVERS[number]]))
    return 0 if kept is None else int(UINT32.decode(kept)[0])


def write_server(number: int, view: View, value: int) -> None:
    """Keep a name server; it is asked when the network tells none, so without DHCP."""
    held = view.holding.product.by_name[IPV4]
    view.holding.settings[view.meter, held.number, held.interface.names[SERVERS[number]]] = UINT32.encode(value)


SERVERS = ("primary_dns_address", "secondary_dns_address")

LAWS: Mapping[str, Law] = {
    "network.eui48": Law(lambda view: b"\x02" + (view.meter + 1).to_bytes(5, "big")),
    "network.ip_address": Law(ip_address),
    "network.dns.primary": Law(partial(read_server, 0), partial(write_server, 0)),
    "network.dns.secondary": Law(partial(read_server, 1), partial(write_server, 1)),
    "modem.registration": Law(registration),
    "modem.packet_switched": Law(packet_switched),
    "modem.cell_info": Law(cell_info),
    "modem.quality_of_service": Law(quality_of_service),
    "modem.rejection": Law(rejection),
    "modem.imei": Law(lambda view: modems.imei(view.holding.identity.serial(view.meter)).encode()),
}
