"""What is true of a meter at this moment, by name: what modes, signs and diodes of its front go by."""

from collections.abc import Iterator
from typing import NamedTuple

from openami.metering.disconnect import Relay, Switch
from openami.metering.display import NO_SUPPLY
from openami.metering.load import Load, step_of
from openami.metering.quantities import Channel, Energy, Power
from openami.metering.tamper import Tamper
from openami.meters.view import View

SECOND_US = 1_000_000
COVERS = ("terminal_cover", "meter_cover", "module_cover", "module_cover_2")
KINDS = {
    "active": (Energy.ACTIVE_IMPORT, Energy.ACTIVE_EXPORT),
    "reactive": (Energy.REACTIVE_IMPORT, Energy.REACTIVE_EXPORT),
}


class Ways(NamedTuple):
    """Power of both directions in mW or mvar, neither negative."""

    forward: int
    backward: int

    @property
    def total(self) -> int:
        """What turns the counter of pulses."""
        return self.forward + self.backward


def power(view: View, load: Load) -> dict[str, Ways]:
    """Power that the meter registers at this moment, behind its relay and its wiring; nothing without supply."""
    laws, meter = view.laws, view.meter
    if not laws.supply.powered[meter]:
        return dict.fromkeys(KINDS, Ways(0, 0))
    now, length = int(view.holding.now()), step_of(load)
    minutes = load.power(now // length * length, 1).on(laws.rules.phases)
    for part in (laws.more.get("tamper"), laws.more.get("relay")):
        if isinstance(part, Tamper | Relay):
            minutes = part.shape(laws, minutes, now, now + 1)
    seen = Power(now // length * length, minutes, meters=laws.count, measuring=laws.rules.measuring)
    forward, backward, leading, lagging = map(int, seen.channels[:, 0, meter])
    return {"active": Ways(forward, backward), "reactive": Ways(leading, lagging)}


def energy(view: View, kind: str, ways: Ways, now_us: int) -> int:
    """Both directions together at this moment, in mJ and mvar·s, with what has come since the laws last stepped."""
    laws = view.laws
    kept = [way for way in KINDS[kind] if Channel(way) in laws.registers.book.terms]
    held = sum(int(laws.registers.mj(way)[view.meter]) for way in kept)
    return held + ways.total * max(0, now_us - laws.now * SECOND_US) // SECOND_US


def tampering(view: View) -> Tamper | None:
    """Give the covers, magnets and wiring of the fleet, where the product looks at them."""
    part = view.laws.more.get("tamper")
    return part if isinstance(part, Tamper) else None


def conditions(view: View, active: Ways) -> frozenset[str]:
    """Name all that holds now; `active` is the active power."""
    return frozenset([*of_power(view, active), *of_covers(view), *of_relay(view)])


def of_power(view: View, active: Ways) -> Iterator[str]:
    """Supply, and which way energy goes."""
    if not view.laws.supply.powered[view.meter]:
        yield NO_SUPPLY
    elif not active.total:
        yield "no_load"
    else:
        yield "import" if active.forward >= active.backward else "export"


def of_covers(view: View) -> Iterator[str]:
    """What is open, and whether a magnet is near."""
    tamper = tampering(view)
    if tamper is None:
        return
    yield from (f"{cover}_open" for cover in COVERS if tamper.row(cover)[view.meter])
    if tamper.row("magnet_mt")[view.meter]:
        yield "magnet"


def of_relay(view: View) -> Iterator[str]:
    """Whether the relay is open, and whether a press would close it."""
    relay = view.laws.more.get("relay")
    if not isinstance(relay, Relay):
        return
    if not relay.closed[view.meter]:
        yield "relay_open"
    if relay.state[view.meter] == Switch.READY:
        yield "relay_ready"
