"""Who reaches the Sensemi meters and how: every attribute over DLMS, ciphers, ports, modules, firmware, memory."""

from pathlib import Path
from random import Random
from typing import Any

import pytest

from openami.core.errors import DefinitionError
from openami.cosem.image_transfer import ImageBlock, ImageInitiate, ImageTransfer, ImageTransferStatus
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.dlms.client import Client
from openami.dlms.data import UINT16
from openami.dlms.hdlc import PrimaryStation, SecondaryStation, ServerAddress
from openami.dlms.security import Security, SendCounter
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, DataAccessResult
from openami.meters import product
from openami.meters.definition import products
from openami.meters.firmware.image import FirmwareImage, Part, simulated_maker
from openami.meters.firmware.version import Version
from openami.meters.identity import CLIENT_TITLE
from openami.meters.product import load_from
from products.standing import DAY_S, HOUR_S, MINUTE_S, READER, Standing, Talk, each, utc

SUCCESS, DONE = DataAccessResult.SUCCESS, ActionResult.SUCCESS
ENERGY, APPLICATION, IMAGE = "1.0.1.8.0.255", "1.1.0.2.0.255", "0.0.44.0.0.255"
BLOCK = 128
SLUGS = ("sm306", "sm307", "sm120b2", "sed102", "sed302")


class Local(Talk):
    """The management client on a local line: HDLC, by the address of the meter on it."""

    def __init__(self, standing: Standing, server: int = 17) -> None:
        super().__init__(standing, 1)
        held, address = standing.keys, ServerAddress.of(1, server)
        known = max(int(standing.fleet.holding.counters.received[0]), 0) + 1
        self.session = standing.fleet.session(0, SecondaryStation(address))
        security = Security.hls5(
            encryption_key=held.encryption, authentication_key=held.authentication, client_title=CLIENT_TITLE
        )
        self.client = Client(
            client_sap=1, link=PrimaryStation(1, address), security=security, random=Random(4).randbytes,
            send_counter=SendCounter(known),
        )  # fmt: skip


# Objects


@each(
    sm306="SM306-46", sm307="SM307-45", sm120b2="SM120B2-52", sed102="SED102-18", sed302="SED302-20",
)  # fmt: skip
def test_a_client_reads_every_attribute_that_the_object_list_names(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S)
    association = meter.talk()
    listed = association.get(AttributeDescriptor(15, meter.product.by_name["association"].logical_name, 2))
    assert len(listed) == len(meter.product.objects)
    for definition in meter.product.objects:
        for number in definition.interface.attributes:
            found = association.get(AttributeDescriptor(*definition.key, number))
            assert not isinstance(found, DataAccessResult), (definition.name, number, found)


@each(sed102="SED102-20", sed302="", sm306="")
def test_what_the_management_client_says_and_hears_is_encrypted(slug: str) -> None:
    meter = Standing(slug)
    association = meter.talk()
    name = meter.product.by_name["logical_device_name"]
    said = association.get(AttributeDescriptor(*name.key, 2))
    assert len(said) == 16
    assert said not in association.octets
    assert name.logical_name not in association.octets
    in_clear = meter.talk(READER)
    assert in_clear.get(AttributeDescriptor(*name.key, 2)) == said
    assert said in in_clear.octets
    assert Talk(meter, 1, encryption_key=bytes(16)).is_refused()
    assert meter.read("security_setup.security_suite") == 0
    assert meter.read("security_setup.security_policy") == 3


# Ports


@each(
    sed102="SED102-16", sed302="SED302-16", sm120b2="SM120B2-50",
)  # fmt: skip
def test_meters_answer_on_rs485_by_their_address(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S)
    line = Local(meter, server=42).associate()
    assert line.get(Register.value.at(ENERGY)) == meter.read("active_energy_import") > 0
    assert b"\x7e" == line.octets[:1] == line.octets[-1:], "HDLC frames"
    assert meter.product.links.model("rs485").name == "rs485"
    assert meter.write("rs485_hdlc_setup.comm_speed", 6) is SUCCESS
    assert meter.read("rs485_hdlc_setup.comm_speed") == 6


def image(slug: str) -> bytes:
    """A newer application."""
    model, content = product.load(slug).head.model, Random(1).randbytes(700)
    return FirmwareImage(b"NEW", model, Part.NON_LEGAL, Version("00 00 00 02"), content).encode(simulated_maker())


def upgrade(association: Talk, octets: bytes) -> None:
    """Transfer, verify and activate an image."""
    assert association.act(ImageTransfer.image_transfer_initiate, IMAGE, ImageInitiate(b"NEW", len(octets))) is DONE
    for number in range(-(-len(octets) // BLOCK)):
        block = ImageBlock(number, octets[number * BLOCK : (number + 1) * BLOCK])
        assert association.act(ImageTransfer.image_block_transfer, IMAGE, block) is DONE
    assert association.act(ImageTransfer.image_verify, IMAGE) is DONE
    assert association.act(ImageTransfer.image_activate, IMAGE) is ActionResult.TEMPORARY_FAILURE, "under way"


@each(sm306="SM306-02", sm307="SM307-02", sed102="SED102-19", sed302="", sm120b2="")
@pytest.mark.parametrize("way", [Local, Talk])
def test_firmware_is_upgraded_locally_and_remotely(slug: str, way: Any) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S)
    counted = meter.read("active_energy_import")
    association = (Local(meter) if way is Local else Talk(meter, 1)).associate()
    assert association.get(Data.value.at(APPLICATION)) == b"00 00 00 01"
    upgrade(association, image(slug))
    meter.live(5 * MINUTE_S)
    assert meter.read("module_active_firmware_identifier") == b"00 00 00 02"
    assert meter.read("image_transfer.image_transfer_status") == ImageTransferStatus.ACTIVATION_SUCCESSFUL
    assert meter.read("active_firmware_identifier") == b"00 00 00 01", "the legal part stays"
    assert meter.read("active_energy_import") > counted
    assert meter.restart().read("module_active_firmware_identifier") == b"00 00 00 02"


@each(sed102="SED102-13 SED102-62", sed302="SED302-15")
def test_the_optical_port_reads_configures_and_upgrades(slug: str) -> None:
    meter = Standing(slug, amps=2.0).live(HOUR_S)
    port = Local(meter).associate()
    assert port.get(Register.value.at(ENERGY)) == meter.read("active_energy_import")
    assert port.set(Register.value, "0.0.96.7.20.255", UINT16.encode(60)) is SUCCESS
    assert meter.read("threshold_long_power_failure") == 60
    upgrade(port, image(slug))
    assert meter.live(5 * MINUTE_S).read("module_active_firmware_identifier") == b"00 00 00 02"
    assert meter.read("optical_port_setup.default_mode") is not None


@pytest.mark.feature("SM120B2-11")
def test_sm120b2_is_read_while_the_supply_is_away() -> None:
    meter = Standing("sm120b2", amps=10.0).live(HOUR_S).hand("supply", "off").live(5 * HOUR_S)
    port = Local(meter).associate()
    assert port.get(Register.value.at(ENERGY)) == 2300
    assert port.get(Register.value.at("1.0.32.7.0.255")) == 0
    assert port.get(Data.value.at("0.0.96.7.21.255")) == 0, "not yet over"
    assert is_answered(meter)
    assert not is_answered(meter.hand("battery_mv", 2_000)), "its battery is dead"
    assert is_answered(meter.hand("supply", "on")), "the supply is back"


def is_answered(meter: Standing) -> bool:
    """Whether somebody who comes to its port finds a meter."""
    return meter.fleet.open(meter.fleet.addresses[0], SecondaryStation(ServerAddress.of(1, 17))) is not None


@each(sm306="", sm307="", sed302="")
def test_others_are_silent_without_supply(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    assert is_answered(meter)
    assert not is_answered(meter.hand("supply", "off").live(HOUR_S))
    assert is_answered(meter.hand("supply", "on").live(HOUR_S))


@pytest.mark.feature("SM120B2-34")
def test_sm120b2_ends_its_billing_period_over_a_local_port_as_well() -> None:
    meter = Standing("sm120b2", amps=10.0).live(HOUR_S)
    assert Local(meter).associate().act(ProfileGeneric.capture, "0.0.98.1.0.255") is DONE
    assert Talk(meter, 1).associate().act(ProfileGeneric.capture, "0.0.98.1.0.255") is DONE
    assert [row[2] for row in meter.rows("billing_values")] == [2300, 2300]
    assert meter.read("billing_period_counter") == 2


@each(sm306="SM306-01", sm307="SM307-01")
def test_two_modules_are_served_at_the_same_time(slug: str) -> None:
    meter = Standing(slug, amps=1.0).live(HOUR_S)
    assert meter.product.links.places.value == 2
    for end in ("", "_2"):
        assert meter.write(f"gprs_modem_setup{end}.apn", b"module" + end.encode()) is SUCCESS
    assert meter.read("gprs_modem_setup.apn") != meter.read("gprs_modem_setup_2.apn")
    first, second = meter.talk(), meter.talk(READER)
    for association in (first, second, first, second):
        assert association.get(Register.value.at(ENERGY)) == meter.read("active_energy_import")
    assert set(meter.product.links.way) == {"cellular", "bplc", "hplc", "rf"}


@pytest.mark.feature("SED302-18")
def test_sed302_has_no_plc() -> None:
    meter = product.load("sed302")
    assert not {o.interface.class_id for o in meter.objects} & {*range(80, 93), 95, 96, 97, 140, 141, 142}
    assert set(meter.links.way) == {"cellular", "rs485"}
    for link in ("bplc", "hplc"):
        assert link not in meter.links.way


# Memory


@each(sm306="SM306-03", sm307="SM307-03", sm120b2="SM120B2-12")
def test_what_is_stored_needs_no_battery(slug: str) -> None:
    meter = Standing(slug, amps=3.0).live(2 * HOUR_S).hand("battery_mv", 0).hand("magnet_mt", 90).live(MINUTE_S)
    assert meter.act("billing_values.capture") is DONE
    assert meter.write("threshold_voltage_sag", 100) is SUCCESS
    meter.hand("supply", "off").live(1)
    names = ("active_energy_import", "active_energy_import_rate_1", "threshold_voltage_sag", "billing_period_counter")
    before = [meter.read(name) for name in names]
    logs = [meter.rows(name) for name in ("interval_values", "billing_values", "fraud_detection_event_log")]
    meter.live(DAY_S).restart()
    assert [meter.read(name) for name in names] == before
    meter.hand("supply", "on").live(1)
    assert before[0] <= meter.read("active_energy_import") <= before[0] + 1
    kept = [meter.rows(name) for name in ("interval_values", "billing_values", "fraud_detection_event_log")]
    assert [now[: len(then)] for now, then in zip(kept, logs, strict=True)] == logs
    assert meter.read("clock.time").to_utc() < utc("2001-01-01 00:00"), "the clock does"


# Planted mistakes


@pytest.mark.parametrize(
    ("slug", "old", "new", "key"),
    [
        ("sm307", "transformers.{of}", "transformers.turns", "object voltage_transformer_numerator.value"),
        ("sm306", 'signal = "differential"', 'signal = "sum"', "watch bypass_by_sum"),
        ("sm120b2", "columns = 16", 'columns = "many"', "profile.second.columns"),
        ("sed302", "release = { value = 240000", "release = { volts = 240000", "watch over_voltage_disconnect.release"),
        ("sed102", "average_frequency.value", "mean_frequency.value", "object quality_values.capture_objects"),
    ],
)
def test_mistakes_are_refused_with_file_and_key(slug: str, old: str, new: str, key: str, tmp_path: Path) -> None:
    text = (products() / f"{slug}.toml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "wrong.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_from("wrong", tmp_path)
    assert "wrong.toml" in str(caught.value)
    assert key in str(caught.value)
