"""The form of a product file: which tables and keys there are. What they mean is put together in `build`."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal, Self, TypeGuard, cast

from pydantic import ConfigDict, Field, JsonValue, ValidationError, model_validator

from openami.core.errors import DefinitionError
from openami.meters.mistakes import mistake
from openami.meters.sections.accuracy import Accuracy
from openami.meters.sections.ansi import AnsiRow
from openami.meters.sections.display import Display
from openami.meters.sections.firmware import Firmware
from openami.meters.sections.input import InputRow
from openami.meters.sections.links import Links
from openami.meters.sections.measurement import MeasurementRow
from openami.meters.sections.monitoring import Monitoring
from openami.meters.sections.optical import Optical
from openami.meters.sections.prepayment import PrepaymentRow
from openami.meters.sections.push import PushRow
from openami.meters.sections.radio import RadioRow
from openami.meters.sections.recording import Recording
from openami.meters.sections.rights import ClientRights, RawMembers
from openami.meters.sections.row import Number, Row

Table = dict[str, object]
ROWS = ("object", "association", "watch")


class Head(Row):
    """Who made it, and what it is."""

    model: str
    vendor: str
    title: str
    face: Literal["esmr", "idis", "sensemi", "ansi", "plain"]
    phases: Literal[1, 3]


class Metering(Row):
    """Settings of the laws: durations in seconds, currents in mA."""

    interval_s: Number
    base_current_ma: Number
    starting_current_ma: Number
    maximum_current_ma: Number
    no_load_ma: Number
    reserve_s: Number
    charge_s: Number
    long_failure_s: Number
    rates: Number
    seasons: Number
    weeks: Number
    days: Number
    actions: Number
    special_days: Number


class AssociationRow(Row):
    """A client that may associate; one that `manages` may also write what rows open to writing.

    `password` is that of mechanism `low`, the same for every meter of the product. `referencing` by short names (SN)
    asks for an Association SN object among the objects.
    """

    name: str
    client: Annotated[int, Field(ge=1, le=127)]
    mechanism: Literal["lowest", "low", "hls5"]
    policy: Literal["none", "authenticated", "encrypted", "authenticated-encrypted"]
    manages: bool = False
    referencing: Literal["LN", "SN"] = "LN"
    password: str = ""

    @model_validator(mode="after")
    def has_password(self) -> Self:
        """Ask for the password of the mechanism that has one, and for none elsewhere."""
        if (self.mechanism == "low") != bool(self.password):
            raise ValueError("a password is what mechanism low has, and no other")
        return self


class Figure(Row):
    """A figure of the data sheet, as printed; empty, if the data sheet leaves it out."""

    value: JsonValue


class ObjectRow(Row):
    """An object; what is not named here is an attribute of its class, or a mistake.

    A class by its number is one that we do not have. `rights` stand in the place of `clients`, `write` and `methods`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    class_name: Annotated[int | str, Field(alias="class")]
    logical_name: str
    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    clients: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    version: int | None = None
    raw: RawMembers | None = None
    rights: dict[str, ClientRights] = Field(default_factory=dict[str, ClientRights])

    @property
    def attributes(self) -> Mapping[str, object]:
        """Attributes as written."""
        return cast("Mapping[str, object]", self.model_extra or {})


class Document(Monitoring, Recording):
    """A whole product file, with what it extends."""

    product: Head
    metering: Metering
    association: tuple[AssociationRow, ...]
    figure: dict[str, Figure] = Field(default_factory=dict[str, Figure])
    accuracy: Accuracy | None = None
    display: Display | None = None
    input: InputRow | None = None
    firmware: Firmware | None = None
    links: Links = Field(default_factory=Links)
    optical: Optical | None = None
    push: PushRow = PushRow()
    ansi: AnsiRow | None = None
    radio: RadioRow | None = None
    prepayment: PrepaymentRow | None = None
    measurement: MeasurementRow | None = None
    object: tuple[ObjectRow, ...]


def is_table(value: object) -> TypeGuard[Table]:
    """Whether a value of the file is a table."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether a value of the file is a list."""
    return isinstance(value, list)


def products() -> Traversable:
    """Find the folder of product files."""
    return files("openami.meters") / "products"


def read(name: str, folder: Traversable | None = None) -> Document:
    """Read and check a product file by its name without `.toml`."""
    return checked(name, merged(name, folder or products(), ()))


def checked(name: str, table: Table) -> Document:
    """Check the tables of a product file, with what it extends."""
    try:
        return Document.model_validate(table)
    except ValidationError as error:
        message, key = mistake(error, Document, table)
        raise DefinitionError(message, file=f"{name}.toml", key=key) from error


def merged(name: str, folder: Traversable, below: tuple[str, ...]) -> Table:
    """Lay the tables of a file over those that it extends, one or several, each beside it or one of ours."""
    table = parsed(name, folder)
    extended = table.pop("extends", [])
    result: Table = {}
    for base_name in extended if is_list(extended) else [extended]:
        if not isinstance(base_name, str) or base_name in (name, *below):
            raise DefinitionError(f"cannot extend {base_name!r}", file=f"{name}.toml", key="extends")
        is_beside = folder.joinpath(*f"{base_name}.toml".split("/")).is_file()
        result = joined(result, merged(base_name, folder if is_beside else products(), (*below, name)))
    return joined(result, table)


def parsed(name: str, folder: Traversable) -> Table:
    """Read the tables of one file, repeated rows written out."""
    file = folder.joinpath(*f"{name}.toml".split("/"))
    try:
        table: Table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DefinitionError("no such product file", file=f"{name}.toml") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(error), file=f"{name}.toml") from error
    for key in ROWS:
        rows = table.get(key)
        if is_list(rows):
            table[key] = written_out(rows, key, f"{name}.toml")
    return table


def written_out(rows: list[object], key: str, file: str) -> list[object]:
    """Write repeated rows out; no two rows of a file have one name."""
    result = [one for row in rows for one in repeated(row, file)]
    names = [name_of(row) for row in result]
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise DefinitionError("stands twice", file=file, key=f"{key} {twice}.name")
    return result


def repeated(row: object, file: str) -> list[object]:
    """One row for each table of `repeat`, `{key}` in its texts filled in."""
    if not is_table(row) or "repeat" not in row:
        return [row]
    table = dict(row)
    times = table.pop("repeat")
    if not is_list(times):
        raise DefinitionError("expected a list of tables", file=file, key=f"object {row.get('name')}.repeat")
    return [filled(table, words, file) for words in times]


def filled(value: object, words: object, file: str) -> object:
    """Replace `{key}` in all texts of a value."""
    if is_table(value):
        return {key: filled(part, words, file) for key, part in value.items()}
    if is_list(value):
        return [filled(part, words, file) for part in value]
    if not isinstance(value, str):
        return value
    try:
        return value.format_map(words if is_table(words) else {})
    except (KeyError, ValueError, IndexError) as error:
        raise DefinitionError(f"{value!r} names what repeat does not give: {error}", file=file) from error


def joined(base: Table, over: Table) -> Table:
    """Tables merged key by key, lists of rows by the names of their rows."""
    result = dict(base)
    for key, value in over.items():
        below = base.get(key)
        if is_table(below) and is_table(value):
            result[key] = joined(below, value)
        elif key in ROWS and is_list(below) and is_list(value):
            result[key] = overlaid(below, value)
        else:
            result[key] = value
    return result


def overlaid(below: list[object], over: list[object]) -> list[object]:
    """Rows by name: a row of `over` changes its namesake, a new one follows the others."""
    changes = {name_of(row): row for row in over}
    kept = [changed(row, changes.pop(name_of(row), None)) for row in below]
    return kept + list(changes.values())


def changed(row: object, change: object) -> object:
    """Lay the keys of another row over those of a row."""
    if is_table(row) and is_table(change):
        return joined(row, change)
    return row if change is None else change


def name_of(row: object) -> object:
    """Name of a row; a row without one is its own."""
    return row.get("name", id(row)) if is_table(row) else id(row)
