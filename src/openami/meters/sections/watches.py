"""The `[[watch]]` rows of a product file: what is monitored, from when on, and what happens then."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from openami.core.errors import DefinitionError
from openami.metering.disconnect import Cause, Latch
from openami.metering.monitors import Watch
from openami.metering.power_quality import SIGNALS
from openami.meters.sections.row import Number, Row

CauseName = Literal["limiter", "over_voltage", "fuse", "monitor", "tamper", "error"]
LatchName = Literal["meter_cover", "terminal_cover", "magnet"]


class WatchRow(Row):
    """A signal above or below a limit for `for_ds` tenths of a second, and good again (`release`) for `back_ds`.

    Limits are in the units of the signal: mV, mA, mW, mT, thousandths. In names of events `<phase>` stands for 1, 2 or
    3. `opens` is the cause for which the relay opens; with `latch` it stays so until that is written off.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    signal: str
    above: Number | None = None
    below: Number | None = None
    release: Number | None = None
    floor: Number | None = None
    for_ds: Number | None = None
    back_ds: Number | None = None
    begins: str
    ends: str = ""
    record: str = ""
    unit: Annotated[int, Field(ge=1)] = 1
    opens: CauseName | Literal[""] = ""
    latch: LatchName | Literal[""] = ""
    awake: bool = False

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse what nobody could watch."""
        if (self.above is None) == (self.below is None):
            raise ValueError("expected one of above and below")
        if self.signal not in SIGNALS:
            raise ValueError(f"no signal is called {self.signal!r}; there are {', '.join(sorted(SIGNALS))}")
        if self.latch and self.opens != "tamper":
            raise ValueError("what is latched opens the relay for tamper")
        try:
            self.watch()
        except DefinitionError as error:
            raise ValueError(str(error)) from error
        return self

    def watch(self) -> Watch:
        """Make it what the laws follow."""
        limit = self.above or self.below
        assert limit is not None
        return Watch(
            self.name,
            self.signal,
            self.begins.replace("<", "{").replace(">", "}"),
            self.ends.replace("<", "{").replace(">", "}"),
            limit.value,
            None if self.release is None else self.release.value,
            None if self.floor is None else self.floor.value,
            above=self.above is not None,
            after_ds=10 if self.for_ds is None else self.for_ds.value,
            back_ds=10 if self.back_ds is None else self.back_ds.value,
            record=self.record.replace("<", "{").replace(">", "}"),
            unit=self.unit,
            cause=Cause[self.opens.upper()] if self.opens else 0,
            latch=Latch[self.latch.upper()] if self.latch else 0,
            awake=self.awake,
        )
