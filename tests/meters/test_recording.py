"""Registers, demands, windows and profiles from a product file: what clients read and change, and what is refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from meters.recorded import FILE
from meters.small_fleet import HOUR_S, START, Steady, Turned, utc_of
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemDateTime, CosemTime
from openami.cosem.objects import Attribute, Method
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import DemandRegister, ExtendedRegister, Register
from openami.cosem.scripts import ExecutionTime, ScriptTable, SingleActionSchedule
from openami.dlms.xdlms import ActionResult, CaptureObject, DataAccessResult, MethodDescriptor
from openami.meters.build import Product
from openami.meters.fleet import Fleet
from openami.meters.holding import Holding, rules
from openami.meters.product import load_from

DEFINABLE, BILLING, DEMAND = "0.1.94.31.6.255", "0.0.98.1.0.255", "1.0.1.4.0.255"
SUCCESS, REFUSED = DataAccessResult.SUCCESS, DataAccessResult.OTHER_REASON


@pytest.fixture(scope="module")
def meter(tmp_path_factory: pytest.TempPathFactory) -> Product:
    folder = tmp_path_factory.mktemp("product")
    (folder / "x1.toml").write_text(FILE)
    return load_from("x1", folder)


@dataclass
class Bench:
    """Two of these meters, a clock to turn, and a client without a connection."""

    product: Product
    load: Any = field(default_factory=lambda: Steady(active_w=1200, reactive_var=600, meters=2))

    def __post_init__(self) -> None:
        self.clock = Turned(START)
        self.fleet = Fleet.create(
            self.product, 2, start_utc=START, load=self.load, now=self.clock, random=Random(7).randbytes
        )

    def live(self, seconds: int) -> "Bench":
        self.clock.utc += seconds
        self.fleet.advance_to(int(self.clock.utc))
        return self

    def read(self, key: Attribute[Any], name: str, meter: int = 0) -> Any:
        found = self.product.by_key[key.class_id, OBIS.parse(name)]
        data = self.fleet.device(meter).get(1, key.at(name))
        return found.codec(key.name).decode(data)[0]

    def write(self, key: Attribute[Any], name: str, value: Any, meter: int = 0) -> DataAccessResult:
        device = self.fleet.device(meter)
        item = key.at(name), None, key.codec.encode(value)
        return self.fleet.write(meter, device, 1, item)

    def call(self, key: Method[Any, Any], name: str, data: Any = 0, meter: int = 0) -> ActionResult:
        place = MethodDescriptor(key.class_id, OBIS.parse(name), key.method_id)
        return self.fleet.act(meter, self.fleet.device(meter), 1, (place, key.codec.encode(data)))[0]

    def rows(self, name: str, meter: int = 0) -> list[list[Any]]:
        table = self.read(ProfileGeneric.buffer, name, meter)
        return [list(row) for row in zip(*map(list, table.columns), strict=True)]


def at(time: CosemDateTime) -> int:
    """UTC second of a date-time."""
    return time.to_utc()


def objects(product: Product, *names: str) -> list[CaptureObject]:
    """Capture objects by `object.attribute`."""
    found: list[CaptureObject] = []
    for text in names:
        held = product.by_name[text.partition(".")[0]]
        found.append(CaptureObject(*held.key, held.interface.names[text.partition(".")[2]], 0))
    return found


def test_quadrants_and_net_energy_are_read(meter: Product) -> None:
    bench = Bench(meter, Steady(active_w=-1200, reactive_var=600, meters=2)).live(2 * HOUR_S)
    assert [bench.read(Register.value, f"1.0.{q}5.8.0.255") for q in (1, 2, 3, 4)] == [0, 1200, 0, 0]
    assert bench.read(Register.value, "1.0.16.8.0.255") == -2400
    assert rules(meter).modulus == 10**8
    assert len([one for one in rules(meter).registers if one.rated]) * 4 == 32
    assert "SM306-17" in meter.features


def test_a_demand_register_and_its_maxima(meter: Product) -> None:
    bench = Bench(meter).live(HOUR_S + 120)
    assert bench.read(DemandRegister.last_average_value, DEMAND) == 1200
    assert bench.read(DemandRegister.current_average_value, DEMAND) == 1200 * 12 // 15
    assert at(bench.read(DemandRegister.capture_time, DEMAND)) == START + HOUR_S
    assert at(bench.read(DemandRegister.start_time_current, DEMAND)) == START + HOUR_S
    assert (bench.read(DemandRegister.period, DEMAND), bench.read(DemandRegister.number_of_periods, DEMAND)) == (300, 3)
    assert bench.read(ExtendedRegister.value, "1.0.1.6.0.255") == 1200
    assert at(bench.read(ExtendedRegister.capture_time, "1.0.1.6.1.255")) == START + 900
    assert bench.call(ExtendedRegister.reset, "1.0.1.6.0.255") is ActionResult.SUCCESS
    assert bench.read(ExtendedRegister.value, "1.0.1.6.0.255") == 0
    assert bench.call(DemandRegister.next_period, DEMAND) is ActionResult.SUCCESS
    assert bench.read(DemandRegister.last_average_value, DEMAND) == 1200 * 12 // 15
    assert bench.call(DemandRegister.reset, DEMAND) is ActionResult.SUCCESS
    assert bench.read(DemandRegister.last_average_value, DEMAND) == 0


def test_the_periods_of_a_demand_are_written(meter: Product) -> None:
    bench = Bench(meter).live(HOUR_S)
    assert bench.write(DemandRegister.number_of_periods, DEMAND, 15) is SUCCESS
    assert bench.write(DemandRegister.period, DEMAND, 60) is SUCCESS
    bench.live(300)
    assert bench.read(DemandRegister.last_average_value, DEMAND) == 1200 * 5 // 15
    assert bench.read(DemandRegister.last_average_value, DEMAND, 1) == 1200
    assert bench.write(DemandRegister.number_of_periods, DEMAND, 16) is REFUSED


@pytest.mark.feature("IQ0404100K1-R-95")
def test_the_definable_profile_shows_what_a_client_asks_for(meter: Product) -> None:
    bench = Bench(meter).live(1800)
    assert bench.read(ProfileGeneric.capture_objects, DEFINABLE) == objects(
        meter, "clock.time", "clock.status", "instantaneous_voltage_l1.value", "average_voltage_l1.value"
    )
    [first, second] = bench.rows(DEFINABLE)
    assert [first[1:], second[1:]] == [[0, 2300, 2300]] * 2
    wanted = objects(meter, "average_voltage_l1.value", "clock.time", "demand_active.last_average_value")
    assert bench.write(ProfileGeneric.capture_objects, DEFINABLE, wanted) is SUCCESS
    assert bench.rows(DEFINABLE) == []
    assert bench.write(ProfileGeneric.capture_period, DEFINABLE, 300) is SUCCESS
    assert bench.write(ProfileGeneric.profile_entries, DEFINABLE, 3) is SUCCESS
    bench.live(1200)
    rows = bench.rows(DEFINABLE)
    assert [row[0] for row in rows] == [2300] * 3
    assert [row[2] for row in rows] == [1200] * 3
    assert utc_of(bytes(rows[-1][1])) == START + 3000
    assert bench.read(ProfileGeneric.capture_period, DEFINABLE) == 300
    assert bench.read(ProfileGeneric.capture_objects, DEFINABLE) == wanted
    assert len(bench.rows(DEFINABLE, 1)) == 3
    assert bench.read(ProfileGeneric.profile_entries, DEFINABLE, 1) == 960


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (ProfileGeneric.capture_period, 700),
        (ProfileGeneric.profile_entries, 100_000),
        (ProfileGeneric.capture_objects, ["demand_active.capture_time", "clock.time_zone"]),
        (ProfileGeneric.capture_objects, ["auto_connect.mode"]),
        (ProfileGeneric.capture_objects, ["net_energy.value", "net_energy.value"]),
        (ProfileGeneric.capture_objects, ["net_energy.scaler_unit"]),
    ],
)
def test_a_capture_that_cannot_be_is_refused(meter: Product, attribute: Attribute[Any], value: int | list[str]) -> None:
    bench = Bench(meter).live(1800)
    given = objects(meter, *value) if isinstance(value, list) else value
    assert bench.write(attribute, DEFINABLE, given) is REFUSED
    assert len(bench.rows(DEFINABLE)) == 2


def test_a_changed_capture_outlives_a_restart(meter: Product) -> None:
    bench = Bench(meter).live(1800)
    assert bench.write(ProfileGeneric.capture_objects, DEFINABLE, objects(meter, "net_energy.value")) is SUCCESS
    bench.live(1800)
    held = Holding.restore(meter, bench.fleet.holding.snapshot(), bench.clock)
    again = Bench(meter)
    again.clock.utc = bench.clock.utc
    again.fleet = Fleet(held, bench.fleet.keys, bench.load, random=Random(1).randbytes)
    assert again.rows(DEFINABLE) == bench.rows(DEFINABLE) == [[900], [1200]]
    assert again.live(900).rows(DEFINABLE)[-1] == [1500]


def test_billing_by_calendar_by_script_and_by_method(meter: Product) -> None:
    bench = Bench(meter).live(HOUR_S)
    assert bench.read(SingleActionSchedule.execution_time, "0.0.15.0.0.255") == [
        ExecutionTime(CosemTime(6, 30, 0, 0), CosemDate(day=1))
    ]
    assert bench.call(ScriptTable.execute, "0.0.10.0.1.255", 1) is ActionResult.SUCCESS
    [row] = bench.rows(BILLING)
    assert row[1:3] == [1200, 1200]
    assert utc_of(bytes(row[3])) == START + 900
    assert row[4:] == [1200, 1200]
    assert bench.call(ProfileGeneric.capture, BILLING) is not ActionResult.SUCCESS  # locked for an hour
    bench.live(HOUR_S)
    assert bench.call(ProfileGeneric.capture, BILLING) is ActionResult.SUCCESS
    assert [row[4] for row in bench.rows(BILLING)] == [1200, 1200]
    noon = [ExecutionTime(CosemTime(12, 0, 0, 0), CosemDate(weekday=2))]
    assert bench.write(SingleActionSchedule.execution_time, "0.0.15.0.0.255", noon) is SUCCESS
    bench.live(36 * HOUR_S)
    assert len(bench.rows(BILLING)) == 3
    assert bench.read(Register.value, "1.0.1.9.0.255") == 34 * 1200
    assert bench.rows(BILLING, 1) == []


def changed(tmp_path: Path, old: str, new: str) -> Callable[[], Product]:
    """The file with a text replaced."""
    assert old in FILE
    (tmp_path / "x1.toml").write_text(FILE.replace(old, new, 1))
    return lambda: load_from("x1", tmp_path)


MISTAKES = {
    "summation": ('"by_sign"', '"by_sine"', "registers.summation", "by_sign"),
    "register": ('"active.net"', '"active.nett"', "registers", "active.nett"),
    "phase of a register": ('"active.import.l2"', '"active.import.l4"', "registers", "active.import.l4"),
    "register twice": ('"active.absolute"', '"active.import"', "registers", "twice"),
    "too many by rate": ("value = 32", "value = 31", "registers.rated", "31"),
    "quantity of a demand": ('quantity = "active.import"', 'quantity = "aktive"', "registers", "aktive"),
    "method": ('method = "sliding"', 'method = "rolling"', "demand.active.method", "sliding"),
    "period of a demand": ("period_s = 300", "period_s = 301", "demand.active.period", "divide a day"),
    "blocks": ('method = "sliding"', 'method = "block"', "demand.active.number_of_periods", "expected 1"),
    "scope": ("billing = true", "billling = true", "object maximum_demand_0.value", "billing"),
    "two ways to close": ('follows = "billing"', 'follows = "billing"\nperiod_s = 60', "window.since", "one of"),
    "what a window follows": ('follows = "billing"', 'follows = "bill"', "window since.follows", "bill"),
    "signal": ('"voltage.l3"]', '"voltage.l5"]', "window.ten.average", "voltage.l5"),
    "energy of a window": ('energy = ["active.import"]', 'energy = ["activ"]', "window.since.energy", "activ"),
    "profile": ("[profile.definable]", "[profile.definible]", "profile.definible", "no object"),
    "time": ('"06:30"', '"6:30"', "profile.billing.at 1.time", "hh:mm"),
    "day": ("day = 1,", "day = 32,", "profile.billing.at 1.day", "31"),
    "no times": ('at = [{ day = 1, time = "06:30" }]', "", "profile.billing.at", "expected times"),
    "object of a profile": ('"clock.status"', '"clock.state"', "profile.definable.objects", "clock.state"),
    "law of a register": ("energy.active.net", "energy.apparent.import", "object net_energy.value", "apparent"),
    "law of a demand": ("demand.active.last", "demand.passive.last", "demand_active.last_average_value", "passive"),
    "law of a window": ("window.ten.average", "window.ten.minimum", "object average_voltage_l1.value", "minimum"),
    "captured constant": (
        '"period_energy.value"',
        '"period_energy.scaler_unit"',
        "billing_profile.capture_objects",
        "keeps",
    ),
    "rows": ("profile_entries = 12", "profile_entries = 0", "object billing_profile.profile_entries", "one row"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_by_file_and_key(name: str, tmp_path: Path) -> None:
    old, new, key, word = MISTAKES[name]
    with pytest.raises(DefinitionError) as caught:
        changed(tmp_path, old, new)()
    assert caught.value.file == "x1.toml"
    assert key in caught.value.key
    assert word in str(caught.value)
