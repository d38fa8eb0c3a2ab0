"""What in a product file is wrong about firmware beyond the form of its section."""

from collections.abc import Iterator
from typing import Final

from openami.core.errors import DecodeError
from openami.cosem.image_transfer import ImageTransfer
from openami.dlms.security.curve import P256, PublicKey
from openami.meters.build import Definition, Product, Source
from openami.meters.sections.firmware import Firmware

RANKS: Final = ("lowest", "low", "hls2", "hls3", "hls4", "hls5", "hls6", "hls7")
"""Mechanisms of authentication, the weakest first (Green Book, 9.4.2.2.3)."""

SOURCE: Final = "firmware."
SCHEDULE: Final = "firmware.schedule"
FETCH: Final = "firmware.fetch_time"


def firmware_faults(product: Product) -> Iterator[tuple[str, str]]:
    """Find mistakes, each as key and what was expected."""
    section = product.firmware
    names = {name for definition in product.objects for name in sources(definition)}
    if section is None:
        for definition in product.objects:
            if any(name.startswith(SOURCE) for name in sources(definition)):
                yield f"object {definition.name}", "comes from the firmware: expected a section [firmware]"
        return
    yield from key_faults(section)
    yield from part_faults(section, names)
    for name in section.transfer:
        yield from transfer_faults(product, section, name)
    for key, source in (("scheduled", SCHEDULE), ("fetched", FETCH)):
        if any(bool(getattr(row, key)) for row in section.transfer.values()) is not (source in names):
            yield (
                "firmware.transfer",
                f"{key}: expected if, and only if, an object comes from {source}",
            )


def key_faults(section: Firmware) -> Iterator[tuple[str, str]]:
    """Refuse a key that is no point of the curve."""
    try:
        PublicKey.decode(P256, bytes.fromhex(section.key))
    except DecodeError as error:
        yield "firmware.key", str(error)


def part_faults(section: Firmware, names: set[str]) -> Iterator[tuple[str, str]]:
    """Refuse versions of parts that there are not, and boot stages of such."""
    for name in sorted(names - {SCHEDULE, FETCH}):
        part = name.removeprefix(SOURCE).rpartition(".")[0]
        if name.startswith(SOURCE) and part not in section.part:
            yield "firmware.part", f"source {name}: expected a part {part}"
    for stage in section.boot:
        part = stage.partition(":")[2]
        if part and part not in section.part:
            yield "firmware.boot", f"{stage!r}: expected a name, or name:part with a part there is"


def transfer_faults(product: Product, section: Firmware, name: str) -> Iterator[tuple[str, str]]:
    """Refuse a transfer that no object stands for, and clients that may use it without having proved themselves."""
    key, definition = f"firmware.transfer.{name}", product.by_name.get(name)
    if definition is None or not issubclass(definition.interface, ImageTransfer):
        yield key, "expected the name of an ImageTransfer object"
        return
    location = section.transfer[name].fetched
    if location and "value" not in getattr(product.by_name.get(location), "contents", ()):
        yield f"{key}.fetched", "expected the name of a Data object that holds the location"
    for row in product.associations:
        is_weak = RANKS.index(row.mechanism) < RANKS.index(section.mechanism)
        if is_weak and row.client in definition.clients and definition.rights(row.client).callable:
            yield key, f"client {row.name} may use it by mechanism {row.mechanism}: expected {section.mechanism}"


def sources(definition: Definition) -> list[str]:
    """Names of the laws that an object takes its values from."""
    return [content.name for content in definition.contents.values() if isinstance(content, Source)]
