"""The reference of what programs use: every public name of the packages and modules that are a face, from its code."""

import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from types import ModuleType
from typing import cast

import openami
from generators import classes
from generators.faces import FACES, Face, Part
from generators.markdown import code, fenced, summary, table
from generators.signatures import ELSEWHERE, in_line, resolved, signature, words
from generators.sources import fields_of, home, said_of
from openami.core.errors import AmiError
from openami.cosem.objects import CosemObject
from openami.dlms.data import Codec

CODE = "py"
"""Not `python`: blocks of that language are run by the tests."""

LONG = 100
"""Longest call in a table."""

HEAD = """# API reference

`import openami` gives the names below; the first use of one loads its module. Under them are the packages that do the
work, for programs that need more. Whatever is not on these pages may change without notice.
"""


def pages() -> Iterator[tuple[str, str]]:
    """Give each page by its name."""
    yield "openami", index()
    for face in FACES:
        yield face.slug, page(face)


def index() -> str:
    """List the names of the package itself, then the other pages."""
    rows = [(link_to(name), said(openami, name)) for name in sorted(openami.HOMES)]
    faces = [(f"[{face.title}]({face.slug}.md)", ", ".join(f"`{part.path}`" for part in face.parts)) for face in FACES]
    return f"{HEAD}\n{table(('name', 'what it is'), rows)}\n\n{table(('page', 'describes'), faces)}\n"


def link_to(name: str) -> str:
    """Link to the page that describes a name of the package."""
    path, thing = openami.HOMES[name], getattr(openami, name)
    if isinstance(thing, type) and issubclass(thing, AmiError):
        return f"[`{name}`](../errors.md)"
    if isinstance(thing, type) and issubclass(thing, CosemObject):
        return classes.link(thing).replace("(#", "(../classes.md#").replace(name, code(name), 1)
    slugs = [face.slug for face in FACES if any(is_at(part, path, name) for part in face.parts)]
    if not slugs:
        raise LookupError(f"{path}.{name} is public and on no page: add it to docs/generators/faces.py")
    return f"[`{name}`]({slugs[0]}.md#{name.lower()})"


def is_at(part: Part, path: str, name: str) -> bool:
    """Tell whether a part describes the name that lives in a module."""
    return name in part.public and home(part.module, name)[0].__name__ == path


def page(face: Face) -> str:
    """Describe all names of a face."""
    return f"# {face.title}\n" + "".join(section(part, face.title) for part in face.parts)


def section(part: Part, title: str) -> str:
    """Describe a module."""
    heading = "" if part.path == title else f"\n## {part.path}\n"
    about = inspect.getdoc(part.module) or ""
    return f"{heading}\n{about}\n" + "".join(entry(part.module, name) for name in part.public)


def entry(module: ModuleType, name: str) -> str:
    """Describe one name."""
    thing = inspect.unwrap(getattr(module, name))
    if inspect.isclass(thing):
        found = [made(name, thing), inspect.getdoc(thing) or "", *inside(name, thing)]
    elif inspect.isfunction(thing):
        found = [call(name, thing), inspect.getdoc(thing) or ""]
    else:
        found = [value(name, thing), said(module, name)]
    return "\n\n".join(["", f"### {name}", *filter(None, found)]).removeprefix("\n") + "\n"


def said(module: ModuleType, name: str) -> str:
    """Say in one line what a name is: empty only where nobody has said it."""
    thing = inspect.unwrap(getattr(module, name))
    if inspect.isclass(thing) or inspect.isfunction(thing):
        return summary(thing)
    return said_of(module, name) or (f"Codec of {thing.name}." if isinstance(thing, Codec) else "")


def call(name: str, function: Callable[..., object]) -> str:
    """Show how a function is called."""
    before = "async " if inspect.iscoroutinefunction(function) else ""
    return fenced(before + signature(name, function), CODE)


def made(name: str, thing: type) -> str:
    """Show how an object is made; nothing for what its users do not make."""
    is_made = inspect.isfunction(thing.__init__) or inspect.isfunction(thing.__new__)
    if issubclass(thing, Enum) or getattr(thing, "_is_protocol", False) or not is_made:
        return ""
    is_ours = any(parameter.startswith("_") for parameter in inspect.signature(thing).parameters)
    return "" if is_ours else call(name, cast("Callable[..., object]", thing))


def value(name: str, thing: object) -> str:
    """Show a name for a type, a number or a text; nothing of what is longer."""
    if type(thing).__module__ in {"types", "typing", "collections.abc"}:
        return fenced(f"{name} = {words(thing)}")
    return fenced(f"{name} = {thing!r}") if type(thing) in {int, float, str} else ""


def inside(name: str, thing: type) -> Iterator[str]:
    """Describe the members of a class: in a table, and those that need more words below it."""
    if issubclass(thing, Enum):
        rows = [(code(name), code(member.value)) for name, member in thing.__members__.items()]
        yield table(("member", "value"), rows)
    elif fields := fields_of(thing):
        yield table(("field", "what it is"), [(code(field), words) for field, words in fields.items()])
    found = dict(members(thing))
    if found:
        yield table(("member", "what it does"), [(code(row(own, held)), summary(held)) for own, held in found.items()])
    for own, held in found.items():
        if inspect.isfunction(held) and len(in_line(own, held)) > LONG:
            yield f"#### {name}.{own}"
            yield call(own, held)
            yield inspect.getdoc(held) or ""


def members(thing: type) -> Iterator[tuple[str, property | Callable[..., object]]]:
    """Find methods and properties that are ours: of a class, and of those of ours that it is made from."""
    others = {name for cls in thing.__mro__ if not is_ours(cls) for name in vars(cls)}
    seen: set[str] = set()
    for cls in filter(is_ours, thing.__mro__):
        for name, held in vars(cls).items():
            plain = held.__func__ if isinstance(held, classmethod | staticmethod) else held
            is_shown = isinstance(plain, property) or inspect.isfunction(plain)
            if is_shown and not name.startswith("_") and name not in seen | others:
                yield name, cast("property | Callable[..., object]", plain)
            seen.add(name)


def is_ours(cls: type) -> bool:
    """Tell whether a class is of this package."""
    return cls.__module__.startswith("openami.")


def row(name: str, held: "property | Callable[..., object]") -> str:
    """Write a member in one line."""
    if isinstance(held, property):
        return f"{name}: {words(resolved(held.fget).return_annotation)}" if held.fget else name
    written = in_line(name, held)
    shown = written if len(written) <= LONG else f"{name}({ELSEWHERE})"
    return ("async " if inspect.iscoroutinefunction(held) else "") + shown
