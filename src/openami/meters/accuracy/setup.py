"""From a product file to meters on the bench."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from openami.core.errors import DefinitionError
from openami.metering.accuracy import tables
from openami.metering.accuracy.bench import Bench, Result, conditions
from openami.metering.accuracy.lines import Line
from openami.metering.accuracy.plan import plan
from openami.metering.accuracy.ratings import Ratings
from openami.metering.accuracy.tables import AccuracyClass, Kind, Link
from openami.metering.metrology.chain import Chains
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.drawn import Spread, drawn
from openami.metering.metrology.guard import Guard
from openami.meters.build import Product
from openami.meters.sections.accuracy import Accuracy
from openami.meters.sections.row import Cited

MINIMUM = {Link.DIRECT: 0.5, Link.CT: 0.2}
"""Imin in Itr where it is not stated: what class B asks at the most."""
PERCENT_PER_K = 1 / 20
"""Limit of the temperature coefficient as a share of the class limit, where a class has none."""
UNUSED = 1
"""Pulses per kWh or kvarh where no class asks for them."""
RATE_HZ = 4000.0
"""Samples in a second: 8,000 are for spectra, which no class asks for."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tested: a product at one nominal voltage, its classes, so many meters, spoiled or not.

    `gain_percent` is added to the gain of every meter: a class test has to find it.
    """

    product: Product
    ratings: Ratings
    classes: tuple[AccuracyClass, ...]
    meters: int
    seed: int = 1
    gain_percent: float = 0.0

    @classmethod
    def of(
        cls,
        product: Product,
        meters: int,
        *,
        names: Sequence[str] = (),
        seed: int = 1,
        gain_percent: float = 0.0,
        voltage_v: float | None = None,
    ) -> "Trial":
        """Set up a trial; `names` chooses classes by name (`1`) or by standard and name (`EN 50470-3 B`)."""
        section = section_of(product)
        return cls(product, ratings(product, voltage_v), chosen(section, names), meters, seed, gain_percent)

    def lines(self) -> list[Line]:
        """Lines of all classes."""
        return [line for each in self.classes for line in plan(self.ratings, each)]

    def conditions(self) -> int:
        """How many conditions will be measured."""
        return len(conditions(self.lines()))

    def run(self, progress: Callable[[], None] = lambda: None) -> list[Result]:
        """Measure and judge; `progress` is called after each condition."""
        bench = Bench(self.chains(), self.ratings, self.guards(), section_of(self.product).reactive_method)
        return bench.run(self.lines(), progress)

    def chains(self) -> Chains:
        """Meters as the factory leaves them; the same seed gives the same."""
        ratings = self.ratings
        made = (ratings.nominal_v, ratings.maximum_a)
        if section_of(self.product).meters == "ideal":
            ideal = Chains.ideal(self.meters, *made, connection=ratings.connection, rate_hz=RATE_HZ)
            chains = replace(ideal, noise_lsb=np.full(self.meters, self.spread().noise_lsb))
        else:
            serials = range(1, self.meters + 1)
            chains = drawn(serials, self.seed, self.spread(), *made, connection=ratings.connection, rate_hz=RATE_HZ)
        return chains.spoiled(self.gain_percent / 100) if self.gain_percent else chains

    def spread(self) -> Spread:
        """How far meters of the product differ: by the narrowest of all its classes, tested now or not."""
        every = chosen(section_of(self.product), ())
        limit = min(row.limit for row in tables.limits() if row.accuracy_class in every and row.load == "balanced")
        slopes = [
            row.limit for row in tables.influences() if row.accuracy_class in every and row.quantity == "temperature"
        ]
        return Spread.of(limit, min([limit * PERCENT_PER_K, *slopes]), self.ratings.starting_a)

    def guards(self) -> tuple[Guard, Guard]:
        """Bands of active and reactive power: up to the no-load current, or to half the starting one."""
        plate = self.ratings
        no_load_a = self.product.metering.no_load_ma.value / 1000
        if no_load_a:
            band = Guard.of(no_load_a * plate.nominal_v, share=1.0)
            return band, band
        active, reactive = plate.starting_a, plate.starting_reactive_a or plate.starting_a
        return Guard.of(active * plate.nominal_v), Guard.of(reactive * plate.nominal_v)


def section_of(product: Product) -> Accuracy:
    """The section of a product; one without cannot be tested."""
    if product.accuracy is None:
        raise DefinitionError(
            "has no section [accuracy]: what its class is does not stand there", file=f"{product.slug}.toml"
        )
    return product.accuracy


def chosen(section: Accuracy, names: Iterable[str]) -> tuple[AccuracyClass, ...]:
    """Choose classes of a product; all of them if none is named."""
    stated = tuple(AccuracyClass(row.standard, row.name) for row in (*section.active, *section.reactive))
    found: list[AccuracyClass] = []
    for name in names:
        fitting = [each for each in stated if name in {each.name, f"{each.standard} {each.name}"}]
        if not fitting:
            raise DefinitionError(f"no class {name!r}; there are {', '.join(f'{s} {n}' for s, n in stated)}")
        found.extend(each for each in fitting if each not in found)
    return tuple(found) or stated


def ratings(product: Product, voltage_v: float | None = None) -> Ratings:
    """Nameplate of a product at its first nominal voltage, or at another of those stated."""
    section, metering = section_of(product), product.metering
    stated = [millivolts / 1000 for millivolts in section.nominal_voltage_mv]
    if voltage_v is not None and voltage_v not in stated:
        raise DefinitionError(f"{voltage_v:g} V is not stated; there are {', '.join(f'{v:g}' for v in stated)} V")
    link = Link(section.connection)
    plate = Ratings(
        link=link,
        connection=Connection(section.wiring),
        nominal_v=stated[0] if voltage_v is None else voltage_v,
        frequency_hz=float(section.frequency_hz),
        reference_a=metering.base_current_ma.value / 1000,
        maximum_a=metering.maximum_current_ma.value / 1000,
        minimum_a=0.0,
        starting_a=metering.starting_current_ma.value / 1000,
        starting_reactive_a=amperes(section.starting_reactive_ma),
        active_constant=constant(product, Kind.ACTIVE),
        reactive_constant=constant(product, Kind.REACTIVE),
        coldest_c=float(section.temperature_c[0]),
        warmest_c=float(section.temperature_c[1]),
        field_drop_percent=section.field_drop_ppm / 1e4,
    )
    return replace(plate, minimum_a=amperes(section.minimum_current_ma) or MINIMUM[link] * plate.transitional_a)


def amperes(stated: Cited | None) -> float | None:
    """A stated current in amperes."""
    return None if stated is None else stated.value / 1000


def constant(product: Product, kind: Kind) -> int:
    """Pulses per kWh or kvarh: as stated here, or at the diode that gives them."""
    section, is_active = section_of(product), kind is Kind.ACTIVE
    if not (section.active if is_active else section.reactive):
        return UNUSED
    stated = section.active_imp_per_kwh if is_active else section.reactive_imp_per_kvarh
    if stated is not None:
        return stated.value
    lights = () if product.display is None else product.display.led.values()
    given = [light.pulses.value for light in lights if light.energy == kind and light.pulses is not None]
    if not given:
        key = "accuracy.active_imp_per_kwh" if kind is Kind.ACTIVE else "accuracy.reactive_imp_per_kvarh"
        raise DefinitionError("is missing, and no diode of [display] has it", file=f"{product.slug}.toml", key=key)
    return given[0]
