"""Products: load one by its name, checked to the last reference; list those there are."""

from collections.abc import Iterator
from functools import cache
from importlib.resources.abc import Traversable
from itertools import chain
from pathlib import Path

from openami.core.errors import DefinitionError
from openami.meters import recording
from openami.meters.alarms import monitoring_faults
from openami.meters.build import Definition, Product, Source
from openami.meters.builder import compiled
from openami.meters.definition import products, read
from openami.meters.displays import faceplate
from openami.meters.firmware.check import firmware_faults
from openami.meters.optical import entries
from openami.meters.prepaying import prepayment_faults
from openami.meters.radio_faults import radio_faults
from openami.meters.sources import SOURCES

__all__ = ["Product", "load", "load_file", "load_from", "slugs"]

SUFFIX = ".toml"


def load(name: str) -> Product:
    """Load the product of that name, or of that file."""
    return load_file(Path(name)) if name.endswith(SUFFIX) else load_named(name)


@cache
def load_named(slug: str) -> Product:
    """Load the product of that name."""
    if slug not in slugs():
        raise DefinitionError(f"no product is called {slug!r}; there are {', '.join(slugs())}")
    return load_from(slug, products())


def load_file(path: Path) -> Product:
    """Load a product from a file of its own; what it extends stands beside it or is one of ours."""
    return load_from(path.name.removesuffix(SUFFIX), path.parent)


def load_from(slug: str, folder: Traversable) -> Product:
    """Load a product from a folder of product files."""
    product = compiled(slug, read(slug, folder))
    for definition in product.objects:
        for key, message in faults(definition):
            raise DefinitionError(message, file=f"{slug}.toml", key=f"object {definition.name}.{key}")
    recording.check(product)
    found = (firmware_faults(product), monitoring_faults(product), radio_faults(product), prepayment_faults(product))
    for key, message in chain.from_iterable(found):
        raise DefinitionError(message, file=f"{slug}.toml", key=key)
    faceplate(product)
    entries(product)
    return product


def slugs() -> list[str]:
    """Names of all products."""
    return sorted(file.name.removesuffix(SUFFIX) for file in products().iterdir() if file.name.endswith(SUFFIX))


def faults(definition: Definition) -> Iterator[tuple[str, str]]:
    """Find sources that no law stands behind, and rights to write what no law takes."""
    for attribute, content in definition.contents.items():
        if not isinstance(content, Source):
            continue
        law = SOURCES.get(content.name)
        if law is None:
            yield attribute, f"no source is called {content.name!r}"
        elif attribute in definition.write and law.write is None and not definition.stated:
            yield "write", f"{attribute} comes from {content.name}, which takes no value"
