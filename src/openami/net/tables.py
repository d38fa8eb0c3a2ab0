"""Tables of TOML read into frozen dataclasses: unknown keys and wrong types are refused with file and key."""

import tomllib
from collections.abc import Mapping, Set
from dataclasses import MISSING, fields
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from openami.core.errors import DefinitionError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound="DataclassInstance")
else:
    T = TypeVar("T")

Table = Mapping[str, object]


def parsed(file: Traversable) -> Table:
    """Read a file of tables."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(error), file=file.name) from error


def is_table(value: object) -> TypeGuard[Table]:
    """Whether a value of the file is a table."""
    return isinstance(value, dict)


def table_of(value: object, *, file: str, key: str) -> Table:
    """Take a table; anything else is a mistake."""
    if not is_table(value):
        raise DefinitionError(f"{value!r}: expected a table", file=file, key=key)
    return value


def only(table: Table, known: Set[str], *, file: str, key: str) -> None:
    """Refuse keys that nobody reads."""
    unknown = sorted(set(table) - known)
    if unknown:
        raise DefinitionError(f"unknown; expected {', '.join(sorted(known))}", file=file, key=f"{key}.{unknown[0]}")


def made(kind: type[T], table: Table, *, file: str, key: str) -> T:
    """Make a dataclass of a table whose values are plain: a field's default says which type it has."""
    wanted = {field.name: field for field in fields(kind)}
    only(table, wanted.keys(), file=file, key=key)
    given: dict[str, Any] = {}
    for name, field in wanted.items():
        if name in table:
            given[name] = value_like(field.default, table[name], file=file, key=f"{key}.{name}")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise DefinitionError("missing", file=file, key=f"{key}.{name}")
    try:
        return kind(**given)
    except ValueError as error:
        raise DefinitionError(str(error), file=file, key=key) from error


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value of the file is a list."""
    return isinstance(value, list)


def value_like(default: object, value: object, *, file: str, key: str) -> object:
    """Take a value of the type of a default: whole numbers serve as fractions, lists as tuples."""
    if is_list(value) and (default is MISSING or isinstance(default, tuple)):
        return tuple(value)
    if default is MISSING:
        return value
    is_fraction = isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)
    wanted: type[object] = type(default)
    if not is_fraction and type(value) is not wanted:
        raise DefinitionError(f"{value!r}: expected {wanted.__name__}", file=file, key=key)
    return value
