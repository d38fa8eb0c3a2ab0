"""Links and cellular modules, from the files that hold their figures."""

from dataclasses import fields
from math import isinf

from generators.markdown import code, table
from openami.net.cellular.product import modules, product
from openami.net.cellular.settings import Reconnection, Timings
from openami.net.links.model import Way, models


def figures() -> str:
    """List every link with its figures: from the meter, then to it."""
    rows = [
        (
            code(name),
            found.title,
            both(found.up, found.down, "rate_bps", 1_000),
            both(found.up, found.down, "delay_ms", 1),
            both(found.up, found.down, "jitter_ms", 1),
            both(found.up, found.down, "loss", 0.01),
            f"{found.up.packet} + {found.up.overhead}",
            f"{found.retry_ms:g}",
            ", ".join(manner(half_duplex=found.half_duplex, shared=found.shared)),
        )
        for name, found in models().items()
    ]
    head = ("link", "what it is", "kbit/s", "delay ms", "jitter ms", "loss %", "packet", "retry ms", "manner")
    return table(head, rows)


def both(up: Way, down: Way, name: str, unit: float) -> str:
    """Write a figure of both ways; once if it is the same."""
    values = [getattr(way, name) / unit for way in (up, down)]
    texts = ["any" if isinf(value) else f"{value:.10g}" for value in values]
    return texts[0] if texts[0] == texts[1] else " / ".join(texts)


def manner(*, half_duplex: bool, shared: bool) -> list[str]:
    """Say what is special about a link."""
    return [word for word, holds in (("one side at a time", half_duplex), ("one medium for all", shared)) if holds]


def origins() -> str:
    """Say where the figures of each link come from."""
    rows = [
        (code(name), found.rate_from, found.rest_from, ", ".join(found.feature)) for name, found in models().items()
    ]
    return table(("link", "rate", "all else", "stated by"), rows)


def sold() -> str:
    """List the modules."""
    rows = []
    for name in modules():
        found = product(name)
        rows.append(
            (
                code(name),
                f"{found.vendor}: {found.title}",
                ", ".join(map(code, found.links)),
                f"{found.supply.volts:g} V",
                ", ".join(found.levels.names),
                f"{found.supply.reserve_s:g} s" if found.supply.reserve_s else "none",
                f"{found.reconnection.distribution}, {found.reconnection.mean_s:g} s"
                if found.reconnection.mean_s
                else "at once",
                "yes" if found.upgrade.is_there else "no",
            )
        )
    head = ("module", "what it is", "links", "supply", "levels", "lasts without power", "comes back", "FOTA")
    return table(head, rows)


def comes_back(rule: Reconnection) -> str:
    """Say how a module comes back after an outage."""
    return f"{rule.distribution}, {rule.mean_s:g} s" if rule.mean_s else "at once"


def timings() -> str:
    """List how long the steps of a module take."""
    defaults = Timings()
    return table(("setting", "s"), [(code(f.name), f"{getattr(defaults, f.name):g}") for f in fields(Timings)])
