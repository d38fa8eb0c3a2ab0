"""A page for each product: who it is, what it holds, who may do what, which events it knows."""

from collections.abc import Iterator
from typing import cast

from generators.markdown import code, table
from openami.cli.meter import facts, in_letters, stated_names
from openami.cosem.profile_generic import ProfileGeneric
from openami.dlms.xdlms import CaptureObject
from openami.metering.events import Face
from openami.meters.alarms import face_of
from openami.meters.build import Definition, Product, Setting, Source
from openami.meters.captures import default_objects, profile_of
from openami.meters.faces import esmr
from openami.meters.product import load, slugs

HEAD = """
A virtual meter with the objects, limits and figures of its maker's documents. It says that it is simulated: its FLAG id
is `OAM`, and `SIM` stands in its serial number and device name. It was never certified.
"""
LEGEND = """
Rights of each client: `r` reads every attribute, `w:2` writes attribute 2, `m:1` calls method 1, `–` sees nothing. The
last column names the laws that give values, and the attributes that a client may set; all others are constants of the
product.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Give the page of every product by its slug."""
    for slug in slugs():
        product = load(slug)
        parts = (HEAD, figures(product), objects(product), profiles(product), events(product), functions(product))
        yield slug, f"# {product.head.vendor} {product.head.title} {product.head.model}\n" + "".join(parts)


def figures(product: Product) -> str:
    """Show identity, settings and figures of the data sheet."""
    rows = [(name, plain(value)) for name, value in facts(product)]
    return f"\n## Facts\n\n{table(('what', 'value'), rows)}\n"


def plain(value: object) -> str:
    """Put a figure in words: tables and lists without brackets."""
    if isinstance(value, dict):
        named = cast("dict[str, object]", value)
        return "; ".join(f"{name} {part_of(part)}".replace("_", " ") for name, part in named.items())
    return ", ".join(map(plain, cast("list[object]", value))) if isinstance(value, list) else str(value)


def part_of(value: object) -> str:
    """Put a figure inside another in words."""
    said = plain(value)
    return f"({said})" if isinstance(value, dict) else said


def objects(product: Product) -> str:
    """Show the object list with rights and where values come from."""
    clients = [f"{row.name} ({row.client})" for row in product.associations]
    rows = [
        (
            definition.interface.class_id,
            code(definition.logical_name),
            definition.name,
            *(in_letters(row.client, definition).replace("-", "–") for row in product.associations),
            origin(definition),
        )
        for definition in product.objects
    ]
    head = ("class", "logical name", "name", *clients, "laws and settings")
    return f"\n## Objects\n{LEGEND}\n{table(head, rows)}\n"


def origin(definition: Definition) -> str:
    """Say where values come from, if they are no constants."""
    laws = dict.fromkeys(code(held.name) for held in definition.contents.values() if isinstance(held, Source))
    settings = [name for name, held in definition.contents.items() if isinstance(held, Setting)]
    return "; ".join([*laws, *([f"settings: {', '.join(settings)}"] if settings else [])])


def profiles(product: Product) -> str:
    """Show what profiles and logs capture."""
    rows = [
        (
            code(definition.logical_name),
            definition.name,
            stated(product, definition, "profile_entries", "entries"),
            stated(product, definition, "capture_period", "period_s"),
            captured(product, definition),
        )
        for definition in product.objects
        if issubclass(definition.interface, ProfileGeneric)
    ]
    head = ("logical name", "name", "rows", "period, s", "columns")
    return f"\n## Profiles and logs\n\n{table(head, rows)}\n"


def stated(product: Product, definition: Definition, attribute: str, key: str) -> object:
    """Give a number of a profile, or the one that it comes with where a client may change it."""
    if not isinstance(definition.contents.get(attribute), Source):
        return product.constant(definition.name, attribute) if attribute in definition.contents else ""
    number = getattr(product.recording.profile[profile_of(definition)], key)
    return number.value if number is not None else ""


def captured(product: Product, definition: Definition) -> str:
    """Name the columns of a profile, or those that it comes with."""
    if name := profile_of(definition):
        return ", ".join(named(product, column) for column in default_objects(product, name))
    columns = product.constant(definition.name, "capture_objects")
    return ", ".join(named(product, column) for column in cast("list[CaptureObject]", columns))


def named(product: Product, column: CaptureObject) -> str:
    """Name the object of a column."""
    return product.by_key[column.class_id, column.logical_name].name


def events(product: Product) -> str:
    """Show the codes of the logs, and which of them raise an alarm."""
    rows = told_of(face_of(product))
    return f"\n## Events\n\n{table(('log', 'code', 'meaning', 'alarm bit'), rows)}\n"


def told_of(face: Face) -> list[tuple[object, ...]]:
    """Rows of the events of a face: what the manual says of a code where there is one, else its name."""
    if face.name == esmr.FACE.name:
        return [
            (log.replace("_", " "), number, meaning, alarm(log, number))
            for log, codes in esmr.EVENTS.items()
            for number, meaning in codes.items()
        ]
    coded = [(name, entry) for name, entry in face.events.items() if "code" in face.logs[entry.log].columns]
    return [(log.replace("_", " "), number, words(name), bits(face, name)) for name, (log, number) in coded]


def words(name: str) -> str:
    """Name of an event in words."""
    return name.replace("_", " ")


def bits(face: Face, name: str) -> str:
    """Tell the bits of the alarm registers that an event sets, as register.bit."""
    return ", ".join(f"{register}.{bit}" for register, bit in face.alarms.get(name, ()))


def alarm(log: str, number: int) -> object:
    """Tell the bit of the alarm register that an event sets."""
    return esmr.ALARMS.get(number, "") if log in esmr.LOGS_WITH_ALARMS else ""


def functions(product: Product) -> str:
    """List the stated functions that the product file cites."""
    names = stated_names(product)
    rows = [(code(identity), names[identity]) for identity in sorted(names)]
    about = "Cited by the product file. `openami features` tells which of them a passing test shows."
    return f"\n## Stated functions\n\n{about}\n\n{table(('id', 'function'), rows)}\n"
