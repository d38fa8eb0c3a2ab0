"""From a product's file to what its laws notice: face and logs, alarms, tampers, watches, relays, self-test."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from openami.core.errors import DefinitionError
from openami.metering.alarms import Alarms
from openami.metering.boards import NAME as BOARDS
from openami.metering.boards import Boards
from openami.metering.cold_load import NAME as COLD_LOAD
from openami.metering.cold_load import ColdLoad
from openami.metering.endpoint import NAME as ENDPOINT
from openami.metering.endpoint import Endpoint
from openami.metering.entry import NAME as ENTRY
from openami.metering.entry import Entry
from openami.metering.events import Face, Log
from openami.metering.limiter import WATCH, Limiter
from openami.metering.mobile import NAME as MOBILE
from openami.metering.mobile import Mobile
from openami.metering.monitors import Monitors
from openami.metering.power_fail import NAME as POWER_FAIL
from openami.metering.power_fail import PowerFail
from openami.metering.power_quality import Disturbances
from openami.metering.removal import NAME as REMOVAL
from openami.metering.removal import Removal
from openami.metering.schedules import Schedules
from openami.metering.selftest import SelfTest
from openami.metering.signals import ENERGIES
from openami.metering.state import MakePart
from openami.metering.tamper import Tamper
from openami.metering.tariff_switch import NAME as TARIFF_SWITCH
from openami.metering.tariff_switch import TariffSwitch
from openami.meters.faces import FACES
from openami.meters.sections.ansi import AnsiRow
from openami.meters.sections.radio import RadioRow
from openami.meters.sections.relay import RelayRow
from openami.net.cellular.product import ModuleProduct

if TYPE_CHECKING:
    from openami.meters.build import Product

SCHEDULE = "schedule."
RELAYS = ("relay", "auxiliary_relay")
EVENT_LOGS: Mapping[str, str] = {"fraud_detection": "fraud", "communication_session": "session"}
"""Logs by what their event objects are called, where that is another name."""
LOG_OBJECTS: Mapping[str, str] = {
    "standard": "standard_event_log",
    "fraud": "fraud_detection_event_log",
    "disconnector": "disconnector_control_log",
    "power_failure": "power_failure_log",
    "power_quality": "power_quality_event_log",
    "power_quality_extended": "power_quality_extended_event_log",
    "communication": "communication_event_log",
    "m_bus": "m_bus_event_log",
    "session": "communication_session_event_log",
}
"""Objects by which clients see the logs; a log of another name is seen by other means."""


def face_of(product: "Product") -> Face:
    """Face of a product: that of its market, with what the file changes of it."""
    return product.monitoring.events.over(FACES[product.head.face])


def logs_of(product: "Product") -> dict[str, Log]:
    """Logs of a product; one that has an object holds as many entries as that says, one nobody sees holds one."""
    return {name: Log(entries(product, name, log), log.columns) for name, log in face_of(product).logs.items()}


def entries(product: "Product", name: str, log: Log) -> int:
    """Entries that a log holds."""
    title = LOG_OBJECTS.get(name)
    if title is None:
        return log.entries
    if title not in product.by_name:
        return 1
    stated = product.constant(title, "profile_entries")
    if not isinstance(stated, int) or stated < 1:
        raise DefinitionError("a log holds at least one entry", key=f"object {title}.profile_entries")
    return stated


def parts_of(product: "Product") -> dict[str, MakePart]:
    """Parts of the state that notice things, in the order in which they have their turn."""
    face, told = face_of(product), product.monitoring
    watches = tuple(row.watch() for row in told.watch)
    phases, no_load_ma = product.head.phases, product.metering.no_load_ma.value
    parts: dict[str, MakePart] = {
        "alarms": lambda meters, _now: Alarms.of(meters, face),
        "tamper": lambda meters, _now: Tamper.of(meters, told.events.failed_logins),
    }
    if product.ansi is not None:
        parts |= ansi_parts(product, product.ansi)
    if product.radio is not None:
        parts[ENDPOINT] = endpoint(product.radio)
    for name, row in (("relay", told.relay), ("auxiliary_relay", told.auxiliary_relay)):
        if row is not None:
            parts[name] = relays(row, cuts=name == "relay")
    if told.relay is not None and told.relay.by_tariff:
        parts[TARIFF_SWITCH] = lambda meters, _now: TariffSwitch.of(meters)
    limited = next((watch.limit for watch in watches if watch.name == WATCH), None)
    if limited is not None:
        parts["limiter"] = lambda meters, _now: Limiter.of(meters, limited)
    parts["monitors"] = lambda meters, _now: Monitors.of(meters, watches, phases=phases, no_load_ma=no_load_ma)
    if built_in(product) is not None:
        parts[MOBILE] = Mobile.of
    if (place := product.input) is not None:
        parts[ENTRY] = lambda meters, _now: Entry.of(meters, place.module)
    parts["schedules"] = lambda meters, _now: Schedules.of(meters, scheduled(product))
    parts["disturbances"] = lambda meters, _now: Disturbances.of(meters)
    opens = told.relay is not None and told.relay.on_error
    parts["self_test"] = lambda meters, _now: SelfTest.of(meters, face, opens=opens)
    return parts


def ansi_parts(product: "Product", row: AnsiRow) -> dict[str, MakePart]:
    """Parts that a register of the ANSI kind has beside."""
    pickups = {name: 60 * row.pickup_min for name, row in product.recording.demand.items() if row.pickup_min}
    return {
        POWER_FAIL: lambda meters, _now: PowerFail.of(meters, row.power_fail_mv.value),
        COLD_LOAD: lambda meters, _now: ColdLoad.of(meters, pickups),
        REMOVAL: lambda meters, _now: Removal.of(meters),
        BOARDS: lambda meters, _now: Boards.of(meters, tuple(row.board)),
    }


def endpoint(row: RadioRow) -> MakePart:
    """Make the interval counting of a radio endpoint."""
    energy, count_wh, interval_s = ENERGIES[row.energy], row.count_wh.value, row.interval_s.value
    return lambda meters, _now: Endpoint.of(meters, energy, count_wh, interval_s)


def built_in(product: "Product") -> ModuleProduct | None:
    """Mobile module that the product has built in."""
    ways = (way.cellular for way in product.links.way.values())
    return next((found for found in ways if found is not None and not found.connector.replaceable), None)


def scheduled(product: "Product") -> tuple[str, ...]:
    """Names of the schedules of a product."""
    sources = (definition.source("execution_time") for definition in product.objects)
    return tuple(name.removeprefix(SCHEDULE) for name in sources if name.startswith(SCHEDULE))


def relays(row: RelayRow, *, cuts: bool) -> MakePart:
    """Make the part of a relay."""
    return lambda meters, _now: row.make(meters, cuts=cuts)


def monitoring_faults(product: "Product") -> Iterator[tuple[str, str]]:
    """Find sources of what the product does not have, and watches for what its face has no event of."""
    told, face = product.monitoring, face_of(product)
    watches = {row.name for row in told.watch}
    for definition in product.objects:
        for attribute in definition.contents:
            if message := lacking(definition.source(attribute), product, watches, face):
                yield f"object {definition.name}.{attribute}", message
    for row in told.watch:
        if row.opens and told.relay is None:
            yield f"watch {row.name}.opens", "expected a section [relay]"
        begins = row.watch().begins.format(phase=1)
        if begins not in face.events and not row.opens:
            yield f"watch {row.name}.begins", f"no event of the face {face.name} is called {begins}"


def lacking(source: str, product: "Product", watches: set[str], face: Face) -> str:
    """Tell what a source is of that the product does not have; nothing where all is well."""
    kind, _, rest = source.partition(".")
    name = rest.partition(".")[0]
    if kind == "watch" and name not in watches:
        return f"nothing is watched by the name of {name}"
    if kind == "limiter" and WATCH not in watches:
        return f"expected a watch of the name {WATCH}"
    if kind in RELAYS and getattr(product.monitoring, kind) is None:
        return f"expected a section [{kind}]"
    log = rest if kind == "log" else EVENT_LOGS.get(name, name) if kind == "event" else ""
    return f"the face {face.name} has no log {log}" if log and log not in face.logs else ""
