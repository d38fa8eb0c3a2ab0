"""Interface classes for what no class of ours declares: attributes and methods by number, any data as it is."""

from typing import Final, cast

from openami.core.errors import DefinitionError
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class
from openami.dlms.data import ANY
from openami.meters.definition import ObjectRow

ATTRIBUTE, METHOD = "attribute_", "method_"
LOGICAL_NAME = 1
MADE: Final[dict[tuple[object, ...], type[CosemObject]]] = {}
"""Classes made so far, by what they were made from."""


def interface_of(row: ObjectRow) -> type[CosemObject]:
    """Find or make the class of a row.

    A class by its name is one of the catalogue; with another `version`, or with `raw` members, a class derived from
    it. A class by its number is raw: its attributes are those that `raw` names, or those that the row gives.
    """
    attributes = () if row.raw is None else tuple(sorted(set(row.raw.attributes)))
    methods = () if row.raw is None else tuple(sorted(set(row.raw.methods)))
    if isinstance(row.class_name, int):
        given = [number_of(name) for name in row.attributes]
        return raw_class(row.class_name, row.version or 0, CosemObject, attributes or tuple(sorted(given)), methods)
    known = CATALOGUE.named(row.class_name)
    version = known.version if row.version is None else row.version
    if version == known.version and row.raw is None:
        return known
    exact = CATALOGUE.get((known.class_id, version), known)
    if exact is not known:
        raise DefinitionError(f"version {version} of {row.class_name} is {exact.__name__}")
    return raw_class(known.class_id, version, known, attributes, methods)


def number_of(name: str) -> int:
    """Give the number of an attribute of a raw class by its name."""
    text = name.removeprefix(ATTRIBUTE)
    if text == name or not text.removeprefix("-").isdigit():
        raise DefinitionError(f"{name!r}: attributes of a class by number are called {ATTRIBUTE}N")
    return int(text)


def raw_class(
    class_id: int, version: int, base: type[CosemObject], attributes: tuple[int, ...], methods: tuple[int, ...]
) -> type[CosemObject]:
    """Make a class with further members; equal ones are one class."""
    facts = class_id, version, base.__name__, attributes, methods
    if facts not in MADE:
        MADE[facts] = made(class_id, version, base, attributes, methods)
    return MADE[facts]


def made(
    class_id: int, version: int, base: type[CosemObject], attributes: tuple[int, ...], methods: tuple[int, ...]
) -> type[CosemObject]:
    """Make a class anew."""
    if not 0 < class_id <= 0xFFFF or not 0 <= version <= 0xFF:
        raise DefinitionError(f"class {class_id} version {version}: expected 1 to 65535, and 0 to 255")
    if taken := set(base.attributes).intersection(attributes) - {LOGICAL_NAME}:
        raise DefinitionError(f"{base.__name__} has an attribute {min(taken)} already")
    if called := set(base.methods).intersection(methods):
        raise DefinitionError(f"{base.__name__} has a method {min(called)} already")
    members: dict[str, object] = {
        f"{ATTRIBUTE}{number}": Attribute(number, ANY) for number in attributes if number != LOGICAL_NAME
    }
    members |= {f"{METHOD}{number}": Method(number, ANY) for number in methods}
    name = f"Class{class_id}" if base is CosemObject else base.__name__
    body = members | {"__doc__": f"Class {class_id} version {version}, its further members raw."}
    interface = cast("type[CosemObject]", type(name, (base,), body))
    return interface_class(class_id, version=version)(interface)
