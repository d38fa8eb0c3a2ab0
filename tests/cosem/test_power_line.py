"""PRIME, G3-PLC and S-FSK: counters that reset, tables that answer by address."""

import pytest

from openami.core.errors import ActionError
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.counters import Resettable
from openami.cosem.g3_plc import (
    G3PLCMACLayerCounters,
    G3PLCMACSetupv1,
    G3PLCMACSetupv3,
    G3PLCMACSetupv4,
    MACKey,
    Modulation,
    Neighbour,
    POSEntry,
)
from openami.cosem.objects import CosemObject, Live
from openami.cosem.prime import NEW_ADDRESS, LLCSSCSSetup, PRIMEMACCounters
from openami.dlms.data import INT8, UINT16, BitString, Data, Tag

RESETTABLE = [cls for cls in CATALOGUE.values() if issubclass(cls, Resettable)]
LN = "0.0.28.0.0.255"
TONES = BitString.parse("111100")
CELL = Neighbour(7, True, TONES, Modulation.DQPSK, 0, 0, TONES, 90, 2, 5, 30)


def test_these_classes_reset() -> None:
    assert [cls.class_id for cls in RESETTABLE] == [53, 80, 81, 84, 85, 90]


@pytest.mark.parametrize("cls", RESETTABLE, ids=lambda cls: cls.__name__)
def test_reset_sets_everything_back_but_the_name(cls: type[CosemObject]) -> None:
    fresh, used = cls(LN), cls(LN)
    for number in list(cls.attributes)[1:]:
        octets = fresh.read(number)
        if octets[0] in {Tag.LONG_UNSIGNED, Tag.DOUBLE_LONG_UNSIGNED}:
            used.write(number, octets[:-1] + b"\x05")
            assert used.read(number) != octets
    used.invoke(1, INT8.encode(0))
    assert [used.read(number) for number in cls.attributes] == [fresh.read(number) for number in cls.attributes]


def test_reset_gives_the_address_of_a_service_node_back() -> None:
    setup = LLCSSCSSetup(LN, service_node_address=0x123, base_node_address=1)
    setup.invoke(1, INT8.encode(0))
    assert (setup.service_node_address, setup.base_node_address) == (NEW_ADDRESS, 0)


def test_reset_of_live_counters_reaches_the_device() -> None:
    counted = {"sent": 9}
    live = Live(lambda: counted["sent"], lambda value: counted.update(sent=value))
    counters = PRIMEMACCounters(LN, mac_tx_data_pkt_count=live)
    counters.invoke(1, INT8.encode(0))
    assert counters.mac_tx_data_pkt_count == counted["sent"] == 0
    fixed = PRIMEMACCounters(LN, mac_tx_data_pkt_count=Live(lambda: 9))
    with pytest.raises(ActionError, match="read-write-denied"):
        fixed.invoke(1, INT8.encode(0))


def test_a_reset_may_be_the_devices_own() -> None:
    counters = G3PLCMACLayerCounters(LN, mac_bad_crc_count=4, handlers={"reset": lambda _data: None})
    counters.invoke(1, INT8.encode(0))
    assert counters.mac_bad_crc_count == 4


@pytest.mark.parametrize("cls", [G3PLCMACSetupv1, G3PLCMACSetupv3])
def test_a_neighbour_is_told_by_its_short_address(cls: type[G3PLCMACSetupv1]) -> None:
    setup = cls(LN, mac_neighbour_table=[CELL, CELL._replace(short_address=8)])
    octets = setup.invoke(1, UINT16.encode(8))
    assert octets is not None
    assert cls.mac_neighbour_table.codec.decode(octets)[0] == [CELL._replace(short_address=8)]
    with pytest.raises(ActionError, match="no neighbour 0x0009: action-result object-undefined"):
        setup.invoke(1, UINT16.encode(9))


def test_an_entry_of_the_pos_table_is_told_by_its_short_address() -> None:
    setup = G3PLCMACSetupv3(LN, mac_pos_table=[POSEntry(7, 90, 30)])
    octets = setup.invoke(2, UINT16.encode(7))
    assert octets is not None
    assert G3PLCMACSetupv3.mac_pos_table.codec.decode(octets)[0] == [POSEntry(7, 90, 30)]
    with pytest.raises(ActionError, match="no POS entry 0x0008"):
        setup.invoke(2, UINT16.encode(8))


def test_tables_of_version_4_are_kept_as_read() -> None:
    """Their entries do not stand in a text at hand: nothing is lost and nothing guessed."""
    octets = bytes.fromhex("0101 0203 120007 115a 111e")
    table, _ = G3PLCMACSetupv4.mac_pos_table.codec.decode(octets)
    members = (Data(Tag.LONG_UNSIGNED, 7), Data(Tag.UNSIGNED, 90), Data(Tag.UNSIGNED, 30))
    assert table == [Data(Tag.STRUCTURE, members)]
    assert G3PLCMACSetupv4.mac_pos_table.codec.encode(table) == octets


@pytest.mark.parametrize(("class_id", "version"), [(91, 2), (91, 3), (92, 2), (92, 3), (92, 4)])
def test_a_later_version_keeps_what_the_earlier_had(class_id: int, version: int) -> None:
    before, after = CATALOGUE[class_id, version - 1], CATALOGUE[class_id, version]
    assert len(after.attributes) > len(before.attributes)
    for number, held in before.attributes.items():
        assert (after.attributes[number].name, after.attributes[number].codec) == (held.name, held.codec)


def test_a_group_master_key_stays_out_of_messages() -> None:
    assert repr(MACKey(1, b"0123456789abcdef")) == "MACKey(1)"
