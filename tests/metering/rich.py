"""Rules with all that a product may have: quadrants, demands of each kind, windows, profiles, billing, two tariffs."""

from openami.core.time import ANY, CosemDate
from openami.metering.averages import WindowRule
from openami.metering.billing import Capture, Column, Freedom
from openami.metering.calendar import TWO_RATE, Limits
from openami.metering.demand import DemandRule, Method, Periods
from openami.metering.quantities import Energy, Register, Summation
from openami.metering.signals import Signal
from openami.metering.state import Rules
from openami.metering.timeline import DAILY, MONTHLY, Trigger

HOUR = 3600
ENERGIES = tuple(Energy(number) for number in range(10))
REGISTERS = (
    *(Register(energy) for energy in ENERGIES),
    Register(Energy.ACTIVE_ABSOLUTE),
    Register(Energy.ACTIVE_NET),
    Register(Energy.ACTIVE_IMPORT, 1, rated=False),
    Register(Energy.REACTIVE_EXPORT, 3, rated=False),
)


def columns(*cells):
    return tuple(Column(name, name, "<i8" if "net" in name else "<u4") for name in cells)


PROFILES = {
    "interval": Capture((Trigger(900),), 3000, columns("energy.active.import", "energy.reactive.quadrant_2")),
    "fast": Capture((Trigger(300),), 60, columns("demand.slide.last", "demand.slide.status", "voltage.l2")),
    "quality": Capture(
        (Trigger(600),),
        200,
        columns("window.ten.average.voltage.l1", "window.ten.average.current.l3", "window.quality.maximum.voltage.l1"),
    ),
    "daily": Capture(
        (DAILY, Trigger(date=CosemDate(weekday=3), second=6 * HOUR + 1800)),
        62,
        columns("energy.active.net", "energy.active.import.rate_1", "demand.block.maximum.daily"),
    ),
    "monthly": Capture(
        (MONTHLY, Trigger(date=CosemDate(month=ANY, day=0xFE), second=2 * HOUR + 1800)),
        13,
        columns(
            *(f"energy.active.import.rate_{rate}" for rate in (1, 2)),
            "demand.slide.maximum.monthly",
            "demand.slide.at.monthly",
            "demand.slide.cumulative.monthly.rate_2",
            "window.month.energy.reactive.import",
            "closing.monthly.count",
        ),
        closes=True,
        lockout_s=600,
    ),
}


def rules(**changes):
    settings = {
        "summation": Summation.BY_SIGN,
        "registers": REGISTERS,
        "limits": Limits(rates=2),
        "demands": {
            "block": DemandRule(Energy.ACTIVE_IMPORT, maxima={"daily": False, "monthly": True}),
            "slide": DemandRule(
                Energy.REACTIVE_IMPORT,
                method=Method.SLIDING,
                periods=Periods(300, 3),
                most=15,
                maxima={"monthly": True},
                cumulative=True,
            ),
            "thermal": DemandRule(Energy.APPARENT_IMPORT, method=Method.THERMAL, maxima={"monthly": False}),
        },
        "windows": {
            "ten": WindowRule(Trigger(600), average=(Signal("voltage", 1), Signal("current", 3))),
            "quality": WindowRule(
                follows="quality",
                minimum=(Signal("active.import", 2),),
                maximum=(Signal("voltage", 1), Signal("factor")),
            ),
            "month": WindowRule(follows="monthly", energy=((Energy.REACTIVE_IMPORT, 0, 0),)),
        },
        "profiles": PROFILES,
        "freedoms": {
            "fast": Freedom((60, 300, 900), 4, entries=True),
            "monthly": Freedom(times=True),
        },
        "demand_calendar": TWO_RATE,
        "reserve_s": 2 * HOUR,
        "charge_s": HOUR,
    }
    return Rules(**settings | changes)
