"""The mobile module of a meter, for products that have one built in: made anew from what is known of it when asked.

A module is a function of its settings and of what happened to it: so it needs no room, and is the same after a kill.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from openami.core.time import DAY_S
from openami.cosem.access import Key
from openami.cosem.elements import Window
from openami.cosem.internet import PPPOption
from openami.cosem.modem import AllowedCaller
from openami.dlms.data import Data, Tag
from openami.metering.mobile import NAME, NEVER_ASKED, SERVERS, Mobile
from openami.meters import draws
from openami.meters.alarms import built_in
from openami.meters.build import Definition, Setting
from openami.meters.identity import address
from openami.meters.view import View
from openami.net.cellular import (
    Access,
    AccessPoint,
    Authentication,
    Mode,
    Module,
    Network,
    Settings,
    Signal,
    Sim,
    Slots,
    State,
    Wakeup,
    product,
)

HOUR_S, MINUTE_S = 3_600, 60
IPV4 = 4
DLMS_PORT = 4059
SIGNAL_STREAM = 2_000
CSQ_LOW, CSQ_RANGE = 10, 21
NAME_SERVERS: Final = ("192.0.2.53", "192.0.2.54")
"""Name servers that the simulated network tells."""
ANY_HOST: Final = "192.0.2.10"
"""Where the simulated network says that any host is."""
AUTHENTICATION_OPTION, PAP, CHAP = 3, 0xC023, 0xC223
"""Option of LCP by which both ends agree on a protocol (RFC 1661, 6.2)."""
SECRET, LOCK = "secret", "imei"
MODEM_OBJECTS: Final = frozenset({"lte_modem_setup", "ppp_setup", "ipv4_setup", "auto_connect"})
"""Objects whose writing makes the module begin anew."""


class Subscriber(NamedTuple):
    """What the network knows of a meter: access point, name and secret, and the IMEI that its SIM is held to."""

    apn: str
    user: str
    secret: bytes
    imei: str


class Known(NamedTuple):
    """All that a module depends on; two that are equal are one."""

    module: str
    serial: str
    address: str
    settings: Settings
    subscriber: Subscriber
    csq: int
    signal_dbm: int
    is_up: bool
    since: int
    asked_at: int
    now: int


def mobile(view: View) -> Mobile | None:
    """What is known of the modules of the fleet; None for a product without any."""
    part = view.laws.more.get(NAME)
    return part if isinstance(part, Mobile) else None


def csq(view: View) -> int:
    """Signal quality of the place, 10 to 30 (3GPP TS 27.007, +CSQ), fixed by the serial number."""
    seed = draws.seeds([view.holding.identity.serial(view.meter)])
    return CSQ_LOW + int(draws.uniform(seed, SIGNAL_STREAM)[0] * CSQ_RANGE)


def module_of(view: View, asked_at: int = NEVER_ASKED) -> Module | None:
    """The module as it is now, asked to connect then; None where there is none, or no supply for it."""
    part, found = mobile(view), built_in(view.holding.product)
    if part is None or found is None or not view.laws.supply.powered[view.meter]:
        return None
    meter = view.meter
    return made(
        Known(
            found.name, view.holding.identity.serial(meter), address(meter), settings(view), subscriber(view, part),
            csq(view), int(part.signal_dbm[meter]), not part.down[meter], int(part.since[meter]),
            max(asked_at, int(part.asked_at[meter])), int(view.holding.now()),
        )
    )  # fmt: skip


def name_servers(view: View) -> list[int]:
    """Name servers as the module knows them: those of its lease, or those that it learnt last."""
    part, module = mobile(view), module_of(view)
    if module is not None and module.lease is not None:
        servers = [int(server) for server in module.lease.dns if server.version == IPV4][:SERVERS]
        return servers + [0] * (SERVERS - len(servers))
    return [0] * SERVERS if part is None else part.dns[view.meter].tolist()


def remember(view: View) -> None:
    """Keep the name servers of now, before the module may lose its network."""
    part = mobile(view)
    if part is not None:
        part.dns[view.meter] = name_servers(view)


def before_write(view: View, key: Key) -> None:
    """Keep them before a client changes a setting of the module."""
    held = view.holding.product.by_key.get(key)
    if held is not None and held.name in MODEM_OBJECTS:
        remember(view)


@lru_cache(maxsize=256)
def made(known: Known) -> Module:
    """Let a module live up to now: from its beginning, or from an hour or two ago, when that is all the same."""
    since = max(known.since, known.now - HOUR_S - (known.now - known.since) % HOUR_S)
    signal = Signal.of(known.signal_dbm or 2 * known.csq - 113)
    module = Module(
        product(known.module), known.settings, network(known), Sim(known.serial, imei=known.subscriber.imei),
        imei=imei(known.serial), seed=(int(known.serial[-11:]), since),
    )  # fmt: skip
    module.receive_signal(signal, since)
    module.power(on=True, now=since)
    if known.asked_at >= since:
        module.request(known.asked_at)
    module.expire(max(known.now, since))
    return module


def network(known: Known) -> Network:
    """The network as this meter meets it: it gives every meter the address at which that is served."""
    _, user, secret, _ = known.subscriber
    point = AccessPoint(
        authentication=Authentication.EITHER if user else Authentication.NONE,
        secrets={user: secret},
        static={known.serial: known.address},
        dns=NAME_SERVERS,
    )
    names = {host(text): (ANY_HOST,) for text in known.settings.endpoints}
    return Network({known.subscriber.apn: point}, names=names, is_up=known.is_up)


def host(endpoint: str) -> str:
    """Host of `host:port`."""
    return endpoint.rpartition(":")[0].strip("[]")


def imei(serial: str) -> str:
    """IMEI of a simulated module: 15 digits that no maker has, from the serial number."""
    return f"0000{int(serial[-11:]):011d}"


# What the objects of the meter say


def definition(view: View, name: str) -> Definition | None:
    """Find an object."""
    return view.holding.product.by_name.get(name)


def setting(view: View, name: str, attribute: str) -> Any:
    """A setting as a client has left it, or as it came; None where the product has no such."""
    held = definition(view, name)
    if held is None:
        return None
    kept = view.holding.settings.get((view.meter, held.number, held.interface.names[attribute]))
    if kept is not None:
        return held.codec(attribute).decode(kept)[0]
    return default(view, name, attribute)


def default(view: View, name: str, attribute: str) -> Any:
    """A setting as it came."""
    held = definition(view, name)
    content = None if held is None else held.contents.get(attribute)
    return content.default if isinstance(content, Setting) else None


def settings(view: View) -> Settings:
    """Settings of the module."""
    mode = setting(view, "auto_connect", "mode")
    windows = cast("list[Window]", setting(view, "auto_connect", "calling_window") or [])
    callers = cast("list[AllowedCaller]", setting(view, "auto_answer", "list_of_allowed_callers") or [])
    destinations = cast("list[bytes]", setting(view, "auto_connect", "destination_list") or [])
    return Settings(
        access(view),
        endpoints=tuple(endpoint(each) for each in destinations if each),
        mode=Mode(mode) if mode in {*Mode} else Mode.NEVER,
        slots=next((slots_of(view, window) for window in windows), Slots(length_s=DAY_S)),
        repetitions=setting(view, "auto_connect", "repetitions") or 0,
        repetition_delay_s=float(setting(view, "auto_connect", "repetition_delay") or 1),
        wakeup=Wakeup(tuple(caller.caller_id.decode("ascii", "replace") for caller in callers)),
    )


def access(view: View) -> Access:
    """How the module gets in; name and key serve both protocols unless LCP is to agree on one of them."""
    user, secret = named(setting(view, "ppp_setup", "ppp_authentication"))
    pin = setting(view, "lte_modem_setup", "pin_code") or 0
    return Access(
        (setting(view, "lte_modem_setup", "apn") or b"").decode("ascii", "replace"),
        user=user,
        pap_secret=secret,
        chap_secret=secret,
        authentication=protocol(setting(view, "ppp_setup", "lcp_options") or []),
        static=address(view.meter),
        pin=f"{pin:04d}" if pin else "",
    )


def named(held: Data | None) -> tuple[str, bytes]:
    """Name and key of a PPP authentication: a structure of two octet-strings; nothing for any other."""
    if held is None or held.tag is not Tag.STRUCTURE:
        return "", b""
    parts = cast("tuple[Data, ...]", held.value)
    texts = [part.value for part in parts[:2] if isinstance(part.value, bytes)]
    return (texts[0].decode("utf-8", "replace"), texts[1]) if len(texts) == 2 else ("", b"")


def protocol(options: list[PPPOption]) -> Authentication:
    """Protocol that LCP is to agree on."""
    agreed = next((option.option_data.value for option in options if option.option_type == AUTHENTICATION_OPTION), 0)
    known: Mapping[object, Authentication] = {PAP: Authentication.PAP, CHAP: Authentication.CHAP}
    return known.get(agreed, Authentication.EITHER)


def endpoint(destination: bytes) -> str:
    """Write a destination as `host:port`."""
    text = destination.decode("ascii", "replace")
    return text if text.rpartition(":")[2].isdigit() and ":" in text else f"{text}:{DLMS_PORT}"


def slots_of(view: View, window: Window) -> Slots:
    """Slot of a window that opens every day; others are taken for it by their times of day."""
    begin, end = (each.time.hour % 24 * HOUR_S + each.time.minute % 60 * MINUTE_S for each in window)
    deviation, _ = view.dst_rule.offset(view.clock)
    return Slots(DAY_S, (end - begin) % DAY_S or DAY_S, begin + MINUTE_S * deviation)


def subscriber(view: View, part: Mobile) -> Subscriber:
    """What the network knows of the meter: what it came with, unless a hand has changed it."""
    user, secret = named(cast("Data | None", default(view, "ppp_setup", "ppp_authentication")))
    changed = part.lists.get(f"{SECRET}.{view.meter}")
    if changed:
        user, secret = changed[0], changed[1].encode()
    apn = cast("bytes", default(view, "lte_modem_setup", "apn") or b"").decode("ascii", "replace")
    return Subscriber(apn, user, secret, (part.lists.get(f"{LOCK}.{view.meter}") or [""])[0])


# What is done with it


def ready(view: View, asked_at: int) -> bool:
    """Whether the meter, which has had something to send since then, can do so now."""
    if mobile(view) is None:
        return True
    module = module_of(view, asked_at)
    return module is not None and module.state >= State.ONLINE


def wake(view: View, caller: str) -> bool:
    """Take a wake-up by SMS; whether the module hears it, and from one of those who may."""
    part, module = mobile(view), module_of(view)
    if part is None or module is None or module.state < State.REGISTERED:
        return False
    if caller not in module.settings.wakeup.callers:
        return False
    part.asked_at[view.meter] = int(view.holding.now())
    return True
