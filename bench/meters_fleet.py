"""How fast a fleet of AD13A lives, through the product's own `advance`, and what one meter holds beside its rows."""

import time
from collections.abc import Iterator

import numpy as np
from harness import Row

from openami.core.time import CosemTime
from openami.metering.advance import advance
from openami.metering.billing import Capture, Column
from openami.metering.calendar import TARIFFICATION_SCRIPTS, TWO_RATE, Calendar, DayAction, DayProfile, Limits
from openami.metering.demand import DemandRule
from openami.metering.load import Minutes
from openami.metering.quantities import Energy, Register
from openami.metering.state import Rules, State
from openami.metering.timeline import DAILY, MONTHLY, Trigger
from openami.meters import holding, product

PRODUCT = "ad13a"
METERS, DAYS, START = 10_000, 4, 1_772_755_200  # 2026-03-06 00:00 UTC
QUARTER_S = 900
RATES, GOAL, KIB_GOAL = 6, 15_000.0, 5.0
LIMITS = Limits(seasons=12, weeks=12, days=7, actions=12, special_days=30, rates=RATES)
ENERGIES = tuple(Energy(number) for number in range(8))
KINDS = ("active.import", "active.export", "reactive.import", "reactive.export")
DEMANDS = tuple(kind.replace(".", "_") for kind in KINDS)
NAMES = (*(f"energy.{kind}" for kind in KINDS), "energy.reactive.quadrant_1", "energy.reactive.quadrant_4")
HOURS = (0, 6, 8, 12, 17, 22)
"""Six rates a day."""


class Quarters:
    """Drawn power of houses, constant for a quarter of an hour; a tenth of them export from ten to four."""

    step_s = QUARTER_S

    def __init__(self, meters: int) -> None:
        rng = np.random.default_rng(13)
        shape = (96, meters, 3)
        self.active = rng.integers(200_000, 900_000, shape)
        self.active[40:64, : meters // 10] *= -1
        self.reactive = rng.integers(20_000, 150_000, shape)
        self.volts = rng.integers(236_000, 244_000, shape).astype(np.int32)
        apparent = np.hypot(self.active, self.reactive)
        self.amps = np.rint(apparent * 1000 / self.volts).astype(np.int32)

    def power(self, start_utc: int, minutes: int) -> Minutes:
        """Load of some quarters."""
        rows = np.arange(start_utc // QUARTER_S, start_utc // QUARTER_S + minutes) % 96
        return Minutes.of_phases(
            self.active[rows], self.reactive[rows], self.volts[rows], self.amps[rows], step_s=QUARTER_S
        )


def calendar() -> Calendar:
    """Six rates by the hour, the same every day."""
    actions = tuple(
        DayAction(CosemTime(hour, 0, 0, 0), TARIFFICATION_SCRIPTS, rate) for rate, hour in enumerate(HOURS, 1)
    )
    return TWO_RATE.with_days([DayProfile(day.day_id, actions) for day in TWO_RATE.days], LIMITS)


def rules() -> Rules:
    """Rules of the product, with all that it monitors; without its file, what its data sheet says of registers."""
    return holding.rules(product.load(PRODUCT)) if PRODUCT in product.slugs() else stand_in()


def stand_in() -> Rules:
    """Registers, demands, profiles and billing as AD13A has them."""
    columns = tuple(Column(f"c{number}", name) for number, name in enumerate(NAMES[:6]))
    closing = tuple(
        Column(f"r{row}_{rate}", f"energy.{name}.rate_{rate}")
        for row, name in enumerate(KINDS[:2])
        for rate in range(1, RATES + 1)
    )
    maxima = tuple(Column(f"d{number}", f"demand.{name}.maximum.monthly") for number, name in enumerate(DEMANDS))
    return Rules(
        limits=LIMITS,
        registers=tuple(Register(energy) for energy in ENERGIES),
        demands={
            name: DemandRule(energy, maxima={"monthly": True, "daily": False})
            for name, energy in zip(DEMANDS, ENERGIES, strict=False)
        },
        profiles={
            "interval": Capture((Trigger(QUARTER_S),), 6048, columns),
            "daily": Capture((DAILY,), 62, closing[:6]),
            "monthly": Capture((MONTHLY,), 110, closing + maxima, closes=True),
        },
        calendar=calendar(),
    )


def fleet_sim() -> Iterator[Row]:
    """Meter-days in a second of one core, and memory of a meter beside its rows."""
    load, state = Quarters(METERS), State.create(METERS, START, rules=rules())
    advance(state, START + 86_400, load)
    begin = time.process_time()
    advance(state, START + (1 + DAYS) * 86_400, load)
    speed = METERS * DAYS / (time.process_time() - begin)
    note = (
        "6 rates, 8 energies, 4 demands with maxima by rate, 6 channels of 15 min, billing, events; the source included"
    )
    yield Row("meters.fleet_sim", speed, "meter-days/s", GOAL, higher_is_better=True, note=note)
    rows = {f"{name}.rows" for name in state.rings()}
    held = sum(value.nbytes for name, value in state.snapshot().items() if name not in rows)
    yield Row("meters.fleet_sim_memory", held / METERS / 1024, "KiB", KIB_GOAL, note="a meter beside its rows")
