"""A wrong type, an unknown key and a missing one, planted at every place of every product file: each is refused."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from openami.core.errors import DefinitionError
from openami.meters.definition import Document, ObjectRow, Table, checked, merged, products
from openami.meters.product import slugs

PLANTED = "planted_key"
NOTHING_TAKES_IT: Any = {PLANTED: {PLANTED: 1.5}}
ANYTHING_GOES = ("figure.", "firmware.completion")
"""Where the data sheet's own words stand: any value will do."""


class Place(NamedTuple):
    """A key of a file: where it stands, its table, the form of that table, and whether it must be there."""

    path: str
    table: Table
    key: str
    form: type[BaseModel] | None
    is_required: bool = False


@cache
def file(slug: str) -> Table:
    return merged(slug, products(), ())


def with_one_object(slug: str, row: object | None = None) -> Table:
    """The file with one of its objects alone, as each is checked by itself."""
    table = dict(file(slug))
    rows = table["object"]
    assert isinstance(rows, list)
    return table | {"object": [rows[0] if row is None else row]}


def places(form: BaseModel, table: Table, path: str = "") -> Iterator[Place]:
    """Every key that stands in a table, and in those inside it."""
    for name, field in type(form).model_fields.items():
        key = field.alias or name
        if key in table:
            here = f"{path}{key}"
            yield Place(here, table, key, type(form), field.is_required())
            yield from within(getattr(form, name), table[key], here)


def within(value: object, written: Any, path: str) -> Iterator[Place]:
    """Places inside what stands at a key."""
    if isinstance(value, BaseModel) and isinstance(written, dict):
        yield from places(value, written, f"{path}.")
    elif isinstance(value, dict) and isinstance(written, dict):
        for key in written:
            yield Place(f"{path}.{key}", written, key, None)
            yield from within(value[key], written[key], f"{path}.{key}")
    elif isinstance(value, tuple) and isinstance(written, list):
        for number, (one, row) in enumerate(zip(value, written, strict=True), 1):
            name = row.get("name", number) if isinstance(row, dict) else number
            yield from within(one, row, f"{path} {name}")


def all_places(slug: str) -> Iterator[tuple[Table, Place]]:
    """Places of a product file, each with the whole file around it; changes of its table change that."""
    table = with_one_object(slug)
    for place in places(checked(slug, table), table):
        yield table, place
    rows = file(slug)["object"]
    assert isinstance(rows, list)
    for row in rows[1:]:
        table = with_one_object(slug, row)
        form = checked(slug, table).object[0]
        for place in places(form, row, f"object {row['name']}."):
            yield table, place


def refusal(slug: str, table: Table) -> DefinitionError | None:
    try:
        checked(slug, table)
    except DefinitionError as error:
        return error
    return None


def changed(place: Place, value: Any) -> Iterator[None]:
    """The table with another value at a place, for a while; no value is no key."""
    held, keys = place.table[place.key], [*place.table]
    if value is None:
        del place.table[place.key]
    else:
        place.table[place.key] = value
    try:
        yield
    finally:
        place.table[place.key] = held
        for key in keys:  # in the order they had
            place.table[key] = place.table.pop(key)


def tell(error: DefinitionError | None, slug: str, path: str) -> None:
    """Ask that an error names file and key, and says something, on one line."""
    assert error is not None, f"{path} was taken"
    assert error.file == f"{slug}.toml"
    assert error.key == path or error.key.startswith((f"{path}.", f"{path} ")), (error.key, path)
    assert error.args[0].strip()
    assert "\n" not in str(error)


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_a_wrong_type_is_refused_at_every_key(slug: str) -> None:
    told = 0
    for table, place in all_places(slug):
        if place.path.startswith(ANYTHING_GOES) or place.form is None:
            continue
        for _ in changed(place, NOTHING_TAKES_IT):
            tell(refusal(slug, table), slug, renamed(place))
        told += 1
    assert told > 100


def renamed(place: Place) -> str:
    """Where a mistake in a name is told: the row has no name by which it could be called."""
    is_name = place.key == "name" and place.form is not None and place.path.startswith(("object", "watch", "assoc"))
    return place.path.split(" ")[0] if is_name else place.path


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_an_unknown_key_is_refused_in_every_table_with_those_there_are(slug: str) -> None:
    seen: set[int] = set()
    for table, place in all_places(slug):
        if place.form is None or place.form is ObjectRow or id(place.table) in seen:
            continue
        seen.add(id(place.table))
        place.table[PLANTED] = 1
        error = refusal(slug, table)
        del place.table[PLANTED]
        head = place.path.removesuffix(place.key)
        tell(error, slug, f"{head}{PLANTED}")
        assert error is not None
        fields = {field.alias or name for name, field in place.form.model_fields.items()}
        _, _, expected = str(error).partition("expected one of ")
        assert fields <= {*expected.split(", ")}, str(error)
    assert len(seen) > 10


@pytest.mark.slow
@pytest.mark.parametrize("slug", slugs())
def test_a_missing_key_is_refused_wherever_it_is_required(slug: str) -> None:
    told = 0
    for table, place in all_places(slug):
        if not place.is_required:
            continue
        for _ in changed(place, None):
            error = refusal(slug, table)
        tell(error, slug, renamed(place))
        assert "required" in str(error)
        told += 1
    assert told > 30


def forms_within(form: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every form of table that a file may have."""
    if form not in seen:
        seen.add(form)
        for field in form.model_fields.values():
            for inner in models_of(field.annotation):
                forms_within(inner, seen)
    return seen


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_of(part)


NEVER_WRITTEN = {"ClientRights", "RawMembers", "LockoutRow", "FriendlyRow"}
"""Forms that no product of ours writes out: `test_mistakes` and the tests of twins plant theirs."""


def test_every_form_stands_in_some_product_file() -> None:
    used = {place.form for slug in slugs() for _, place in all_places(slug)}
    with_fields = {form for form in forms_within(Document, set()) if set(form.model_fields) - {"feature"}}
    assert {form.__name__ for form in with_fields - used} <= NEVER_WRITTEN
