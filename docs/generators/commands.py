"""The command line, from the Typer applications that run it."""

import importlib
import inspect
import typing
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import NoneType

import typer
from typer.models import ArgumentInfo, OptionInfo

from generators.markdown import code, first_paragraph, table
from openami.cli import Openami

HEAD = """# Commands

`openami COMMAND --help` says the same in the terminal. Results go to standard output, everything else to standard
error; `--json` prints one JSON document for programs. A command ends with 0 when all is well, 1 when it failed (with
one sentence that says why), 2 when it was asked wrongly, 130 after Ctrl-C. Keys never stand on the command line: they
come from the environment, from a file, or from a prompt.

| variable | what it holds |
| --- | --- |
| `OPENAMI_EK` | encryption key, hexadecimal |
| `OPENAMI_AK` | authentication key, hexadecimal |
| `OPENAMI_CLIENT_TITLE` | our own system title, hexadecimal |
| `OPENAMI_SERVER_TITLE` | the meter's system title, if only that one will do |
| `OPENAMI_PASSWORD` | password of the low level |
"""
KINDS: dict[type, str] = {
    bool: "flag",
    int: "integer",
    float: "number",
    str: "text",
    Path: "path",
    datetime: "date or date-time",
}
Callback = Callable[..., object]


def page() -> str:
    """Describe every command."""
    sections = [
        section(f"openami {name}", about, callback, epilog)
        for name, entry in Openami.entries.items()
        for name, about, callback, epilog in found(name, importlib.import_module(entry.module).app)
    ]
    return HEAD + "".join(sections)


def found(name: str, app: typer.Typer) -> Iterator[tuple[str, str, Callback, str]]:
    """Find the commands of an application: name, description, function, examples."""
    main = app.registered_callback
    if main is not None and main.callback is not None:
        yield name, inspect.getdoc(main.callback) or "", main.callback, text(main.epilog)
    for command in app.registered_commands:
        if command.callback is None:
            continue
        own = command.name or command.callback.__name__.replace("_", "-")
        full = name if own == name else f"{name} {own}"
        yield full, inspect.getdoc(command.callback) or "", command.callback, text(command.epilog)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from found(f"{name} {group.name}", group.typer_instance)


def text(value: object) -> str:
    """Take a text, or nothing where Typer keeps a placeholder."""
    return value if isinstance(value, str) else ""


def section(title: str, about: str, callback: Callback, epilog: str) -> str:
    """Describe one command."""
    lines = [line.strip().removeprefix("Example:").strip() for line in epilog.splitlines()]
    shown = "\n".join(line for line in lines if line.startswith("openami"))
    words = " ".join(line for line in lines if line not in {"", "Examples:"} and not line.startswith("openami"))
    parameters = list(rows(callback))
    return (
        f"\n## {title}\n\n{first_paragraph(about)}\n"
        + (f"\n```sh\n{shown}\n```\n" if shown else "")
        + (f"\n{words}\n" if words else "")
        + (f"\n{table(('parameter', 'kind', 'default', 'meaning'), parameters)}\n" if parameters else "")
    )


def rows(callback: Callback) -> Iterator[tuple[str, str, str, str]]:
    """List arguments and options."""
    hints = typing.get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        annotated = hints[name]
        kind, *extras = typing.get_args(annotated)
        info = next(extra for extra in extras if isinstance(extra, OptionInfo | ArgumentInfo))
        yield names(name, kind, info), kind_of(kind, info), default(parameter.default), info.help or ""


def names(name: str, kind: object, info: OptionInfo | ArgumentInfo) -> str:
    """Name a parameter as it is typed."""
    if isinstance(info, ArgumentInfo):
        return code(info.metavar or name.upper())
    declared = [given for given in (info.default, *(info.param_decls or ())) if isinstance(given, str)]
    if declared:
        return ", ".join(map(code, declared))
    plain = name.replace("_", "-")
    return f"`--{plain}`, `--no-{plain}`" if kind is bool else code(f"--{plain}")


def kind_of(kind: object, info: OptionInfo | ArgumentInfo) -> str:
    """Say what a parameter takes, with its limits."""
    plain = plain_kind(kind)
    if isinstance(plain, type) and issubclass(plain, Enum):
        return " or ".join(code(member.value) for member in plain)
    said = KINDS[typing.cast("type", plain)]
    limits = [f"from {info.min:g}"] if info.min is not None else []
    limits += [f"to {info.max:g}"] if info.max is not None else []
    return " ".join([said, *limits])


def plain_kind(kind: object) -> object:
    """Take the kind of a value that may be left out, or given several times."""
    inside = [part for part in typing.get_args(kind) if part is not NoneType]
    return plain_kind(inside[0]) if inside else kind


def default(value: object) -> str:
    """Show a default worth showing."""
    if value is inspect.Parameter.empty:
        return "required"
    return "" if value is None or value == "" or value is False else code("yes" if value is True else value)
