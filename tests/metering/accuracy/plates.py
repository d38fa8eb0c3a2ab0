"""Nameplates of the products, from their data sheets: what a bench is asked for before their files are there."""

from dataclasses import replace

from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import Link
from openami.metering.metrology import Connection

SINGLE = Ratings(
    Link.DIRECT, Connection.ONE_PHASE, 230.0, 50.0, 5.0, 100.0, 0.25, 0.02, None, 1000, 1000, -40.0, 70.0
)  # fmt: skip
"""5(100) A, one phase, 1000 imp/kWh (AD11A, SED102, SM120B2)."""
COMPACTIQ = replace(SINGLE, connection=Connection.FOUR_WIRE, active_constant=2000, reactive_constant=2000)
SM306 = Ratings(
    Link.CT, Connection.FOUR_WIRE, 57.7, 50.0, 1.0, 10.0, 0.01, 0.002, 0.004, 10_000, 10_000, -40.0, 70.0
)  # fmt: skip
