"""Named sources: which law gives the value of an attribute, and what writing it does."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from openami.core.errors import ActionError
from openami.core.time import ClockStatus, CosemDateTime
from openami.cosem.association import ContextName, XDLMSContextInfo
from openami.cosem.sap_assignment import Assignment
from openami.cosem.security_setup import KeyTransfer
from openami.dlms.data import BitString
from openami.dlms.server import DEFAULT_CONFORMANCE
from openami.dlms.xdlms import ActionResult
from openami.metering import commands
from openami.metering.profile import AmrStatus
from openami.meters import granting
from openami.meters.holding import Custody
from openami.meters.identity import CLIENT_TITLE
from openami.meters.laws import (
    ansi,
    cells,
    charges,
    credit,
    display,
    firmware,
    monitoring,
    network,
    recording,
    supply_control,
    tokens,
    transformers,
)
from openami.meters.laws.cells import Joined
from openami.meters.tariffs import TARIFF
from openami.meters.view import Law, View

U16, U32 = 0xFFFF, 0xFFFFFFFF
MAX_PDU = 0xFFFF
SECOND_NS, HUNDREDTH_NS = 1_000_000_000, 10_000_000
MECHANISMS = {"lowest": 0, "low": 1, "hls5": 5}
"""Authentication mechanisms by number (Green Book, 9.4.2.2.3)."""


# Identity, security, association


def sap_assignment_list(view: View) -> list[Assignment]:
    """One logical device, the management one."""
    return [Assignment(1, view.holding.identity.logical_device_name(view.meter))]


def firmware_signature(view: View) -> bytes:
    """Digest that stands for the signature of an image there is not."""
    return hashlib.blake2b(view.holding.product.slug.encode(), digest_size=16).digest()


def invocation_counter(view: View) -> int:
    """Highest counter received from the management client, which starts above it."""
    return max(0, int(view.holding.counters.received[view.meter]))


def is_ciphered(view: View) -> bool:
    """Whether the client's association is ciphered."""
    return any(row.client == view.client and row.policy != "none" for row in view.holding.product.associations)


def mechanism(view: View) -> int:
    """Authentication mechanism of the client's association."""
    names = [row.mechanism for row in view.holding.product.associations if row.client == view.client]
    return MECHANISMS.get(names[0], 0) if names else 0


def context_info(_view: View) -> XDLMSContextInfo:
    """State what is offered to every client."""
    conformance = BitString(24, int(DEFAULT_CONFORMANCE).to_bytes(3, "big"))
    return XDLMSContextInfo(conformance, MAX_PDU, MAX_PDU, 6, 0, b"")


IDENTITY: Mapping[str, Law] = {
    "identity.serial": Law(lambda view: view.holding.identity.serial(view.meter).encode()),
    "identity.serial.text": Law(lambda view: view.holding.identity.serial(view.meter)),
    "identity.number": Law(lambda view: view.meter + 1),
    "identity.logical_device_name": Law(lambda view: view.holding.identity.logical_device_name(view.meter)),
    "identity.logical_device_name.text": Law(
        lambda view: view.holding.identity.logical_device_name(view.meter).decode()
    ),
    "identity.sap_assignment_list": Law(sap_assignment_list),
    "firmware.signature": Law(firmware_signature),
    "security.invocation_counter": Law(invocation_counter),
    "security.client_system_title": Law(lambda _view: CLIENT_TITLE),
    "security.server_system_title": Law(lambda view: view.holding.identity.system_title(view.meter)),
    "association.application_context_name": Law(lambda view: ContextName.context(3 if is_ciphered(view) else 1)),
    "association.authentication_mechanism_name": Law(lambda view: ContextName.mechanism(mechanism(view))),
    "association.xdlms_context_info": Law(context_info),
    **granting.LAWS,
}


# Clock


def read_time(view: View) -> CosemDateTime:
    """Local time with deviation and summer-time bit; invalid until set when the reserve had run out."""
    invalid = view.condition & AmrStatus.CLOCK_INVALID.value
    status = ClockStatus.INVALID.value if invalid else 0
    ahead_ns = view.laws.clock.ahead_ns(view.meter, int(view.holding.now()))
    if not ahead_ns:
        return view.dst_rule.stamp(view.clock, status)
    seconds, rest_ns = divmod(ahead_ns, SECOND_NS)
    return replace(view.dst_rule.stamp(view.clock + seconds, status), hundredths=rest_ns // HUNDREDTH_NS)


def write_time(view: View, time: CosemDateTime) -> None:
    """Set the clock; a time without deviation is one of the meter's zone."""
    rule = view.dst_rule
    default, _ = rule.offset(rule.local_to_utc(time.local_seconds()))
    commands.set_clock(view.laws, view.meter, time.to_utc(default))


def write_rule(field: str, view: View, value: object) -> None:
    """Change one part of the rule of zone and summer time; it must still name days of every year."""
    changes: dict[str, Any] = {field: value}
    rule = replace(view.dst_rule, **changes)
    _ = rule.switches
    commands.set_dst_rule(view.laws, view.meter, rule)


def rule_part(field: str) -> Law:
    """Make the law of a part of the rule of zone and summer time."""

    def read(view: View) -> object:
        return getattr(view.dst_rule, field)

    return Law(read, partial(write_rule, field))


RULE_PARTS = {
    "time_zone": "zone_min",
    "daylight_savings_begin": "begin",
    "daylight_savings_end": "end",
    "daylight_savings_deviation": "deviation_min",
    "daylight_savings_enabled": "enabled",
}
CLOCK: Mapping[str, Law] = {
    "clock.time": Law(read_time, write_time),
    **{f"clock.{name}": rule_part(field) for name, field in RULE_PARTS.items()},
}


# Supply


def supply(field: str, limit: int, view: View) -> int:
    """Read a counter or duration of the supply."""
    return min(int(getattr(view.laws.supply, field)[view.meter]), limit)


def write_threshold(view: View, seconds: int) -> None:
    """Seconds that make a failure a long one."""
    view.laws.supply.threshold_s[view.meter] = seconds


SUPPLY: Mapping[str, Law] = {
    "supply.failures": Law(partial(supply, "failures", U16)),
    "supply.long_failures": Law(partial(supply, "long_failures", U16)),
    "supply.last_long_failure": Law(partial(supply, "last_long_s", U32)),
    "supply.long_failure_threshold": Law(partial(supply, "threshold_s", U16), write_threshold),
}


SOURCES: Mapping[str, Law] = Joined(
    {
        **IDENTITY,
        **CLOCK,
        **TARIFF,
        **SUPPLY,
        **network.LAWS,
        **ansi.LAWS,
        **firmware.LAWS,
        **monitoring.LAWS,
        **supply_control.LAWS,
        **display.LAWS,
        **transformers.LAWS,
        **credit.LAWS,
        **charges.LAWS,
        **tokens.LAWS,
    },
    recording.Laws(),
    cells.Grammar(),
)
"""Laws by name: those that are listed, then those of profiles and demands, then all that the grammar of cells names."""


# Methods


def activate_calendar(view: View, _data: object) -> None:
    """Make the passive tariff table the active one."""
    commands.activate_calendar(view.laws, view.meter)


def unwrap_key(view: View, wrapped: bytes) -> bytes:
    """Open a key that was wrapped under the meter's master key."""
    return custody(view).unwrap(view.meter, wrapped)


def transfer_keys(view: View, transfers: list[KeyTransfer]) -> None:
    """Replace keys, all that were sent together."""
    keys = {int(key_id): key for key_id, key in transfers}
    if len(keys) != len(transfers):
        raise ActionError(ActionResult.TYPE_UNMATCHED, "a key is transferred twice")
    custody(view).rekey(view.meter, keys)


def custody(view: View) -> Custody:
    """Who keeps the keys of the fleet."""
    if view.holding.custody is None:
        raise ActionError(ActionResult.OBJECT_UNAVAILABLE, "nobody keeps the keys of this meter")
    return view.holding.custody


HANDLERS: Mapping[str, Callable[[View, Any], object]] = Joined(
    {
        "security_setup.unwrap": unwrap_key,
        "security_setup.global_key_transfer": transfer_keys,
        **monitoring.METHODS,
        **supply_control.METHODS,
        **granting.METHODS,
        **credit.METHODS,
        **charges.METHODS,
        **tokens.METHODS,
        "activity_calendar.activate_passive_calendar": activate_calendar,
        **recording.METHODS,
    },
    recording.Methods(),
)
"""Methods that the device carries out, by the source of the object's buffer or by the object's name."""
