"""Signatures as people write them: no module paths, no addresses of objects, the same on every version of Python."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from inspect import Parameter

WIDTH = 100
UNIONS = (types.UnionType, typing.Union)
PLAIN = (bool, int, float, str, bytes, type(None))
STARS: Mapping[object, str] = {Parameter.VAR_POSITIONAL: "*", Parameter.VAR_KEYWORD: "**"}
ELSEWHERE = "…"
"""A default that is made, or stands in too many words."""


def signature(name: str, thing: Callable[..., object]) -> str:
    """Write a call; in place of too long a line, a line for each parameter."""
    found = resolved(thing)
    returned = "" if inspect.isclass(thing) else result(found)
    written = list(parts(given(found)))
    line = f"{name}({', '.join(written)}){returned}"
    if len(line) <= WIDTH:
        return line
    inside = "".join(f"    {part},\n" for part in written)
    return f"{name}(\n{inside}){returned}"


def in_line(name: str, thing: Callable[..., object]) -> str:
    """Write a call in one line: parameters without their types."""
    return f"{name}({', '.join(parts(given(resolved(thing)), has_types=False))})"


def resolved(thing: Callable[..., object]) -> inspect.Signature:
    """Read a signature, with the names of types looked up as far as they are there at run time."""
    try:
        return inspect.signature(thing, eval_str=True)
    except NameError:
        return inspect.signature(thing)


def given(found: inspect.Signature) -> list[Parameter]:
    """List the parameters that a caller gives."""
    return [parameter for name, parameter in found.parameters.items() if name not in {"self", "cls"}]


def parts(parameters: Sequence[Parameter], *, has_types: bool = True) -> typing.Iterator[str]:
    """Write parameters, with the star before those that are given by name alone."""
    starred = any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters)
    for parameter in parameters:
        if parameter.kind is Parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        yield written(parameter, has_types=has_types)


def written(parameter: Parameter, *, has_types: bool) -> str:
    """Write one parameter."""
    stars = STARS.get(parameter.kind, "")
    kind = words(parameter.annotation) if has_types and parameter.annotation is not Parameter.empty else ""
    text = f"{stars}{parameter.name}" + (f": {kind}" if kind else "")
    if parameter.default is Parameter.empty:
        return text
    equals = " = " if kind else "="
    return f"{text}{equals}{default(parameter.default)}"


def result(found: inspect.Signature) -> str:
    """Write what comes back."""
    returned = found.return_annotation
    return "" if returned in {inspect.Signature.empty, None} else f" -> {words(returned)}"


def default(value: object) -> str:
    """Write a default that has a short name."""
    if isinstance(value, Enum):
        name = value.name or ""
        return f"{type(value).__name__}.{name}" if name.isidentifier() else ELSEWHERE
    if type(value) in PLAIN or value == ():
        return quoted(value)
    return getattr(value, "__name__", ELSEWHERE)


def quoted(value: object) -> str:
    """Write a plain value, text in the quotes of this house."""
    text = repr(value)
    return text if '"' in text else text.replace("'", '"')


def words(kind: object) -> str:
    """Write a type."""
    if kind is None or kind is type(None):
        return "None"
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        return f"[{', '.join(map(words, typing.cast('list[object]', kind)))}]"
    if isinstance(kind, typing.ForwardRef):
        return kind.__forward_arg__
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in UNIONS:
        return " | ".join(map(words, arguments))
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(quoted, arguments))}]"
    if origin is typing.Unpack:
        return words(arguments[0])
    if origin is not None and arguments:
        return f"{words(origin)}[{', '.join(map(inner, arguments))}]"
    return getattr(kind, "__name__", str(kind).rpartition(".")[2])


def inner(argument: object) -> str:
    """Write what stands in the brackets of a type."""
    return "..." if argument is ... else words(argument)
