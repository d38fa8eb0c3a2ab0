"""What the head-end reads of each model of meter, and when: one TOML file per model, checked on load."""

import tomllib
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)

from openami.core.errors import DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.core.units import Unit

FOLDER = resources.files("openami.headend.registry") / "models"

WIDTHS = {
    "integer": "i1",
    "unsigned": "u1",
    "long": "i2",
    "long-unsigned": "u2",
    "double-long": "i4",
    "double-long-unsigned": "u4",
    "long64": "i8",
    "long64-unsigned": "u8",
    "enum": "u1",
    "boolean": "u1",
}
"""COSEM integer types and the width they are stored with."""


def _name(value: object) -> object:
    try:
        return str(OBIS.parse(value)) if isinstance(value, str) else value
    except DecodeError as error:
        raise ValueError(str(error)) from None


LogicalName = Annotated[str, BeforeValidator(_name)]
UnitName = Annotated[
    Unit, BeforeValidator(lambda value: getattr(Unit, value, value) if isinstance(value, str) else value)
]


class Role(StrEnum):
    """What a captured column is to the head-end."""

    STAMP = "stamp"
    STATUS = "status"
    IMPORT = "import"
    """Active energy import, the register that a load curve is made of."""
    EXPORT = "export"
    VALUE = "value"
    CODE = "code"


class Kind(StrEnum):
    """How what an item brings is stored."""

    PROFILE = "profile"
    CLOSING = "closing"
    LOG = "log"
    CLOCK = "clock"


class Strict(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(Strict):
    """One captured object of a profile: its logical name, type, scaler and unit."""

    logical_name: LogicalName
    role: Role = Role.VALUE
    type: str = "double-long-unsigned"
    scaler: int = 0
    unit: UnitName = Unit.COUNT

    @model_validator(mode="after")
    def _known_type(self) -> Self:
        if self.role is not Role.STAMP and self.type not in WIDTHS:
            message = f"type {self.type!r} is not one of {', '.join(WIDTHS)}"
            raise ValueError(message)
        return self


class Item(Strict):
    """One thing that a meter delivers on schedule. Loaded once: items are equal when they are the same."""

    name: str
    kind: Kind
    logical_name: LogicalName
    every: Literal["hour", "day", "month"] | PositiveInt
    """How often, in business time: a calendar step of the meter's zone, or seconds."""
    delay_s: NonNegativeInt = 0
    """How long after the step."""
    priority: NonNegativeInt = 5
    """0 to 8; 9 is for people who wait."""
    window: tuple[NonNegativeInt, NonNegativeInt] = (0, 86_400)
    """Seconds of the local day between which the item is read."""
    period_s: PositiveInt = 900
    """Length of an interval of a profile."""
    history_s: NonNegativeInt = 0
    """How far back the meter keeps it."""
    is_rolled_up: bool = False
    """Whether the profile counts in the sums of its node."""
    code: NonNegativeInt = 0
    """Event code of a log that captures none."""
    columns: tuple[Column, ...] = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    @model_validator(mode="after")
    def _one_stamp(self) -> Self:
        stamps = sum(column.role is Role.STAMP for column in self.columns)
        if self.kind is not Kind.CLOCK and stamps != 1:
            message = f"item {self.name!r}: {stamps} stamp columns, expected 1"
            raise ValueError(message)
        return self


class Tariff(Strict):
    """Room for tariff calendars, and the order in which the meter takes the parts of one (Blue Book, class 20)."""

    rates: PositiveInt
    seasons: PositiveInt
    weeks: PositiveInt
    days: PositiveInt
    actions: PositiveInt
    """Switches of one day."""
    special_days: NonNegativeInt
    order: tuple[Literal["days", "weeks", "seasons", "name"], ...] = ("days", "weeks", "seasons", "name")


class Model(Strict):
    """What the head-end knows of one model."""

    slug: str
    name: str
    event_codes: str
    """Name of the table of event codes."""
    is_heard: bool = False
    """Whether it tells by itself, over radio: nobody asks it, and its items come as they are overheard."""
    tariff: Tariff | None = None
    """Its tariff calendar, if it has one."""
    item: tuple[Item, ...]

    def find(self, name: str) -> Item:
        """Find the item of a name."""
        for item in self.item:
            if item.name == name:
                return item
        raise DefinitionError(f"no item {name!r}", file=f"{self.slug}.toml")

    @property
    def main_profile(self) -> Item:
        """The profile that load curves and the read rate are about."""
        return next(item for item in self.item if item.is_rolled_up)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [item.name for item in self.item]
        if len(set(names)) != len(names):
            message = "two items of one name"
            raise ValueError(message)
        if sum(item.is_rolled_up for item in self.item) != 1:
            message = "exactly one profile is rolled up"
            raise ValueError(message)
        return self


@lru_cache(maxsize=64)
def model(slug: str) -> Model:
    """Load the model of that name; a `DefinitionError` says what is wrong with its file."""
    file = FOLDER / f"{slug}.toml"
    if not slug.replace("_", "").replace("-", "").isalnum() or not file.is_file():
        raise DefinitionError(f"product {slug!r} is not one of {', '.join(slugs())}", key="product")
    return parse(file.read_text(encoding="utf-8"), slug)


def parse(text: str, slug: str) -> Model:
    """Read a model file."""
    try:
        return Model.model_validate({"slug": slug, **tomllib.loads(text)})
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"is not TOML: {error}", file=f"{slug}.toml") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise DefinitionError(first["msg"], file=f"{slug}.toml", key=key) from None


@lru_cache(maxsize=1)
def slugs() -> tuple[str, ...]:
    """Every model there is."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in FOLDER.iterdir() if file.name.endswith(".toml")))
