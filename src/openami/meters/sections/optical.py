"""The `[optical]` section of a product file: the optical port by IEC 62056-21, what it says, how fast it is.

How it is set at the moment is in the object `optical_port_setup` (class 19): no client sets it faster than `most_baud`.

[optical]
modes = ["readout", "programming", "hdlc"]
most_baud = { value = 38400, feature = "AD13A-103" }
feature = "AD13A-102"
entry = [
    { value = "clock.time", code = "0.9.1", format = "hh:mm:ss", write = true },
    { value = "active_energy_import.value", unit = "kWh", digits = 9, decimals = 3 },
]
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from openami.iec62056.rates import RATES
from openami.meters.identity import FLAG
from openami.meters.sections.row import Cited, Number, Row

Mode = Literal["readout", "programming", "hdlc"]


class EntryRow(Row):
    """A data set of the readout: an attribute under its code, written as the display writes it.

    `write` lets a reader change it in the programming mode, once the password was right.
    """

    value: str
    code: Annotated[str, Field(pattern=r"^[0-9A-Z.:*&-]{1,16}$")] | None = None
    format: Annotated[str, Field(pattern="^$|hex|YY|MM|DD|hh|mm|ss")] = ""
    unit: str | None = None
    digits: Annotated[int, Field(ge=1, le=20)] = 8
    decimals: Annotated[int, Field(ge=0, le=9)] = 0
    write: bool = False


class Optical(Row):
    """The port: `name` is what it calls itself (the model, if nothing is said), `client` by whose rights it writes."""

    manufacturer: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = FLAG
    name: Annotated[str, Field(pattern=r"^[ -.0-\[\]-~]{0,16}$")] = ""
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)]
    most_baud: Number = Field(default_factory=lambda: Cited(value=19_200))
    client: str = "management"
    entry: tuple[EntryRow, ...] = ()

    @model_validator(mode="after")
    def is_possible(self) -> Self:
        """Refuse a speed that has no code, and a readout of nothing."""
        if self.most_baud.value not in RATES:
            raise ValueError(f"most_baud is {self.most_baud.value}; expected one of {', '.join(map(str, RATES))}")
        if "hdlc" not in self.modes and not self.entry:
            raise ValueError("a port without HDLC has entries to be read out")
        return self
