"""What a meter does of its own accord between two moments, scripts and pushes; and whether it answers anybody."""

from collections.abc import Iterator
from typing import cast

from openami.core.errors import AmiError
from openami.cosem.elements import ScriptReference
from openami.cosem.push import Destination, Pushing
from openami.cosem.register_monitor import RegisterMonitor
from openami.cosem.scripts import ScriptTable, SingleActionSchedule
from openami.metering.schedules import Schedules
from openami.metering.tamper import Tamper
from openami.meters.alarms import SCHEDULE
from openami.meters.build import Constant, Definition, Setting
from openami.meters.holding import Holding

ALARM = "alarm."
DESTINATION = 3


def attend(holding: Holding) -> None:
    """Carry out what is due now; a meter without supply pushes when it has it again, but for its last gasp."""
    laws = holding.laws
    for name, meter in laws.part("schedules", Schedules).take(laws):
        run_schedule(holding, name, meter)
    news = holding.alarms.take_raised(laws.supply.powered)
    listening = pushing(holding) if news else frozenset[int]()
    told = [*monitors(holding)] if listening else []
    for meter, bits in news:
        if meter in listening:
            raise_alarms(holding, meter, bits, told)


def run_schedule(holding: Holding, name: str, meter: int) -> None:
    """Run the script of a schedule."""
    for definition in holding.product.objects:
        if definition.source("execution_time") == SCHEDULE + name:
            schedule = cast("SingleActionSchedule", made(holding, meter, definition))
            run_script(holding, meter, schedule.executed_script)


def run_script(holding: Holding, meter: int, script: ScriptReference) -> None:
    """Run a script of a meter; a meter goes on when one comes to nothing."""
    table = holding.product.by_key.get((ScriptTable.class_id, script.script_logical_name))
    if table is None:
        return
    try:
        cast("ScriptTable", made(holding, meter, table)).execute(script.script_selector)
    except AmiError:
        holding.event("script_failed", meter)


def monitors(holding: Holding) -> Iterator[tuple[Definition, int]]:
    """Register monitors that watch an alarm register or descriptor, each with the number of the register."""
    for definition in holding.product.objects:
        content = definition.contents.get("monitored_value")
        if not issubclass(definition.interface, RegisterMonitor) or not isinstance(content, Constant):
            continue
        class_id, logical_name, _ = cast("tuple[int, object, int]", content.value)
        watched = next((o for o in holding.product.objects if o.key == (class_id, logical_name)), None)
        source = "" if watched is None else watched.source("value")
        if source.startswith(ALARM):
            number = source.rpartition(".")[2]
            yield definition, int(number) if number.isdigit() else 0


def pushing(holding: Holding) -> frozenset[int]:
    """Meters of which some push setup has a destination: the alarms of the others wake nobody."""
    setups = [d for d in holding.product.objects if issubclass(d.interface, Pushing)]
    for definition in setups:
        content = definition.contents.get("send_destination_and_method")
        stated = getattr(content, "default" if isinstance(content, Setting) else "value", None)
        if isinstance(stated, Destination) and stated.destination:
            return frozenset(range(holding.laws.count))
    numbers = {definition.number for definition in setups}
    return frozenset(m for m, number, attribute in holding.settings if number in numbers and attribute == DESTINATION)


def raise_alarms(holding: Holding, meter: int, bits: tuple[int, ...], told: list[tuple[Definition, int]]) -> None:
    """Run the scripts of the monitors whose register has got new bits."""
    for definition, register in told:
        if register < len(bits) and bits[register]:
            monitor = cast("RegisterMonitor", made(holding, meter, definition))
            for script in monitor.crossings(0, bits[register]):
                run_script(holding, meter, script)


def made(holding: Holding, meter: int, definition: Definition) -> object:
    """Object of a meter."""
    assert holding.objects is not None
    return holding.objects(meter)[definition.key]


def answers(holding: Holding, meter: int) -> bool:
    """Whether there is anything that could answer: supply, or a battery that clients are answered on."""
    if holding.laws.supply.powered[meter]:
        return True
    dead, held_mv = holding.product.monitoring.clock.dead_mv, holding.laws.part("tamper", Tamper).row("battery_mv")
    return holding.product.monitoring.battery.reads and (dead is None or bool(held_mv[meter] >= dead.value))
