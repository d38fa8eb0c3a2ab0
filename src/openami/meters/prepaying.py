"""From the `[prepayment]` section of a product to the parts of its state: credit registers, memory of tokens."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from openami.metering.limiter import WATCH
from openami.metering.prepayment import NAME as CREDIT
from openami.metering.prepayment import Prepayment
from openami.metering.quantities import Energy
from openami.metering.state import MakePart
from openami.meters import recording
from openami.meters.sections.prepayment import KINDS
from openami.meters.token_memory import NAME, TokenMemory
from openami.sts.state import TIDS
from openami.sts.token import Kind

if TYPE_CHECKING:
    from openami.meters.build import Product

SOURCES: Final = ("credit.", "token.", "account.", "charge.", "sts.")


def prepayment_parts(product: "Product") -> dict[str, MakePart]:
    """Parts of a prepayment meter; the credit comes last, when all others have moved."""
    row = product.prepayment
    if row is None:
        return {}
    terms, identifiers = row.terms, row.identifiers.value
    rates = product.metering.rates.value if is_rated(product) else 1
    return {
        NAME: lambda meters, now: TokenMemory.of(meters, now, identifiers),
        CREDIT: lambda meters, _now: Prepayment.of(meters, terms, rates),
    }


def is_rated(product: "Product") -> bool:
    """Whether active import is counted by rate."""
    return any(
        one.energy is Energy.ACTIVE_IMPORT and one.rated and not one.phase for one in recording.registers(product)
    )


def prepayment_faults(product: "Product") -> Iterator[tuple[str, str]]:
    """Find what does not fit a section of prepayment, and sources of it where there is none."""
    row = product.prepayment
    if row is None:
        for definition in product.objects:
            for attribute in definition.contents:
                if definition.source(attribute).startswith(SOURCES):
                    yield f"object {definition.name}.{attribute}", "expected a section [prepayment]"
        return
    if unknown := sorted(set(row.kinds) - KINDS.keys()):
        yield "prepayment.kinds", f"{unknown[0]!r} is no kind that a meter takes; there are {', '.join(KINDS)}"
    if row.identifiers.value < TIDS:
        yield "prepayment.identifiers", f"expected at least {TIDS}"
    if row.period not in product.profiles:
        yield "prepayment.period", f"no profile is called {row.period!r}"
    is_limited = any(watch.name == WATCH for watch in product.monitoring.watch)
    if Kind.MAXIMUM_POWER_LIMIT.name.lower() in row.kinds and not is_limited:
        yield "prepayment.kinds", f"a power limit expects a watch of the name {WATCH}"
