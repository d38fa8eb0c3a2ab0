"""A load that a hand sets: volts and amperes of each phase and the angle between them, as on a test bench."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self, cast

import numpy as np

from openami.core.errors import DefinitionError
from openami.metering.load import Load, Minutes
from openami.meters.keys import write_private

PHASES = 3
FILE = "dials.json"
LIMITS = {"volts": (0, 300), "amps": (0, 200), "angle": (-180, 180)}


@dataclass(frozen=True, slots=True)
class Dials:
    """Settings: mV and mA of each phase, and by how many degrees the current lags behind (over 90: export)."""

    volts_mv: tuple[int, ...] = (230_000,) * PHASES
    amps_ma: tuple[int, ...] = (2_000,) * PHASES
    angle_deg: int = 15

    def __post_init__(self) -> None:
        for name, values in (("volts", self.volts_mv), ("amps", self.amps_ma)):
            low, high = LIMITS[name]
            if len(values) != PHASES or not all(1000 * low <= value <= 1000 * high for value in values):
                raise DefinitionError(f"expected {PHASES} values of {low} to {high}", key=name)
        low, high = LIMITS["angle"]
        if not low <= self.angle_deg <= high:
            raise DefinitionError(f"{self.angle_deg}: expected {low} to {high} degrees", key="angle")

    def turned(self, name: str, value: float) -> Self:
        """Turn one dial: `volts_l1`, `amps_l3`, `angle`; without a phase, those of all phases."""
        kind, _, phase = name.partition("_l")
        if kind == "angle":
            return replace(self, angle_deg=round(value))
        if kind not in LIMITS or phase not in ("", "1", "2", "3"):
            raise DefinitionError(f"no dial is called {name!r}")
        attribute = f"{kind}_{'mv' if kind == 'volts' else 'ma'}"
        before: tuple[int, ...] = getattr(self, attribute)
        milli = round(value * 1000)
        after = tuple(milli if phase in ("", str(number)) else kept for number, kept in enumerate(before, 1))
        return replace(self, **cast("Any", {attribute: after}))

    @property
    def phases(self) -> list[tuple[int, int]]:
        """Active power, positive for import, and reactive power, positive for a lagging current, of each phase."""
        angle = math.radians(self.angle_deg)
        apparent = [volts * amps / 1000 for volts, amps in zip(self.volts_mv, self.amps_ma, strict=True)]
        return [(round(each * math.cos(angle)), round(each * math.sin(angle))) for each in apparent]

    def write(self, folder: Path) -> None:
        """Keep them in a folder."""
        write_private(folder / FILE, json.dumps(asdict(self)).encode())

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read those of a folder; None where there are none."""
        path = folder / FILE
        if not path.exists():
            return None
        try:
            fields = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
            return cls(tuple(fields["volts_mv"]), tuple(fields["amps_ma"]), int(fields["angle_deg"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DefinitionError("not the dials of a panel", file=str(path)) from error


@dataclass(slots=True)
class Dialled:
    """The load of one meter, as the dials stand; what was counted before they were turned stays as it is."""

    dials: Dials = field(default_factory=Dials)
    phases: int = PHASES

    @property
    def name(self) -> str:
        """Its name among the loads of a plan."""
        return "dials"

    def load(self, serials: Sequence[str], start_utc: int) -> Load:  # noqa: ARG002  the same at any time
        """Drive the meter (`store.Driver`)."""
        if len(serials) != 1:
            raise DefinitionError(f"{len(serials)} meters: dials drive one", key="meters")
        return self

    def power(self, start_utc: int, minutes: int) -> Minutes:  # noqa: ARG002
        """Load of each minute (`load.Load`)."""
        mw, mvar = np.array(self.dials.phases[: self.phases], np.int64).T
        volts, amps = (np.array(row[: self.phases], np.int32) for row in (self.dials.volts_mv, self.dials.amps_ma))
        active, reactive = (np.tile(row, (minutes, 1, 1)) for row in (mw, mvar))
        return Minutes.of_phases(active, reactive, np.tile(volts, (minutes, 1, 1)), np.tile(amps, (minutes, 1, 1)))
