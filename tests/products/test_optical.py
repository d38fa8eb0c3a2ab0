"""The optical ports of the meters: readout and programming in plain text, HDLC, and how fast they are at most."""

from pathlib import Path
from typing import Any

import pytest

from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.cosem.registers import Register
from openami.dlms.data import UINT16
from openami.dlms.hdlc import PrimaryStation, ServerAddress
from openami.dlms.xdlms import DataAccessResult
from openami.iec62056 import Client, DataSet, Setup, Start
from openami.iec62056.asking import Answer, Asked, HandedOver, LockedOut
from openami.iec62056.told import Answered, Failed, Identified, ReadOut, Speaking
from openami.meters import product
from openami.meters.optical import OpticalMeter
from openami.meters.product import load_from
from optical_pair import Wire
from products.standing import HOUR_S, MANAGEMENT, Standing, Talk, each

SUCCESS = DataAccessResult.SUCCESS
ENERGY, THRESHOLD = "1.0.1.8.0.255", "0.0.96.7.20.255"
FACTORY = "00000000"
COMMUNICATION, UNAUTHORISED = "communication_event_log", 158
PORTS = {
    "ad11a": "AD11A-101", "ad13a": "AD13A-102", "sm306": "SM306-47", "sm307": "SM307-46", "sm120b2": "SM120B2-49",
    "sed102": "SED102-14", "sed302": "SED302-15",
}  # fmt: skip


class Port(Wire):
    """A reader's head on the optical port of a standing meter."""

    def __init__(self, standing: Standing, **options: Any) -> None:
        self.meter = OpticalMeter(standing.fleet)
        super().__init__(Client(**options))

    def setup(self) -> Setup:
        """How the port is set."""
        return self.meter.setup()

    def answer(self, asked: Asked) -> Answer:
        """Let the meter answer."""
        return self.meter.answer(asked)

    def read_out(self) -> dict[str, DataSet]:
        """All that is read out, by code."""
        self.client.read_out(self.now)
        read = self.run()[-2]
        assert isinstance(read, ReadOut), read
        return {one.address: one for one in read.sets}

    def program(self, password: str = FACTORY) -> Any:
        """Enter the programming mode, and give a password."""
        self.client.program(self.now)
        self.run(5.0)
        self.client.login(password, self.now)
        return self.run(5.0)[-1]

    def write(self, code: str, value: str) -> Any:
        """Write a value."""
        self.client.write(code, value, self.now)
        return self.run(5.0)[-1]

    def leave(self) -> None:
        """Leave the programming mode."""
        self.client.leave(self.now)
        self.carry()


def over_hdlc(standing: Standing, port: Port) -> Talk:
    """The management client on the HDLC line that the port has become."""
    talk = Talk(standing, MANAGEMENT, lambda client: PrimaryStation(client, ServerAddress(1, port.meter.physical, 2)))
    talk.session = standing.fleet.session(0, port.meter.station())
    return talk.associate()


@each(**PORTS)
def test_a_meter_is_read_out_in_plain_text(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    port = Port(meter, address=meter.fleet.holding.identity.serial(0))
    found = port.read_out()
    [identified] = [event for event in port.learned if isinstance(event, Identified)]
    assert identified.identification.manufacturer == "OAM", "a simulated meter says so"
    assert identified.identification.name == f"SIM-{meter.product.head.model}"
    assert found["1.8.0"].unit == "kWh"
    energy = meter.read("active_energy_import") * 10 ** meter.read("active_energy_import.scaler_unit").scaler
    assert float(found["1.8.0"].value) == pytest.approx(energy / 1000, abs=0.001)
    assert energy > 0
    assert found["0.9.1"].value == "01:00:00"
    assert found["0.9.2"].value == "26-11-02"
    assert float(found["32.7.0"].value) == pytest.approx(meter.bench.settings[-1][1].volts[0], abs=0.1)


@each(**PORTS)
def test_a_meter_is_set_in_plain_text_by_its_password(slug: str) -> None:
    meter = Standing(slug)
    port = Port(meter)
    port.client.program(port.now)
    port.run(5.0)
    assert isinstance(port.write("C.7.20", "60"), Failed), "no password was given"
    port.leave()
    assert port.program() == Answered()
    assert port.write("C.7.20", "60") == Answered()
    assert port.write("0.9.1", "12:34:56") == Answered()
    assert isinstance(port.write("1.8.0", "0"), Failed), "no client writes energies"
    assert isinstance(port.write("C.7.20", "six"), Failed)
    assert isinstance(port.write("0.9.1", "noon"), Failed)
    for restarted in (False, True):
        standing = meter.restart() if restarted else meter
        assert standing.read("threshold_long_power_failure") == 60
        assert standing.read("clock.time").hour == 12


@each(**PORTS)
def test_a_meter_speaks_hdlc_at_its_optical_port(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(HOUR_S)
    port = Port(meter)
    port.client.hand_over(port.now)
    spoken = port.run()[-1]
    assert isinstance(spoken, Speaking)
    assert port.told == [HandedOver(spoken.baud)]
    talk = over_hdlc(meter, port)
    assert talk.get(Register.value.at(ENERGY)) == meter.read("active_energy_import") > 0
    assert talk.set(Register.value, THRESHOLD, UINT16.encode(90)) is SUCCESS
    assert meter.read("threshold_long_power_failure") == 90


@each(ad11a="AD11A-102", ad13a="AD13A-103", sm306="")
def test_the_port_is_as_fast_as_stated_and_no_client_makes_it_faster(slug: str) -> None:
    meter = Standing(slug)
    most = {"ad11a": (115_200, 9), "ad13a": (38_400, 7), "sm306": (19_200, 6)}[slug]
    port = Port(meter)
    assert meter.write("optical_port_setup.prop_baud", most[1]) is SUCCESS
    port.client.hand_over(port.now)
    assert port.run()[-1] == Speaking(most[0])
    for attribute in ("prop_baud", "default_baud"):
        if most[1] < 9:
            assert meter.write(f"optical_port_setup.{attribute}", most[1] + 1) is DataAccessResult.OTHER_REASON
    assert meter.write("optical_port_setup.prop_baud", 4) is SUCCESS
    slower = Port(meter.restart())
    slower.client.hand_over(slower.now)
    assert slower.run()[-1] == Speaking(4_800)


@each(ad11a="AD11A-102", ad13a="AD13A-103")
def test_the_port_begins_with_hdlc_at_that_speed_where_it_is_set_to(slug: str) -> None:
    meter = Standing(slug)
    stated = {"ad11a": 115_200, "ad13a": 38_400}[slug]
    for mode in (1, 2):
        assert meter.write("optical_port_setup.default_mode", mode) is SUCCESS
        port = Port(meter)
        assert port.setup().start is Start.HDLC
        assert port.told == [HandedOver(stated)]
        assert port.server.baud == stated
        assert over_hdlc(meter, port).get(Register.value.at(ENERGY)) == meter.read("active_energy_import")


def test_the_object_of_the_port_governs_it() -> None:
    meter = Standing("sm307")
    for name, value in (("default_baud", 3), ("response_time", 0), ("device_addr", b"4711"), ("pass_p1", b"open")):
        assert meter.write(f"optical_port_setup.{name}", value) is SUCCESS
    port = Port(meter, address="4711", start_baud=2_400)
    assert port.program("open") == Answered()
    port.leave()
    assert isinstance(port.program(), Failed), "the one from the factory"
    port.leave()
    assert port.learned[0].identification.manufacturer == "OAm", "it reacts after 20 ms"
    assert meter.write("optical_port_setup.pass_p1", b"") is SUCCESS
    assert isinstance(port.program(""), Failed), "no password stands for nobody"
    stranger = Port(meter, address="4712", start_baud=2_400, retries=0)
    stranger.client.read_out(0.0)
    assert isinstance(stranger.run()[0], Failed)


def test_wrong_passwords_are_events_and_lock_the_port() -> None:
    meter = Standing("sm120b2")
    before = len(meter.events(COMMUNICATION))
    port = Port(meter)
    for _ in range(2):
        assert isinstance(port.program("11111111"), Failed)
        port.leave()
    port.program("11111111")
    assert [type(told) for told in port.told if not isinstance(told, Asked)] == [LockedOut]
    port.run(5.0)
    assert isinstance(port.program(), Failed), "not even the right one, for a while"
    assert meter.live(HOUR_S).events(COMMUNICATION)[before:] == [UNAUTHORISED] * 3
    assert meter.restart().events(COMMUNICATION)[before:] == [UNAUTHORISED] * 3


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('most_baud = 14400', "optical.*most_baud is 14400; expected one of 300"),
        ('modes = ["readout", "mode_d"]', "optical.modes"),
        ('modes = ["readout"]\nentry = []', "entries to be read out"),
        ('name = "SIM/13"', "optical.name"),
        ('manufacturer = "Oam"', "optical.manufacturer"),
        ('speed = 3', "optical.speed"),
        ('client = "reader"', "optical.client: no association that manages is called reader"),
        ('entry = [{ value = "clock.tyme" }]', "optical.entry.1.value: no object has an attribute clock.tyme"),
        ('entry = [{ value = "active_energy_import.value", unit = "V" }]', "entry.1.unit: V is no multiple of Wh"),
        ('entry = [{ value = "active_energy_import.value", write = true }]', "entry.1.write: no client may write"),
        ('entry = [{ value = "active_energy_import.value", digits = 3, decimals = 3 }]', "entry.1.digits"),
        ('entry = [{ value = "clock.time", code = "(1)" }]', "entry.*code"),
        ('entry = [{ value = "clock.time" }, { value = "clock.status", code = "1.0.0" }]', "2: 1.0.0 stands twice"),
    ],
)  # fmt: skip
def test_planted_mistakes_are_refused_by_file_and_key(written: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "planted.toml").write_text(f'extends = "ad13a"\n[optical]\n{written}\n', encoding="utf-8")
    with pytest.raises(DefinitionError, match=f"(?s)planted.toml: {told}" if told.startswith("optical") else told):
        load_from("planted", tmp_path)


def test_a_port_needs_its_object_and_its_section(tmp_path: Path) -> None:
    (tmp_path / "planted.toml").write_text('extends = "compactiq"\n[optical]\nmodes = ["hdlc"]\n', encoding="utf-8")
    with pytest.raises(DefinitionError, match="needs the object optical_port_setup"):
        load_from("planted", tmp_path)
    with pytest.raises(DefinitionError, match="states no optical port"):
        OpticalMeter(Standing("im351").fleet)
    assert product.load("im351").optical is None
    assert OBIS.parse("0.0.20.0.0.255") == product.load("ad13a").by_name["optical_port_setup"].logical_name


@pytest.mark.feature("AD13A-95")
def test_the_serial_line_of_the_ad13a_goes_up_to_19200_baud() -> None:
    meter = Standing("ad13a")
    assert meter.write("rs485_hdlc_setup.comm_speed", 6) is SUCCESS
    assert meter.read("rs485_hdlc_setup.comm_speed") == 6
    assert meter.write("rs485_hdlc_setup.comm_speed", 7) is DataAccessResult.OTHER_REASON
    assert meter.read("rs485_hdlc_setup.comm_speed") == 6
    assert meter.write("rs485_hdlc_setup.comm_speed", 5) is SUCCESS


def test_a_way_of_no_speed_is_refused(tmp_path: Path) -> None:
    text = 'extends = "ad13a"\n[links.way.rs485]\nmost_baud = 19201\n'
    (tmp_path / "planted.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionError, match="most_baud is 19201"):
        load_from("planted", tmp_path)
