"""Interface classes: a walk through the catalogue."""

from collections.abc import Iterable
from typing import Any

from generators.markdown import code, summary, table
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.objects import UNSET, Attribute, CosemObject, Method
from openami.cosem.short_names import METHODS
from openami.dlms.data import AnyCodec
from openami.dlms.data.codecs import Array, Choice, Structure

HEAD = """# Interface classes

Every class of the catalogue (`openami.cosem.catalogue.CATALOGUE`), as declared once for client and server. Read on the
class, an attribute is the key that a client sends (`Register.value`); read on an object, it is the value that a server
gives. Attribute 1, `logical_name`, is the same in all of them and left out below. Types are the names of the Blue Book;
those with a capital letter are structures and stand at the end. A type marked † does not stand in a text at hand and is
from general knowledge (see [assumptions](assumptions.md)).
"""
UNVERIFIED = " †"
Member = Attribute[object] | Method[object, object]


def page() -> str:
    """Describe every class, then the structures they use."""
    classes = [CATALOGUE[key] for key in sorted(CATALOGUE)]
    index = table(("class", "version", "name"), [(c.class_id, c.version, link(c)) for c in classes])
    sections = "".join(section(cls) for cls in classes)
    return f"{HEAD}\n{index}\n{sections}\n## Structures\n\n{structures(classes)}\n"


def link(cls: type[CosemObject]) -> str:
    """Link to the section of a class."""
    return f"[{cls.__name__}](#{title(cls).lower().replace(',', '').replace(' ', '-')})"


def title(cls: type[CosemObject]) -> str:
    """Make the heading of a class."""
    return f"{cls.__name__}, class {cls.class_id} version {cls.version}"


def section(cls: type[CosemObject]) -> str:
    """Describe one class."""
    attributes = [
        (number, code(held.name), type_of(held.codec) + mark(held), default(held), ", ".join(map(str, held.selectors)))
        for number, held in cls.attributes.items()
        if number > 1
    ]
    methods = [
        (number, code(held.name), type_of(held.codec), type_of(held.returns) + mark(held))
        for number, held in cls.methods.items()
    ]
    return (
        f"\n## {title(cls)}\n\n{summary(cls)}\n"
        f"\n{table(('id', 'attribute', 'type', 'default', 'selectors'), attributes)}\n"
        + (f"\n{table(('id', 'method', 'takes', 'returns'), methods)}\n" if methods else "")
    )


def mark(member: Member) -> str:
    """Mark what is not verified."""
    return "" if member.verified else UNVERIFIED


def type_of(codec: AnyCodec | None) -> str:
    """Name a type; nothing for nothing."""
    return "" if codec is None else codec.name


def default(attribute: Attribute[object]) -> str:
    """Show a default that fits a line; what an object works out itself is called so."""
    if attribute.compute is not None:
        return "worked out"
    if attribute.factory is not None:
        return "empty"
    if attribute.default is UNSET or isinstance(attribute.default, tuple) or attribute.default is None:
        return ""
    value = attribute.default
    if isinstance(value, bool | int):
        return code(getattr(value, "name", str(value)).lower())
    return code(value) if isinstance(value, str) and value else ""


def members_of(cls: type[CosemObject]) -> list[Member]:
    """List attributes, then methods."""
    return [*cls.attributes.values(), *cls.methods.values()]


def structures(classes: Iterable[type[CosemObject]]) -> str:
    """List the members of every structure that the classes use, by name."""
    known: dict[str, set[str]] = {}
    for cls in classes:
        for held in members_of(cls):
            collect(held.codec, known)
            collect(held.returns if isinstance(held, Method) else None, known)
    rows = [(code(name), parts) for name in sorted(known) for parts in sorted(known[name])]
    return table(("structure", "members"), rows)


def collect(codec: AnyCodec | None, known: dict[str, set[str]]) -> None:
    """Find the structures inside a type; versions of a class may give one name to two of them."""
    if isinstance(codec, Structure):
        known.setdefault(codec.name, set()).add(members(codec))
        for part in codec.codecs:
            collect(part, known)
    elif isinstance(codec, Array):
        collect(codec.of, known)
    elif isinstance(codec, Choice):
        for part in codec.codecs:
            collect(part, known)


def members(codec: Structure[Any]) -> str:
    """List name and type of each member."""
    names = getattr(codec.kind, "_fields", range(1, len(codec.codecs) + 1))
    return ", ".join(f"{name}: {part.name}" for name, part in zip(names, codec.codecs, strict=True))


def unverified() -> str:
    """List what is marked as from general knowledge."""
    rows = [
        (cls.class_id, cls.version, code(f"{cls.__name__}.{held.name}"), type_of(held.codec))
        for _, cls in sorted(CATALOGUE.items())
        for held in members_of(cls)
        if not held.verified
    ]
    return table(("class", "version", "member", "type taken"), rows)


def unverified_places() -> str:
    """List where methods begin by short names, for classes that no outside peer has shown alike."""
    rows = [
        (class_id, version, code(CATALOGUE[class_id, version].__name__), f"{place.first:#04x}")
        for (class_id, version), place in sorted(METHODS.items())
        if not place.verified and (class_id, version) in CATALOGUE
    ]
    return table(("class", "version", "name", "first method at"), rows)
