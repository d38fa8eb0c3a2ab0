"""What stands on the nameplate of a meter, as the tables of the standards ask for it."""

from dataclasses import dataclass

from openami.metering.accuracy.tables import Kind, Link, NoLoad
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.guard import no_load_minutes, no_load_minutes_by_start

TRANSITIONAL = {Link.DIRECT: 10, Link.CT: 20}
"""Itr is the tenth part of Ib, or the twentieth of In (Directive 2014/32/EU, annex V)."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """Rated values. `reference_a` is Ib of a direct-connected meter and In of one behind transformers."""

    link: Link
    connection: Connection
    nominal_v: float
    frequency_hz: float
    reference_a: float
    maximum_a: float
    minimum_a: float
    starting_a: float
    starting_reactive_a: float | None
    active_constant: int
    """imp/kWh"""
    reactive_constant: int
    """imp/kvarh"""
    coldest_c: float
    warmest_c: float
    field_drop_percent: float = 0.2
    """What the 0.5 mT field is taken to cost: nothing magnetic is simulated."""

    @property
    def transitional_a(self) -> float:
        """Itr."""
        return self.reference_a / TRANSITIONAL[self.link]

    def rated(self, unit: str) -> float:
        """Give a rated current in amperes."""
        return {
            "Ib": self.reference_a,
            "In": self.reference_a,
            "Itr": self.transitional_a,
            "Imin": self.minimum_a,
            "Imax": self.maximum_a,
            "Ist": self.starting_a,
        }[unit]

    def constant(self, kind: Kind) -> int:
        """Pulses per kWh or kvarh."""
        return self.active_constant if kind is Kind.ACTIVE else self.reactive_constant

    def pulse_ws(self, kind: Kind) -> float:
        """Energy of one pulse in W·s or var·s."""
        return 3.6e6 / self.constant(kind)

    def no_load_minutes(self, rule: NoLoad, starting_a: float) -> float:
        """Time in which a meter without load gives one pulse at the most."""
        if rule.rule == "fixed":
            return rule.factor
        meter = (self.constant(rule.kind), self.connection.elements)
        if rule.rule == "Imax":
            return no_load_minutes(rule.factor / 1e6, *meter, self.nominal_v, self.maximum_a)
        return no_load_minutes_by_start(*meter, self.nominal_v * rule.voltage, starting_a)
