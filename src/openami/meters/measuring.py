"""From a product file to an instrument at waveform depth: what measures, shows and flashes as the data sheet states."""

from openami.core.errors import DefinitionError
from openami.metering.accuracy.tables import Kind
from openami.metering.metrology.connection import Connection
from openami.metering.metrology.guard import Guard
from openami.metering.metrology.instrument import Settings
from openami.meters.accuracy.setup import constant, section_of
from openami.meters.build import Product
from openami.meters.sections.measurement import MeasurementRow


def section(product: Product) -> MeasurementRow:
    """The section of a product."""
    if product.measurement is None:
        raise DefinitionError("has no section [measurement]", file=f"{product.slug}.toml")
    return product.measurement


def connection(product: Product, *, single_phase: bool = False, shorted: bool = False) -> Connection:
    """How a product is wired: on one phase, or as its auxiliary terminal says."""
    row = section(product)
    auxiliary = row.auxiliary
    wired = (
        Connection.ONE_PHASE
        if single_phase
        else Connection(section_of(product).wiring)
        if auxiliary is None
        else auxiliary.shorted
        if shorted
        else auxiliary.open
    )
    if wired not in row.wirings.value:
        raise DefinitionError(
            f"is not made for {wired}, expected one of {', '.join(row.wirings.value)}",
            file=f"{product.slug}.toml",
            key="measurement.wirings",
        )
    return wired


def guard(product: Product) -> Guard:
    """The guard band of current: that of the data sheet, or half of the starting current."""
    stated_a = product.metering.no_load_ma.value / 1000
    if stated_a:
        return Guard.of(stated_a, share=1.0)
    return Guard.of(product.metering.starting_current_ma.value / 1000)


def settings(product: Product, *, single_phase: bool = False, shorted: bool = False) -> Settings:
    """Settings of an instrument of the product."""
    row, plate = section(product), section_of(product)
    return Settings(
        connection=connection(product, single_phase=single_phase, shorted=shorted),
        nominal_v=plate.nominal_voltage_mv[0] / 1000,
        nominal_hz=float(plate.frequency_hz),
        guard=guard(product),
        window_s=row.window_ms.value / 1000,
        refresh_s=row.refresh_ms.value / 1000,
        rms_s=row.rms_ms.value / 1000,
        average_s=float(row.average_s.value),
        active_constant=float(constant(product, Kind.ACTIVE)),
        reactive_constant=float(constant(product, Kind.REACTIVE)),
        summation=row.summation,
        method=plate.reactive_method,
    )
