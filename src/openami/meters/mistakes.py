"""What is wrong in a product file, as a person is told it: the key where it stands, and what was expected there."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeGuard, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError

Location = tuple[int | str, ...]
UNKNOWN: Final = "extra_forbidden"
MISSING: Final = "missing"
OWN: Final = "Value error, "
"""How pydantic begins what a rule of ours says."""


def mistake(error: ValidationError, form: type[BaseModel], table: dict[str, object]) -> tuple[str, str]:
    """Say of the first mistake what was expected, and at which key: `object clock.write`."""
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix(OWN)
    location = in_file(first["loc"], table, is_missing=first["type"] == MISSING)
    if first["type"] == UNKNOWN and (known := sorted(keys_at(form, location[:-1]))):
        message = f"{message}: expected one of {', '.join(known)}"
    return message, key_of(location, table)


def in_file(location: Location, table: dict[str, object], *, is_missing: bool) -> Location:
    """Leave out of a location what does not stand in the file: which of several types was tried."""
    kept: list[int | str] = []
    here: object = table
    for part in location:
        if has(here, part):
            here = here[part]
            kept.append(part)
    return (*kept, location[-1]) if is_missing else tuple(kept)


def key_of(location: Location, table: dict[str, object]) -> str:
    """Where a mistake stands; rows of a list are called by their names, or by their numbers from 1 on."""
    words: list[str] = []
    here: object = table
    for part in location:
        here = here[part] if has(here, part) else None
        if not isinstance(part, int):
            words.append(part)
        elif words:
            name = here["name"] if has(here, "name") else part + 1
            words[-1] += f" {name}"
    return ".".join(words)


def has(value: object, part: int | str) -> TypeGuard[Any]:
    """Whether a table holds a key, or a list a place."""
    if isinstance(value, list | tuple):
        return isinstance(part, int) and part < len(cast("list[object]", value))
    return isinstance(value, dict) and part in value


def keys_at(form: type[BaseModel], location: Location) -> set[str]:
    """Keys that a table at this place may have: those of every form that it may take."""
    forms: list[object] = [form]
    for part in location:
        forms = [inner for outer in forms for inner in inside(outer, part)]
    models = [model for outer in forms for model in unwrapped(outer) if is_model(model)]
    return {field.alias or name for model in models for name, field in model.model_fields.items()}


def inside(form: object, part: int | str) -> Iterator[object]:
    """Forms of what stands under a key, or at a place, of a value of this form."""
    for one in unwrapped(form):
        origin, of = get_origin(one), get_args(one)
        if is_model(one):
            fields = one.model_fields
            yield from (field.annotation for name, field in fields.items() if part in (name, field.alias))
        elif origin is dict and len(of) == 2:
            yield of[1]
        elif origin in (tuple, list) and of:
            yield of[0]


def unwrapped(form: object) -> Iterator[object]:
    """Members of a union, and what an annotation is about."""
    if get_origin(form) is Annotated:
        yield from unwrapped(get_args(form)[0])
    elif get_origin(form) in (tuple, list, dict) or not get_args(form):
        yield form
    else:
        for one in get_args(form):
            yield from unwrapped(one)


def is_model(form: object) -> TypeGuard[type[BaseModel]]:
    """Whether a form is a table of ours."""
    return isinstance(form, type) and issubclass(form, BaseModel)
