"""From the sections of a product file to the rules of the laws: registers, demands, windows and profiles."""

from typing import cast

from openami.core.errors import DefinitionError
from openami.core.time import ANY, CosemDate
from openami.metering.averages import WindowRule
from openami.metering.billing import Capture, Freedom
from openami.metering.calendar import ONE_RATE, TWO_RATE, Calendar, Limits
from openami.metering.cells import PHASES, cell, registered
from openami.metering.demand import DemandRule, Method, Periods
from openami.metering.quantities import Apparent, Register, Summation
from openami.metering.signals import ENERGIES, Signal, signal
from openami.metering.state import MakePart, Rules
from openami.metering.timeline import Trigger
from openami.metering.transformers import NAME, Transformers
from openami.meters.build import Constant, Definition, Product, Source
from openami.meters.captures import default_objects, fault, shape
from openami.meters.sections.recording import At, DemandRow, ProfileRow, WindowRow

DAY_S = 86_400
EMPTY = ProfileRow()


def registers(product: Product) -> tuple[Register, ...]:
    """Registers that the product lists."""
    row = product.recording.registers
    listed = [(text, True) for text in row.rated] + [(text, False) for text in row.total]
    found = tuple(register(product, text, rated=rated) for text, rated in listed)
    names = [(one.energy, one.phase) for one in found]
    if twice := next((text for place, (text, _) in enumerate(listed) if names[place] in names[:place]), ""):
        raise fault(product, "registers", f"{twice!r} stands twice")
    by_rate = sum(one.rated for one in found) * product.metering.rates.value
    if row.most is not None and by_rate > row.most.value:
        raise fault(product, "registers.rated", f"{by_rate} registers by rate: expected at most {row.most.value}")
    return found


def register(product: Product, text: str, *, rated: bool) -> Register:
    """Read `active.import` or `active.import.l1`."""
    kind, _, phase = text.rpartition(".") if text.rpartition(".")[2] in PHASES else (text, "", "")
    if kind not in ENERGIES or PHASES.get(phase, 0) > product.head.phases:
        raise fault(product, "registers", f"{text!r} names no register; there are {', '.join(ENERGIES)}")
    return Register(ENERGIES[kind], PHASES.get(phase, 0), rated)


def demands(product: Product) -> dict[str, DemandRule]:
    """Demands of the product."""
    return {name: demand(product, name, row) for name, row in product.recording.demand.items()}


def demand(product: Product, name: str, row: DemandRow) -> DemandRule:
    """One demand."""
    quantity = register(product, row.quantity, rated=False)
    rule = DemandRule(
        quantity.energy,
        quantity.phase,
        Method(row.method),
        Periods(row.period_s.value, row.periods.value),
        0 if row.most_periods is None else row.most_periods.value,
        row.maxima,
        row.cumulative,
    )
    try:
        rule.check(rule.periods)
    except DefinitionError as error:
        raise fault(product, f"demand.{name}.{error.key}", str(error.args[0])) from error
    return rule


def windows(product: Product) -> dict[str, WindowRule]:
    """Windows of the product."""
    return {name: window(product, name, row) for name, row in product.recording.window.items()}


def window(product: Product, name: str, row: WindowRow) -> WindowRule:
    """One window."""
    ways = [way for way in ("period_s", "at", "follows") if getattr(row, way)]
    if len(ways) != 1:
        raise fault(product, f"window.{name}", "expected one of period_s, at and follows")
    trigger = interval(row.period_s.value) if row.period_s else at(row.at) if row.at else None
    try:
        energy = tuple(registered(text, text) for text in row.energy)
    except DefinitionError as error:
        raise fault(product, f"window.{name}.energy", str(error.args[0])) from error
    watched = {
        kind: tuple(signal_of(product, f"window.{name}.{kind}", text) for text in getattr(row, kind))
        for kind in ("average", "minimum", "maximum")
    }
    return WindowRule(trigger, row.follows, **watched, energy=energy)


def signal_of(product: Product, key: str, text: str) -> Signal:
    """Read a quantity of now."""
    found = signal(text)
    if found is None or found.phase > product.head.phases:
        raise fault(product, key, f"{text!r} names no quantity of {product.head.phases} phases")
    return found


def at(row: At) -> Trigger:
    """Moment as the laws have it."""
    date = CosemDate(month=row.month or ANY, day=row.day_number or ANY, weekday=row.weekday or ANY)
    return Trigger(date=date, second=row.second)


def interval(period_s: int) -> Trigger:
    """An interval from midnight on; a whole day is a daily closing."""
    return Trigger() if period_s == DAY_S else Trigger(period_s)


def profiles(product: Product) -> dict[str, Capture]:
    """Profiles of the product, each as its object and its section say together."""
    found = product.profiles
    if unknown := sorted(product.recording.profile.keys() - found.keys()):
        raise fault(product, f"profile.{unknown[0]}", "no object shows such a profile")
    return {name: capture(product, name, definition) for name, definition in found.items()}


def capture(product: Product, name: str, definition: Definition) -> Capture:
    """One profile."""
    row = product.recording.profile.get(name, EMPTY)
    entries = number(product, definition, "profile_entries", None if row.entries is None else row.entries.value)
    period_s = number(product, definition, "capture_period", None if row.period_s is None else row.period_s.value)
    if entries < 1:
        raise fault(product, f"object {definition.name}.profile_entries", "a profile holds at least one row")
    if bool(row.at) == bool(period_s):
        raise fault(product, f"profile.{name}.at", "expected times where there is no capture_period, and only there")
    triggers = tuple(at(moment) for moment in row.at) if row.at else (interval(period_s),)
    if period_s and (DAY_S % period_s or period_s % 60):
        raise fault(product, f"object {definition.name}.capture_period", "expected whole minutes that divide a day")
    try:
        columns = shape(product, default_objects(product, name)).columns
    except DefinitionError as error:
        if error.file:
            raise
        raise fault(product, f"object {definition.name}.capture_objects", str(error.args[0])) from error
    return Capture(triggers, entries, columns, row.closes, row.lockout_s.value)


def number(product: Product, definition: Definition, attribute: str, default: int | None) -> int:
    """Read a number of the object, or of the section where the object leaves it to a client."""
    content = definition.contents.get(attribute)
    if isinstance(content, Constant):
        return cast("int", content.value)
    if content is None and attribute == "capture_period":
        return default or 0
    if default is None or not isinstance(content, Source):
        raise fault(product, f"object {definition.name}.{attribute}", "expected a number")
    return default


def freedoms(product: Product) -> dict[str, Freedom]:
    """What clients may change of profiles."""
    return {
        name: Freedom(
            tuple(60 * minutes for minutes in row.periods_min),
            0 if row.columns is None else row.columns.value,
            row.trades,
            row.times,
        )
        for name, row in product.recording.profile.items()
    }


def demand_calendar(product: Product) -> Calendar | None:
    """Tariff that demand begins with where it has one of its own."""
    if not product.recording.demand_calendar:
        return None
    return TWO_RATE if product.metering.rates.value > 1 else ONE_RATE


def transformers(product: Product) -> dict[str, MakePart]:
    """Part of the state that holds the ratios of measuring transformers, where the product has any."""
    row = product.recording.transformers
    if row is None:
        return {}
    return {NAME: lambda meters, _now: Transformers.of(meters, primary=row.primary)}


def settings(product: Product) -> Rules:
    """What of the rules these sections and that of the metering say; monitoring adds the rest."""
    metering, section = product.metering, product.recording.registers
    limits = Limits(
        seasons=metering.seasons.value,
        weeks=metering.weeks.value,
        days=metering.days.value,
        actions=metering.actions.value,
        special_days=metering.special_days.value,
        rates=metering.rates.value,
    )
    return Rules(
        phases=product.head.phases,
        no_load_ma=metering.no_load_ma.value,
        nominal_v=section.nominal_v.value,
        summation=Summation(section.summation),
        apparent=Apparent(section.apparent),
        registers=registers(product),
        modulus=0 if section.digits is None else 10**section.digits.value,
        demands=demands(product),
        windows=windows(product),
        profiles=profiles(product),
        freedoms=freedoms(product),
        memory_octets=0 if product.recording.storage is None else product.recording.storage.octets.value,
        demand_calendar=demand_calendar(product),
        reserve_s=metering.reserve_s.value,
        charge_s=metering.charge_s.value,
        long_failure_s=metering.long_failure_s.value,
        limits=limits,
        parts=transformers(product),
    )


def check(product: Product) -> None:
    """Refuse sections that do not fit together, and sources of objects that the product does not have."""
    rules = settings(product)
    for definition in product.objects:
        for attribute, content in definition.contents.items():
            if isinstance(content, Source):
                check_source(product, f"object {definition.name}.{attribute}", content.name, rules)
    try:
        rules.check()
    except DefinitionError as error:
        raise fault(product, error.key, str(error.args[0])) from error


def check_source(product: Product, key: str, name: str, rules: Rules) -> None:
    """Refuse a source that names a register, a demand or a window that there is not."""
    try:
        found = cell(name)
    except DefinitionError:
        return
    try:
        found.check(rules)
    except DefinitionError as error:
        raise fault(product, key, str(error.args[0])) from error
