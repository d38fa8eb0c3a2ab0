"""Values that a law can give, found by what our products say of the same objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, cast

from openami.aio.everything import BUFFER
from openami.aio.objects import SCALED, SCALER_UNIT
from openami.core.errors import DecodeError
from openami.cosem.access import Key
from openami.cosem.objects import decode_whole
from openami.meters.build import Constant, Definition, Product, Source
from openami.meters.captures import default_objects, profile_of
from openami.meters.cloning.kinds import PROFILE, Kind
from openami.meters.cloning.taking import Taken
from openami.meters.cloning.writing import Written
from openami.meters.definition import is_table, merged, products
from openami.meters.product import load, slugs
from openami.meters.sections.recording import ProfileRow

LIVE: Final = (
    "clock.", "energy.", "power.", "voltage.", "current.", "frequency.", "angle.", "demand.", "maximum.", "average.",
    "profile.", "status.", "log.", "event.", "supply.", "alarm.", "error.", "quality.",
)  # fmt: skip
"""What sources that give measured or logged values begin with; settings and calendars stay those of the meter."""

SECTIONS: Final = ("metering", "registers", "demand", "window", "profile", "demand_calendar", "clock", "events")
"""Tables of a product file that say how these laws work."""

COLUMNS: Final = 3
ROWS_NEED: Final = (COLUMNS, 4, 8)
"""Attributes of a profile that must be as the law has them: columns, period, number of rows."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """The product that a meter is most like, and the objects whose values its laws give."""

    product: Product
    sources: Mapping[Key, Mapping[int, str]]

    @classmethod
    def of(cls, kinds: Mapping[Key, Kind], taken: Taken) -> Self | None:
        """Find the product that recognises most values; None where none recognises any."""
        found = [cls(product, recognised(product, kinds, taken)) for product in map(load, slugs())]
        best = max(found, key=lambda one: sum(map(len, one.sources.values())), default=None)
        return best if best is not None and best.sources else None

    def source(self, key: Key, number: int) -> str:
        """Name the law behind an attribute; empty where there is none."""
        return self.sources.get(key, {}).get(number, "")

    def name(self, key: Key) -> str:
        """Give the name by which the laws know an object; empty where they do not."""
        return self.product.by_key[key].name if key in self.sources else ""

    @property
    def sections(self) -> dict[str, Written]:
        """Tables of the product's file for its laws, those of profiles that are not here left out."""
        whole = merged(self.product.slug, products(), ())
        found: dict[str, Written] = {
            str(name): cast("Written", plain(whole[name])) for name in SECTIONS if name in whole
        }
        shown = {name.removeprefix("profile.") for held in self.sources.values() for name in held.values()}
        profiles, windows, demands = (tables(found, name) for name in ("profile", "window", "demand"))
        found["profile"] = {name: row for name, row in profiles.items() if name in shown}
        found["window"] = {name: row for name, row in windows.items() if row.get("follows", "") in {"", *shown}}
        found["demand"] = {
            name: row | {"maxima": {one: by for one, by in tables(row, "maxima").items() if one in shown}}
            for name, row in demands.items()
        }
        return {name: section for name, section in found.items() if section}


def tables(held: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give the tables of a section, none where there is none."""
    return dict(held.get(name) or {})


def plain(section: object) -> object:
    """Leave out which stated functions a section answers: the clone answers none."""
    if not is_table(section):
        return section
    if section.keys() == {"value", "feature"}:
        return plain(section["value"])
    return {name: plain(value) for name, value in section.items() if name != "feature"}


def recognised(product: Product, kinds: Mapping[Key, Kind], taken: Taken) -> dict[Key, dict[int, str]]:
    """Match objects by class and name, and their attributes by type, scale, columns and period."""
    found: dict[Key, dict[int, str]] = {}
    for key, kind in kinds.items():
        definition = product.by_key.get(key)
        if definition is None:
            continue
        sources = {
            number: content.name
            for name, content in definition.contents.items()
            if isinstance(content, Source)
            and content.name.startswith(LIVE)
            and is_alike(product, definition, kind, number := definition.interface.names[name], taken)
        }
        if sources:
            found[key] = sources
    return {key: held for key, held in found.items() if are_captured(product, key, found)}


def are_captured(product: Product, key: Key, found: Mapping[Key, Mapping[int, str]]) -> bool:
    """Whether all that a profile captures comes from laws, too; anything else needs nothing."""
    name = profile_of(product.by_key[key])
    if not name:
        return True
    columns = default_objects(product, name)
    return all(one.attribute_id in found.get((one.class_id, one.logical_name), {}) for one in columns)


def is_alike(product: Product, definition: Definition, kind: Kind, number: int, taken: Taken) -> bool:
    """Whether the law's value can stand for that of the meter."""
    held = taken.values.get(kind.key, {})
    if (kind.key[0], number) == (PROFILE, BUFFER):
        return (
            kind.key in taken.tables
            and not kind.writable.intersection(ROWS_NEED)
            and all(is_same(definition, one, held, fixed(product, definition, one)) for one in ROWS_NEED[:2])
        )
    octets = held.get(number)
    if octets is None or octets[0] not in definition.codec(definition.interface.attributes[number].name).tags:
        return False
    scaler = SCALER_UNIT.get(kind.key[0], 0)
    return number not in SCALED.get(kind.key[0], ()) or is_same(
        definition, scaler, held, fixed(product, definition, scaler)
    )


def fixed(product: Product, definition: Definition, number: int) -> object:
    """Give what the product has of an attribute from the factory; None where it has nothing fixed."""
    content = definition.contents.get(definition.interface.attributes[number].name)
    name = profile_of(definition)
    if isinstance(content, Constant):
        return content.value
    if not name:
        return None
    row = product.recording.profile.get(name, ProfileRow())
    if number == COLUMNS:
        return list(default_objects(product, name))
    return 0 if row.period_s is None else row.period_s.value


def is_same(definition: Definition, number: int, held: Mapping[int, bytes], expected: object) -> bool:
    """Whether what the product has is what the meter has."""
    attribute = definition.interface.attributes[number]
    if number not in held:
        return False
    try:
        return bool(decode_whole(definition.codec(attribute.name), held[number]) == expected)
    except DecodeError:
        return False
