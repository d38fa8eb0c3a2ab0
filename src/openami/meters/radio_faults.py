"""Mistakes of a product's `[radio]` section, and of its option boards, that need the rest of the file to be seen."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openami.metering.signals import ENERGIES
from openami.meters.alarms import face_of, lacking, parts_of
from openami.meters.recording import registers
from openami.meters.sections.radio import RadioRow
from openami.meters.sources import SOURCES

if TYPE_CHECKING:
    from openami.meters.build import Product

RADIO = "radio"


def radio_faults(product: "Product") -> Iterator[tuple[str, str]]:
    """Find counters that no law gives, a register that the product does not keep, boards that carry nothing known."""
    row = product.radio
    if row is not None:
        yield from tamper_faults(product, "radio.scm.tampers", row.scm_tampers)
        yield from tamper_faults(product, "radio.idm.tampers", row.idm_tampers)
        yield from register_faults(product, row)
    yield from board_faults(product)


def tamper_faults(product: "Product", key: str, sources: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Find sources that there are not, or not in this product."""
    watches, face = {watch.name for watch in product.monitoring.watch}, face_of(product)
    for source in filter(None, sources):
        if SOURCES.get(source) is None:
            yield key, f"no source is called {source!r}"
        elif message := lacking(source, product, watches, face) or part_lacks(product, source):
            yield key, message


def part_lacks(product: "Product", source: str) -> str:
    """Tell which counter of a part of the state there is not; nothing where all is well."""
    kind, _, place = source.partition(".")
    name, _, field = place.partition(".")
    make = parts_of(product).get(name)
    if kind != "part" or (make is not None and hasattr(make(1, 0), field.partition(".")[0])):
        return ""
    return f"no source is called {source!r}"


def register_faults(product: "Product", row: RadioRow) -> Iterator[tuple[str, str]]:
    """Refuse to tell what is not counted."""
    kept = {(register.energy, register.phase) for register in registers(product)}
    if (ENERGIES[row.energy], 0) not in kept:
        yield "radio.energy", f"the product keeps no register of {row.energy}"


def board_faults(product: "Product") -> Iterator[tuple[str, str]]:
    """Refuse boards that carry what there is not."""
    if product.ansi is None:
        return
    known = {*product.ansi.output, *([RADIO] if product.radio else [])}
    for name, board in product.ansi.board.items():
        for carried in sorted(set(board.carries) - known):
            yield f"ansi.board.{name}.carries", f"{carried!r} is none of {', '.join(sorted(known))}"
