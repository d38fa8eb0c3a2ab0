"""Setup and counters of a PRIME power-line modem, after ITU-T G.9904 (Blue Book, classes 80 to 86)."""

from enum import IntEnum
from typing import NamedTuple

from openami.cosem.counters import Resettable
from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import INT8, INT16, OCTET_STRING, UINT8, UINT16, UINT32, array, enum, structure

NEW_ADDRESS = 0xFFE
"""Address of a service node that has none yet: NEW."""


class MACState(IntEnum):
    """Functional state of a node (class 83, mac_state)."""

    DISCONNECTED = 0
    TERMINAL = 1
    SWITCH = 2
    BASE = 3


class MulticastEntry(NamedTuple):
    """A multicast connection and how many nodes below this one take part."""

    mcast_entry_lcid: int
    mcast_entry_members: int


class DirectConnection(NamedTuple):
    """A direct connection switched here: both ends and the EUI-48 of the direct switch."""

    dconn_entry_src_sid: int
    dconn_entry_src_lnid: int
    dconn_entry_src_lcid: int
    dconn_entry_dst_sid: int
    dconn_entry_dst_lnid: int
    dconn_entry_dst_lcid: int
    dconn_entry_did: bytes


class AvailableSwitch(NamedTuple):
    """A switch node whose beacons are received."""

    slist_entry_sna: bytes
    slist_entry_lsid: int
    slist_entry_level: int
    slist_entry_rx_lvl: int
    slist_entry_rx_snr: int


class PhyCommunication(NamedTuple):
    """Power, coding and reception towards a peer, and what of it was changed."""

    phy_comm_eui: bytes
    phy_comm_tx_pwr: int
    phy_comm_tx_cod: int
    phy_comm_rx_cod: int
    phy_comm_rx_lvl: int
    phy_comm_snr: int
    phy_comm_tx_pwr_mod: int
    phy_comm_tx_cod_mod: int
    phy_comm_rx_cod_mod: int


MULTICAST_ENTRY = structure(MulticastEntry, INT8, INT16)
DIRECT_CONNECTION = structure(DirectConnection, *[INT16] * 6, OCTET_STRING)
AVAILABLE_SWITCH = structure(AvailableSwitch, OCTET_STRING, INT16, INT8, INT8, INT8)
PHY_COMMUNICATION = structure(PhyCommunication, OCTET_STRING, *[INT8] * 8)


@interface_class(80, version=0)
class LLCSSCSSetup(Resettable):
    """Addresses the base node gave in the IEC 61334-4-32 convergence layer (Blue Book, class 80).

    `reset` gives the service node's address back.
    """

    service_node_address: Attribute[int] = Attribute(2, UINT16, default=NEW_ADDRESS)
    base_node_address: Attribute[int] = Attribute(3, UINT16, default=0)


@interface_class(81, version=0)
class PRIMEPhysicalLayerCounters(Resettable):
    """Frames that the physical layer lost (Blue Book, class 81)."""

    phy_stats_crc_incorrect_count: Attribute[int] = Attribute(2, UINT16, default=0)
    phy_stats_crc_fail_count: Attribute[int] = Attribute(3, UINT16, default=0)
    phy_stats_tx_drop_count: Attribute[int] = Attribute(4, UINT16, default=0)
    phy_stats_rx_drop_count: Attribute[int] = Attribute(5, UINT16, default=0)


@interface_class(82, version=0)
class PRIMEMACSetup(CosemObject):
    """Parameters of the MAC layer that may be written (Blue Book, class 82)."""

    mac_min_switch_search_time: Attribute[int] = Attribute(2, UINT8, default=24)
    mac_max_promotion_pdu: Attribute[int] = Attribute(3, UINT8, default=2)
    mac_promotion_pdu_tx_period: Attribute[int] = Attribute(4, UINT8, default=5)
    mac_beacons_per_frame: Attribute[int] = Attribute(5, UINT8, default=5)
    mac_scp_max_tx_attempts: Attribute[int] = Attribute(6, UINT8, default=5)
    mac_ctl_re_tx_timer: Attribute[int] = Attribute(7, UINT8, default=15)
    mac_max_ctl_re_tx: Attribute[int] = Attribute(8, UINT8, default=3)


@interface_class(83, version=0)
class PRIMEMACFunctionalParameters(CosemObject):
    """Place of the node in its subnetwork (Blue Book, class 83)."""

    mac_lnid: Attribute[int] = Attribute(2, INT16, default=0)
    mac_lsid: Attribute[int] = Attribute(3, UINT8, default=0)
    mac_sid: Attribute[int] = Attribute(4, UINT8, default=0)
    mac_sna: Attribute[bytes] = Attribute(5, OCTET_STRING, default=b"")
    mac_state: Attribute[MACState] = Attribute(6, enum(MACState), default=MACState.DISCONNECTED)
    mac_scp_length: Attribute[int] = Attribute(7, INT16, default=0)
    mac_node_hierarchy_level: Attribute[int] = Attribute(8, UINT8, default=0)
    mac_beacon_slot_count: Attribute[int] = Attribute(9, UINT8, default=0)
    mac_beacon_rx_slot: Attribute[int] = Attribute(10, UINT8, default=0)
    mac_beacon_tx_slot: Attribute[int] = Attribute(11, UINT8, default=0)
    mac_beacon_rx_frequency: Attribute[int] = Attribute(12, UINT8, default=0)
    mac_beacon_tx_frequency: Attribute[int] = Attribute(13, UINT8, default=0)
    mac_capabilities: Attribute[int] = Attribute(14, UINT16, default=0)


@interface_class(84, version=0)
class PRIMEMACCounters(Resettable):
    """Packets of the MAC layer (Blue Book, class 84)."""

    mac_tx_data_pkt_count: Attribute[int] = Attribute(2, UINT32, default=0)
    mac_rx_data_pkt_count: Attribute[int] = Attribute(3, UINT32, default=0)
    mac_tx_ctrl_pkt_count: Attribute[int] = Attribute(4, UINT32, default=0)
    mac_rx_ctrl_pkt_count: Attribute[int] = Attribute(5, UINT32, default=0)
    mac_csma_fail_count: Attribute[int] = Attribute(6, UINT32, default=0)
    mac_csma_ch_busy_count: Attribute[int] = Attribute(7, UINT32, default=0)


@interface_class(85, version=0)
class PRIMEMACNetworkAdministrationData(Resettable):
    """Connections, switches and peers that the node knows (Blue Book, class 85).

    `mac_list_switch_table` holds the LSID of each node switched through this one.
    """

    mac_list_multicast_entries: Attribute[list[MulticastEntry]] = Attribute(2, array(MULTICAST_ENTRY), factory=list)
    mac_list_switch_table: Attribute[list[int]] = Attribute(3, array(INT16), factory=list)
    mac_list_direct_table: Attribute[list[DirectConnection]] = Attribute(4, array(DIRECT_CONNECTION), factory=list)
    mac_list_available_switches: Attribute[list[AvailableSwitch]] = Attribute(5, array(AVAILABLE_SWITCH), factory=list)
    mac_list_phy_comm: Attribute[list[PhyCommunication]] = Attribute(6, array(PHY_COMMUNICATION), factory=list)


@interface_class(86, version=0)
class PRIMEApplicationIdentification(CosemObject):
    """Firmware, vendor and product of the modem (Blue Book, class 86)."""

    firmware_version: Attribute[bytes] = Attribute(2, OCTET_STRING, default=b"")
    vendor_id: Attribute[int] = Attribute(3, UINT16, default=0)
    product_id: Attribute[int] = Attribute(4, UINT16, default=0)
