"""The `[accuracy]` section of a product file: what the nameplate says of classes, constants and connection."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from openami.metering.accuracy.tables import AccuracyClass, classes
from openami.metering.metrology.reactive import Method
from openami.meters.sections.row import Number, Row


class ClassRow(Row):
    """A class of a standard, by the names that the tables give them; `edition` is the one that the maker states."""

    standard: str
    name: Annotated[str, Field(alias="class")]
    edition: str = ""


class Accuracy(Row):
    """Currents are in `[metering]`; here stands what they do not say.

    `connection` is `CT` behind current transformers, with voltage transformers or without. The first of
    `nominal_voltage_mv` (to neutral; between lines for 3P3W) is the one that is tested if no other is asked for.
    `meters` says what is simulated where nobody says otherwise: `drawn` with errors as a factory leaves them, or
    `ideal`. Currents that are not stated are those of the class, constants those of the LEDs in `[display]`.
    """

    active: tuple[ClassRow, ...] = ()
    reactive: tuple[ClassRow, ...] = ()
    connection: Literal["direct", "CT"]
    wiring: Literal["1P2W", "3P3W", "3P4W"]
    active_imp_per_kwh: Number | None = None
    reactive_imp_per_kvarh: Number | None = None
    nominal_voltage_mv: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
    frequency_hz: Literal[50, 60] = 50
    temperature_c: tuple[int, int]
    minimum_current_ma: Number | None = None
    starting_reactive_ma: Number | None = None
    meters: Literal["drawn", "ideal"] = "drawn"
    reactive_method: Method = Method.FUNDAMENTAL
    field_drop_ppm: Annotated[int, Field(ge=0)] = 2000

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse a section that names no class, no pulses, or a range of temperature that ends before it begins."""
        if not (self.active or self.reactive):
            raise ValueError("expected at least one class, active or reactive")
        for kind, rows in (("active", self.active), ("reactive", self.reactive)):
            known = [each for each, counted in classes().items() if counted == kind]
            for row in rows:
                if AccuracyClass(row.standard, row.name) not in known:
                    there = ", ".join(map(str, known))
                    raise ValueError(f"{kind}: there is no table of {row.standard} class {row.name}; there are {there}")
        if any(each is not None and each.value < 1 for each in (self.active_imp_per_kwh, self.reactive_imp_per_kvarh)):
            raise ValueError("expected constants of at least 1 pulse")
        if self.temperature_c[0] >= self.temperature_c[1]:
            raise ValueError("temperature_c: expected [lowest, highest]")
        return self
