"""The `[measurement]` section of a product file: how often it measures and shows, and how it may be wired."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from openami.metering.metrology.apparent import Summation
from openami.metering.metrology.connection import Connection
from openami.meters.sections.row import Number, Row


class Wirings(Row):
    """Connections the meter is made for."""

    value: Annotated[tuple[Connection, ...], Field(min_length=1)]


class Auxiliary(Row):
    """An auxiliary terminal that chooses the connection: what it is open and short-circuited."""

    open: Connection
    shorted: Connection


class MeasurementRow(Row):
    """Times of measuring in ms; averages in s. Harmonics ask for windows of 200 ms."""

    window_ms: Number
    refresh_ms: Number
    rms_ms: Number
    average_s: Number
    wirings: Wirings
    auxiliary: Auxiliary | None = None
    summation: Summation = Summation.VECTORIAL
    sequence: Row = Row()
    """What is stated of the order of phases: either order is measured alike."""

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        """Refuse times that do not fit into each other, and a terminal that chooses what the meter is not made for."""
        window, refresh, rms, average = (
            each.value for each in (self.window_ms, self.refresh_ms, self.rms_ms, self.average_s)
        )
        if window < 20 or refresh % window or rms % window or 1000 * average % refresh:
            raise ValueError("expected whole windows in refresh_ms and rms_ms, whole refresh_ms in average_s")
        for choice in () if self.auxiliary is None else (self.auxiliary.open, self.auxiliary.shorted):
            if choice not in self.wirings.value:
                raise ValueError(f"auxiliary: {choice} is not among wirings")
        return self
