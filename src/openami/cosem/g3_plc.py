"""Counters and MAC setup of a G3 power-line modem, after ITU-T G.9903 (Blue Book, classes 90 and 91)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.errors import ActionError
from openami.cosem.counters import Resettable
from openami.cosem.objects import Attribute, CosemObject, Method, interface_class, method
from openami.dlms.data import (
    ANY,
    BIT_STRING,
    BOOLEAN,
    ENUM,
    INT8,
    OCTET_STRING,
    UINT8,
    UINT16,
    UINT32,
    BitString,
    Data,
    array,
    structure,
)
from openami.dlms.xdlms import ActionResult

UNASSIGNED = 0xFFFF
"""Short address and PAN id of a device that has not joined."""


class Modulation(IntEnum):
    """Modulation towards a neighbour."""

    ROBUST = 0
    DBPSK = 1
    DQPSK = 2
    D8PSK = 3
    QAM16 = 4


class MACKey(NamedTuple):
    """A group master key by its index; it may be written, not read."""

    key_id: int
    key: bytes

    def __repr__(self) -> str:
        return f"MACKey({self.key_id})"


class Neighbour(NamedTuple):
    """How to send to a neighbour, how well it is received, and for how many minutes that holds."""

    short_address: int
    payload_modulation_scheme: bool
    tone_map: BitString
    modulation: int
    tx_gain: int
    tx_res: int
    tx_coeff: BitString
    lqi: int
    phase_differential: int
    tmr_valid_time: int
    neighbour_valid_time: int


class POSEntry(NamedTuple):
    """A device in the personal operating space: link quality, and for how many minutes it holds."""

    short_address: int
    lqi: int
    valid_time: int


MAC_KEY = structure(MACKey, UINT8, OCTET_STRING)
NEIGHBOUR = structure(Neighbour, UINT16, BOOLEAN, BIT_STRING, ENUM, INT8, ENUM, BIT_STRING, UINT8, INT8, UINT8, UINT8)
POS_ENTRY = structure(POSEntry, UINT16, UINT8, UINT8)
NO_TONES = BitString(0, b"")


@interface_class(90, version=1)
class G3PLCMACLayerCounters(Resettable):
    """Packets of the MAC layer (Blue Book, class 90)."""

    mac_tx_data_packet_count: Attribute[int] = Attribute(2, UINT32, default=0)
    mac_rx_data_packet_count: Attribute[int] = Attribute(3, UINT32, default=0)
    mac_tx_cmd_packet_count: Attribute[int] = Attribute(4, UINT32, default=0)
    mac_rx_cmd_packet_count: Attribute[int] = Attribute(5, UINT32, default=0)
    mac_csma_fail_count: Attribute[int] = Attribute(6, UINT32, default=0)
    mac_csma_no_ack_count: Attribute[int] = Attribute(7, UINT32, default=0)
    mac_bad_crc_count: Attribute[int] = Attribute(8, UINT32, default=0)
    mac_tx_data_broadcast_count: Attribute[int] = Attribute(9, UINT32, default=0)
    mac_rx_data_broadcast_count: Attribute[int] = Attribute(10, UINT32, default=0)


class MACParameters(CosemObject):
    """What all versions of MAC setup share."""

    mac_short_address: Attribute[int] = Attribute(2, UINT16, default=UNASSIGNED)
    mac_rc_coord: Attribute[int] = Attribute(3, UINT16, default=UNASSIGNED)
    mac_pan_id: Attribute[int] = Attribute(4, UINT16, default=UNASSIGNED)
    mac_key_table: Attribute[list[MACKey]] = Attribute(5, array(MAC_KEY), factory=list)
    mac_frame_counter: Attribute[int] = Attribute(6, UINT32, default=0)
    mac_tone_mask: Attribute[BitString] = Attribute(7, BIT_STRING, default=NO_TONES)
    mac_tmr_ttl: Attribute[int] = Attribute(8, UINT8, default=2)
    mac_max_frame_retries: Attribute[int] = Attribute(9, UINT8, default=5)
    mac_high_priority_window_size: Attribute[int] = Attribute(12, UINT8, default=7)
    mac_csma_fairness_limit: Attribute[int] = Attribute(13, UINT8, default=25)
    mac_beacon_randomization_window_length: Attribute[int] = Attribute(14, UINT8, default=12)
    mac_a: Attribute[int] = Attribute(15, UINT8, default=8)
    mac_k: Attribute[int] = Attribute(16, UINT8, default=5)
    mac_min_cw_attempts: Attribute[int] = Attribute(17, UINT8, default=10)
    mac_cenelec_legacy_mode: Attribute[int] = Attribute(18, UINT8, default=1)
    mac_fcc_legacy_mode: Attribute[int] = Attribute(19, UINT8, default=1)
    mac_max_be: Attribute[int] = Attribute(20, UINT8, default=8)
    mac_max_csma_backoffs: Attribute[int] = Attribute(21, UINT8, default=50)
    mac_min_be: Attribute[int] = Attribute(22, UINT8, default=3)


@interface_class(91, version=1)
class G3PLCMACSetupv1(MACParameters):
    """Addresses, keys, channel access and neighbours (Blue Book, class 91, version 1)."""

    mac_neighbour_table_entry_ttl: Attribute[int] = Attribute(10, UINT8, default=255)
    mac_neighbour_table: Attribute[list[Neighbour]] = Attribute(11, array(NEIGHBOUR), factory=list)

    @method(1, UINT16, array(NEIGHBOUR), verified=False)
    def mac_get_neighbour_table_entry(self, short_address: int) -> list[Neighbour]:
        """Return the entry of a neighbour by its short address."""
        found = [held for held in self.mac_neighbour_table if held.short_address == short_address]
        if not found:
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} has no neighbour {short_address:#06x}")
        return found


@interface_class(91, version=2)
class G3PLCMACSetupv2(G3PLCMACSetupv1):
    """Adds broadcast window, attenuation and POS table (Blue Book, class 91, version 2)."""

    mac_broadcast_max_cw_enabled: Attribute[bool] = Attribute(23, BOOLEAN, default=False)
    mac_transmit_atten: Attribute[int] = Attribute(24, UINT8, default=0)
    mac_pos_table: Attribute[list[POSEntry]] = Attribute(25, array(POS_ENTRY), factory=list)


@interface_class(91, version=3)
class G3PLCMACSetupv3(G3PLCMACSetupv2):
    """Adds detection of duplicates (Blue Book, class 91, version 3)."""

    mac_duplicate_detection_ttl: Attribute[int] = Attribute(26, UINT8, default=3)

    @method(2, UINT16, array(POS_ENTRY), verified=False)
    def mac_get_pos_table_entry(self, short_address: int) -> list[POSEntry]:
        """Return the entry of a device by its short address."""
        found = [held for held in self.mac_pos_table if held.short_address == short_address]
        if not found:
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} has no POS entry {short_address:#06x}")
        return found


@interface_class(91, version=4)
class G3PLCMACSetupv4(MACParameters):
    """Time to live is that of POS entries; the entries of both tables are kept as read (version 4)."""

    mac_pos_table_entry_ttl: Attribute[int] = Attribute(10, UINT8, default=255)
    mac_neighbour_table: Attribute[list[Data]] = Attribute(11, array(ANY), factory=list, verified=False)
    mac_broadcast_max_cw_enabled: Attribute[bool] = Attribute(23, BOOLEAN, default=False)
    mac_transmit_atten: Attribute[int] = Attribute(24, UINT8, default=0)
    mac_pos_table: Attribute[list[Data]] = Attribute(25, array(ANY), factory=list, verified=False)
    mac_duplicate_detection_ttl: Attribute[int] = Attribute(26, UINT8, default=3)
    mac_pos_recent_entry_threshold: Attribute[int] = Attribute(27, UINT8, default=0)
    mac_pos_recent_entries: Attribute[int] = Attribute(28, UINT16, default=0)
    mac_preamble_length: Attribute[int] = Attribute(29, UINT8, default=0)

    mac_get_neighbour_table_entry: Method[int, Data] = Method(1, UINT16, ANY, verified=False)
    mac_get_pos_table_entry: Method[int, Data] = Method(2, UINT16, ANY, verified=False)
