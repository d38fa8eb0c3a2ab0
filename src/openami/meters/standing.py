"""How a meter stands: for each hand that leaves something behind, the value that it was laid on with."""

from collections.abc import Callable, Mapping
from functools import partial

from openami.metering.boards import NAME as BOARDS
from openami.metering.boards import Boards
from openami.metering.columns import NEVER
from openami.metering.disconnect import Relay
from openami.metering.entry import NAME as ENTRY
from openami.metering.entry import Entry, Module
from openami.metering.selftest import FAULTS, SelfTest
from openami.metering.tamper import Tamper
from openami.meters.hands import COVERS, HANDS, Value
from openami.meters.modems import mobile
from openami.meters.view import View

THOUSAND, TEN = 1_000, 10


def put(name: str, view: View) -> int:
    """Give an input as it is."""
    return int(view.laws.part("tamper", Tamper).row(name)[view.meter])


def part(name: str, of: int, view: View) -> float:
    """Give an input in a unit that is so many times as large."""
    return put(name, view) / of


def flag(name: str, view: View) -> bool:
    """Give an input that is true or false."""
    return bool(put(name, view))


def cover(name: str, view: View) -> str:
    """Say whether a cover is open."""
    return "open" if put(name, view) else "closed"


def phases(name: str, view: View) -> list[Value]:
    """Name phases, L1 is 1."""
    return [phase + 1 for phase in range(view.holding.product.head.phases) if put(name, view) >> phase & 1]


def supply(view: View) -> str:
    """Say whether there is supply."""
    return "on" if view.laws.supply.off_from[view.meter] == NEVER else "off"


def relay_stuck(view: View) -> bool | None:
    """Say whether the contact is welded; nothing where there is no relay."""
    relay = view.laws.more.get("relay")
    return bool(relay.stuck[view.meter]) if isinstance(relay, Relay) else None


def memory_error(view: View) -> list[Value]:
    """Name the faults there are, as the self-test does."""
    faults = int(view.laws.part("self_test", SelfTest).faults[view.meter])
    return [name for number, name in enumerate(FAULTS) if faults >> number & 1]


def factory_mode(view: View) -> bool | None:
    """Say whether the meter is in its factory mode; nothing where it has none."""
    has_one = view.holding.product.firmware is not None
    return bool(view.holding.images.state.in_factory[view.meter]) if has_one else None


def signal(view: View) -> int | None:
    """Give the signal that a hand has set; nothing where it is that of the place."""
    part = mobile(view)
    return None if part is None else int(part.signal_dbm[view.meter]) or None


def network(view: View) -> str | None:
    """Say whether there is a mobile network; nothing where there is no module."""
    part = mobile(view)
    return None if part is None else "off" if part.down[view.meter] else "on"


def known(kind: str, view: View) -> Value:
    """Give what the network knows otherwise than at first."""
    part = mobile(view)
    texts = None if part is None else part.lists.get(f"{kind}.{view.meter}")
    if not texts:
        return None
    return texts[0] if len(texts) == 1 else [*texts]


def boards_out(view: View) -> list[Value] | None:
    """Name the option boards that are out; nothing where there are none."""
    boards = view.laws.more.get(BOARDS)
    return [*boards.out(view.meter)] if isinstance(boards, Boards) else None


def input_module(view: View) -> str | None:
    """Name the input module that is in its place; nothing where there is no place for one."""
    held = view.laws.more.get(ENTRY)
    return Module(int(held.module[view.meter])).name.lower() if isinstance(held, Entry) else None


STANDS: Mapping[str, Callable[[View], Value]] = {
    **{name: partial(cover, name) for name in COVERS},
    **{name: partial(put, name) for name in ("magnet_mt", "bypass_share", "differential_ma", "battery_mv")},
    "temperature_c": partial(put, "temperature_c"),
    "dc_ma": partial(put, "dc_ma"),
    "boards_out": boards_out,
    "input_module": input_module,
    "supply": supply,
    "phase_lost": partial(phases, "phase_lost"),
    "reverse_phases": partial(phases, "reverse_phases"),
    "neutral_lost": partial(flag, "neutral_lost"),
    "phase_sequence": partial(flag, "phase_sequence"),
    "frequency_hz": partial(part, "frequency_mhz", THOUSAND),
    "thd_percent": partial(part, "thd_permille", TEN),
    "thd_current_percent": partial(part, "thd_current_permille", TEN),
    "relay_stuck": relay_stuck,
    "memory_error": memory_error,
    "clock_offset_s": lambda view: int(view.laws.clock.offset_s[view.meter]),
    "clock_drift_ppb": lambda view: int(view.laws.clock.drift_ppb[view.meter]),
    "link_noise": lambda view: [put("link_wrong_ppm", view), put("link_lost_ppm", view)],
    "factory_mode": factory_mode,
    "signal_dbm": signal,
    "network": network,
    "network_secret": partial(known, "secret"),
    "sim_imei": partial(known, "imei"),
}
"""By the name of the hand; what happens in a moment, such as a press of a button, leaves nothing."""


def standing(view: View) -> dict[str, Value]:
    """Give all of it, in the order of the hands."""
    return {name: STANDS[name](view) for name in HANDS if name in STANDS}
