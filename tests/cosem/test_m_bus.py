"""M-Bus: what reaches the device, and counters of the radio link."""

import pytest

from openami.core.errors import ActionError
from openami.core.time import CosemDateTime
from openami.cosem.m_bus import (
    BroadcastFrames,
    DataToSend,
    EncryptionKeyStatus,
    LinkStatus,
    MBusClient,
    MBusClientv1,
    MBusDiagnostic,
)
from openami.dlms.data import ENUM, INT8, OCTET_STRING, UINT8, UINT32

LN = "0.1.24.1.0.255"


def test_a_sub_meter_is_installed_with_either_type_of_address() -> None:
    installed: list[int] = []
    client = MBusClientv1(LN, handlers={"slave_install": installed.append})
    client.invoke(1, INT8.encode(0))
    client.invoke(1, UINT8.encode(200))
    assert installed == [0, 200]
    with pytest.raises(ActionError, match="type-unmatched"):
        client.invoke(1, UINT32.encode(0))


def test_keys_and_data_reach_the_device() -> None:
    taken: list[object] = []
    handlers = dict.fromkeys(("set_encryption_key", "transfer_key", "data_send"), taken.append)
    client = MBusClientv1(LN, handlers=handlers)
    client.invoke(7, OCTET_STRING.encode(bytes(16)))
    client.invoke(8, OCTET_STRING.encode(bytes(24)))
    client.invoke(6, bytes.fromhex("0101" + "0203" + "090104" + "090113" + "0600000005"))
    assert taken == [bytes(16), bytes(24), [DataToSend(b"\x04", b"\x13", 5)]]


def test_version_1_adds_configuration_and_key_status() -> None:
    assert 13 not in MBusClient.attributes
    client = MBusClientv1(LN, encryption_key_status=EncryptionKeyStatus.ENCRYPTION_KEY_IN_USE)
    assert client.read(14) == ENUM.encode(4)


def test_reset_clears_the_counters_of_the_link_and_nothing_else() -> None:
    link = MBusDiagnostic(
        "0.1.24.9.0.255",
        received_signal_strength=70,
        link_status=LinkStatus.NORMAL,
        broadcast_frames_counter=[BroadcastFrames(1, 5, CosemDateTime())],
        transmissions_counter=6,
        fcs_ok_frames_counter=7,
        fcs_nok_frames_counter=8,
    )
    link.invoke(1)
    assert [link.read(number).hex() for number in (5, 6, 7, 8)] == ["0100", *["0600000000"] * 3]
    assert (link.received_signal_strength, link.link_status) == (70, LinkStatus.NORMAL)
