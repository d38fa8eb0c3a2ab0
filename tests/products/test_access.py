"""Who may do what over which port: the data model, security, parameters, firmware, pushes on schedule."""

from functools import cache
from random import Random
from typing import Any

import pytest

from openami.core.errors import AccessError
from openami.core.obis import OBIS
from openami.core.time import CosemDate, CosemTime
from openami.cosem.image_transfer import ImageBlock, ImageInitiate, ImageTransferStatus
from openami.cosem.push import Destination
from openami.cosem.registers import Data, Register
from openami.cosem.scripts import ExecutionTime
from openami.cosem.security_setup import KeyTransfer, SecuritySetup
from openami.dlms.data import UINT8
from openami.dlms.security import KeyId, wrap
from openami.dlms.security.curve import P256, PrivateKey
from openami.dlms.xdlms import ActionResult, DataAccessResult
from openami.meters.firmware.image import FirmwareImage, Part, simulated_maker
from openami.meters.firmware.version import Version
from products.standing import HOUR_S, MANAGEMENT, PUBLIC, READER, Standing, Talk, both, hdlc

SUCCESS, DENIED = DataAccessResult.SUCCESS, DataAccessResult.READ_WRITE_DENIED
ENERGY, SERIAL, DECIMALS = "1.0.1.8.0.255", "0.0.96.1.0.255", "0.0.96.50.128.255"
READY, ACTIVATED, REFUSED_IMAGE, CHANGED, KEYS, LOGIN, DECRYPTION, REPLAY = 17, 18, 51, 47, 48, 46, 49, 50
BLOCK = 128
CORE = {
    1: [
        *(f"0.0.{name}.255" for name in ("42.0.0", "96.1.0", "96.13.0", "97.97.0", "96.14.0")),
        *(f"0.0.97.98.{e}.255" for e in (0, 1, 2, 10, 11, 12, 20, 21, 22)),
    ],
    3: [ENERGY, "1.0.2.8.0.255", "1.0.5.8.0.255", "1.0.9.8.0.255", "1.0.32.7.0.255", "1.0.12.31.0.255"],
    7: [
        *("1.0.99.1.0.255", "1.0.99.2.0.255", "0.0.98.1.0.255", "1.0.99.97.0.255"),
        *(f"0.0.99.98.{e}.255" for e in range(6)),
    ],
    21: ["1.0.31.4.0.255", *(f"0.0.16.1.{e}.255" for e in range(3))],
    40: [f"0.{b}.25.9.0.255" for b in range(8)],
    5: ["1.0.31.4.0.255"], 8: ["0.0.1.0.0.255"], 11: ["0.0.11.0.0.255"], 15: ["0.0.40.0.0.255"],
    18: ["0.0.44.0.0.255"], 20: ["0.0.13.0.0.255"], 23: ["0.0.22.0.0.255"], 64: ["0.0.43.0.0.255"],
    70: ["0.0.96.3.10.255"], 71: ["0.0.17.0.0.255"], 80: ["0.0.28.0.0.255"], 83: ["0.0.28.3.0.255"],
    86: ["0.0.28.7.0.255"],
}  # fmt: skip
"""What facts/meters.md, 3.1, names for these meters, by class."""


@both("01", "01")
def test_the_object_list_is_that_of_idis(slug: str) -> None:
    meter = Standing(slug)
    listed = {(entry.class_id, str(entry.logical_name)) for entry in meter.read("association.object_list")}
    assert {(number, name) for number, names in CORE.items() for name in names} <= listed
    assert len(listed) == len(meter.product.objects)


@both("85", "84")
def test_each_client_has_its_rights_and_no_others(slug: str) -> None:
    meter = Standing(slug).live(HOUR_S)
    assert meter.read("clock.time", PUBLIC) == meter.read("clock.time", READER)
    assert meter.read("active_energy_import", READER) == 0
    with pytest.raises(AccessError):
        meter.read("active_energy_import", PUBLIC)
    assert meter.write("display_decimals", 1, READER) is DENIED
    assert meter.act("disconnect_control.remote_disconnect", client=READER) is ActionResult.READ_WRITE_DENIED
    assert meter.write("display_decimals", 1, MANAGEMENT) is SUCCESS
    assert Talk(meter, READER, password="11111111").is_refused()
    assert meter.talk(READER).get(Register.value.at(ENERGY)) == 0


@both("84", "83")
def test_management_is_ciphered_and_authenticated_by_aes_gcm_128(slug: str) -> None:
    meter = Standing(slug)
    talk = meter.talk()
    assert talk.get(Data.value.at(SERIAL)) == meter.read("device_id_1")
    assert meter.read("device_id_1") not in talk.octets, "nothing in clear"
    assert len(meter.keys.encryption) == 16
    assert meter.read("security_setup.security_suite") == 0
    assert Talk(meter, MANAGEMENT, encryption_key=bytes(16)).is_refused()


@both("87", "86")
def test_attempts_to_get_in_are_logged(slug: str) -> None:
    meter = Standing(slug)
    assert Talk(meter, READER, password="11111111").is_refused()
    assert Talk(meter, MANAGEMENT, authentication_key=bytes(16)).is_refused()
    codes = meter.live(60).events("fraud_detection_event_log")
    assert LOGIN in codes
    assert {LOGIN, DECRYPTION} & {*codes}
    assert 158 in meter.events("communication_event_log")
    assert meter.read("alarm_descriptor") & 1 << 13


@pytest.mark.parametrize("slug", ["ad11a", "ad13a"])
def test_the_head_end_gives_rights_by_keys_and_takes_them_away(slug: str) -> None:
    meter = Standing(slug)
    old = {"encryption_key": meter.keys.encryption, "authentication_key": meter.keys.authentication}
    new = {KeyId.GLOBAL_UNICAST_ENCRYPTION: b"\xa1" * 16, KeyId.AUTHENTICATION: b"\xa2" * 16}
    sent = [KeyTransfer(number, wrap(meter.keys.master or b"", key)) for number, key in new.items()]
    talk = meter.talk()
    assert talk.act(SecuritySetup.global_key_transfer, "0.0.43.0.0.255", sent) is ActionResult.SUCCESS
    assert Talk(meter, MANAGEMENT, **old).is_refused()
    del meter.keys
    assert meter.talk().get(Data.value.at(SERIAL)) == meter.read("device_id_1")


# Ports


@both("104 103", "105 104")
@pytest.mark.parametrize("line", [None, hdlc], ids=["remote", "local"])
def test_parameters_are_set_remotely_and_at_the_local_port(slug: str, line: Any) -> None:
    meter = Standing(slug)
    talk = Talk(meter, MANAGEMENT, line).associate()
    assert talk.set(Data.value, DECIMALS, UINT8.encode(1)) is SUCCESS
    assert meter.read("display_decimals") == 1
    assert talk.get(Data.value.at(DECIMALS)) == 1


@both("82 83", "81 82")
@pytest.mark.parametrize("client", [MANAGEMENT, READER])
def test_a_concentrator_and_a_hand_held_unit_read_it_over_hdlc(slug: str, client: int) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    talk = Talk(meter, client, hdlc).associate()
    assert talk.octets[:1] == b"\x7e"
    assert talk.get(Register.value.at(ENERGY)) == 2400 * meter.product.head.phases


def test_rs_485_runs_at_19200_baud() -> None:
    meter = Standing("ad13a")
    assert meter.read("rs485_hdlc_setup.comm_speed").name == "BAUD_19200"
    assert meter.product.links.model("rs485").name == "rs485"


@both("81", "80")
def test_data_comes_on_demand_and_on_schedule(slug: str) -> None:
    meter = Standing(slug)
    assert meter.talk().get(Register.value.at(ENERGY)) == 0
    meter.write("push_setup_1.send_destination_and_method", Destination(0, b"127.0.0.1:4060", 0))
    quarters_past = [ExecutionTime(CosemTime(hour, 15, 0, 0), CosemDate()) for hour in range(3)]
    assert meter.write("push_scheduler.execution_time", quarters_past) is SUCCESS
    outbox = meter.fleet.holding.outbox
    outbox.clear()
    meter.live(HOUR_S / 4 - 1)
    assert not outbox
    meter.live(3 * HOUR_S)
    assert [*outbox] == [(0, "push_setup_1")] * 3


@pytest.mark.feature("AD11A-106")
def test_setting_a_parameter_is_logged() -> None:
    meter = Standing("ad11a")
    before = meter.events("standard_event_log").count(CHANGED)
    meter.write("threshold_voltage_sag", 210)
    meter.write("display_decimals", 1)
    assert meter.events("standard_event_log").count(CHANGED) == before + 2
    meter.write("alarm_descriptor", 0)
    assert meter.write("display_decimals", 1, READER) is DENIED
    assert meter.events("standard_event_log").count(CHANGED) == before + 2
    meter.restart()
    assert meter.events("standard_event_log").count(CHANGED) == before + 2


# Firmware


@cache
def content() -> bytes:
    """Content of an image."""
    return Random(5).randbytes(1_500)


def image(slug: str, maker: PrivateKey | None = None, **changes: Any) -> bytes:
    """Make a good image for the application, unless told otherwise."""
    facts: dict[str, Any] = {
        "identifier": b"AD", "model": slug.upper(), "part": Part.NON_LEGAL, "version": Version("00 00 00 02"),
        "content": content(),
    }  # fmt: skip
    return FirmwareImage(**(facts | changes)).encode(maker or simulated_maker())


def transfer(meter: Standing, octets: bytes) -> ActionResult:
    """Send an image and verify it."""
    assert (
        meter.act("image_transfer.image_transfer_initiate", ImageInitiate(b"AD", len(octets))) is ActionResult.SUCCESS
    )
    for number in range(-(-len(octets) // BLOCK)):
        block = ImageBlock(number, octets[number * BLOCK : (number + 1) * BLOCK])
        assert meter.act("image_transfer.image_block_transfer", block) is ActionResult.SUCCESS
    return meter.act("image_transfer.image_verify")


@both("107 108", "107 108")
def test_new_firmware_is_taken_verified_activated_and_logged(slug: str) -> None:
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    assert transfer(meter, image(slug)) is ActionResult.SUCCESS
    meter.act("image_transfer.image_activate")
    meter.live(60)
    assert meter.read("image_transfer.image_transfer_status") is ImageTransferStatus.ACTIVATION_SUCCESSFUL
    assert meter.read("module_active_firmware_identifier") == b"00 00 00 02"
    assert meter.read("active_firmware_identifier") == b"00 00 00 01", "the legal part stays"
    assert [code for code in meter.events("standard_event_log") if code in (READY, ACTIVATED)] == [READY, ACTIVATED]


@both("86 108", "85 108")
@pytest.mark.parametrize("wrong", ["maker", "legal part", "model", "cut short"])
def test_wrong_firmware_is_refused_and_that_is_logged(slug: str, wrong: str) -> None:
    octets = {
        "maker": lambda: image(slug, PrivateKey.draw(P256, Random(3).randbytes)),
        "legal part": lambda: image(slug, part=Part.LEGAL),
        "model": lambda: image(slug, model="AD99X"),
        "cut short": lambda: image(slug)[:-1],
    }[wrong]()
    meter = Standing(slug, amps=10.0).live(HOUR_S)
    assert transfer(meter, octets) is not ActionResult.SUCCESS
    meter.act("image_transfer.image_activate")
    meter.live(HOUR_S)
    assert meter.read("module_active_firmware_identifier") == b"00 00 00 01"
    assert meter.read("active_energy_import") == 4800 * meter.product.head.phases
    assert ACTIVATED not in meter.events("standard_event_log")
    assert REFUSED_IMAGE in meter.events("standard_event_log")


def test_prime_and_g3_objects_stand_still_until_a_network_feeds_them() -> None:
    assert Standing("ad11a").read("prime_mac_functional_parameters.mac_state") == 0
    assert Standing("im351").read("g3_6lowpan_setup.adp_device_type") == 0
    assert OBIS.parse("0.0.29.1.0.255") in {o.logical_name for o in Standing("im351").product.objects}
