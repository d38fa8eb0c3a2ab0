"""6LoWPAN adaptation layer of a G3 power-line modem, after ITU-T G.9903 (Blue Book, class 92)."""

from enum import IntEnum
from typing import NamedTuple

from openami.cosem.objects import Attribute, CosemObject, interface_class
from openami.dlms.data import (
    ANY,
    BIT_STRING,
    BOOLEAN,
    OCTET_STRING,
    UINT8,
    UINT16,
    BitString,
    Data,
    array,
    enum,
    structure,
)


class DeviceType(IntEnum):
    """What the node is in its PAN (class 92, adp_device_type)."""

    PAN_DEVICE = 0
    PAN_COORDINATOR = 1
    NOT_DEFINED = 2


class RoutingConfiguration(NamedTuple):
    """Times, weights and switches of LOADng."""

    adp_net_traversal_time: int
    adp_routing_table_entry_ttl: int
    adp_kr: int
    adp_km: int
    adp_kc: int
    adp_kq: int
    adp_kh: int
    adp_krt: int
    adp_rreq_retries: int
    adp_rreq_rerr_wait: int
    adp_blacklist_table_entry_ttl: int
    adp_unicast_rreq_gen_enable: bool
    adp_rlc_enabled: bool
    adp_add_rev_link_cost: int


class Route(NamedTuple):
    """A route: where to, over which neighbour, its cost, and for how many minutes it holds."""

    destination_address: int
    next_hop_address: int
    route_cost: int
    hop_count: int
    weak_link_count: int
    valid_time: int


class ContextInformation(NamedTuple):
    """A context of header compression; `context_length` counts bits."""

    cid: BitString
    context_length: int
    context: bytes
    c: bool
    valid_lifetime: int


class BlacklistEntry(NamedTuple):
    """A neighbour that is not heard both ways, and for how many minutes it is left out."""

    blacklisted_neighbour_address: int
    valid_time: int


class BroadcastLogEntry(NamedTuple):
    """A broadcast already forwarded."""

    source_address: int
    sequence_number: int
    valid_time: int


ROUTING_CONFIGURATION = structure(RoutingConfiguration, UINT8, UINT16, *[UINT8] * 8, UINT16, BOOLEAN, BOOLEAN, UINT8)
ROUTE = structure(Route, UINT16, UINT16, UINT16, UINT8, UINT8, UINT16)
CONTEXT_INFORMATION = structure(ContextInformation, BIT_STRING, UINT8, OCTET_STRING, BOOLEAN, UINT16)
BLACKLIST_ENTRY = structure(BlacklistEntry, UINT16, UINT16)
BROADCAST_LOG_ENTRY = structure(BroadcastLogEntry, UINT16, UINT8, UINT16)


@interface_class(92, version=1)
class G3PLC6LoWPANSetupv1(CosemObject):
    """Routing, security and tables of the adaptation layer (Blue Book, class 92, version 1)."""

    adp_max_hops: Attribute[int] = Attribute(2, UINT8, default=8)
    adp_weak_lqi_value: Attribute[int] = Attribute(3, UINT8, default=52)
    adp_security_level: Attribute[int] = Attribute(4, UINT8, default=5)
    adp_prefix_table: Attribute[list[Data]] = Attribute(5, array(ANY), factory=list, verified=False)
    adp_routing_configuration: Attribute[list[RoutingConfiguration]] = Attribute(
        6, array(ROUTING_CONFIGURATION), factory=list
    )
    adp_broadcast_log_table_entry_ttl: Attribute[int] = Attribute(7, UINT16, default=2)
    adp_routing_table: Attribute[list[Route]] = Attribute(8, array(ROUTE), factory=list)
    adp_context_information_table: Attribute[list[ContextInformation]] = Attribute(
        9, array(CONTEXT_INFORMATION), factory=list
    )
    adp_blacklist_table: Attribute[list[BlacklistEntry]] = Attribute(10, array(BLACKLIST_ENTRY), factory=list)
    adp_broadcast_log_table: Attribute[list[BroadcastLogEntry]] = Attribute(
        11, array(BROADCAST_LOG_ENTRY), factory=list
    )
    adp_group_table: Attribute[list[int]] = Attribute(12, array(UINT16), factory=list)
    adp_max_join_wait_time: Attribute[int] = Attribute(13, UINT16, default=20)
    adp_path_discovery_time: Attribute[int] = Attribute(14, UINT8, default=40)
    adp_active_key_index: Attribute[int] = Attribute(15, UINT8, default=0)
    adp_metric_type: Attribute[int] = Attribute(16, UINT8, default=0x0F)
    adp_coord_short_address: Attribute[int] = Attribute(17, UINT16, default=0)
    adp_disable_default_routing: Attribute[bool] = Attribute(18, BOOLEAN, default=False)
    adp_device_type: Attribute[DeviceType] = Attribute(19, enum(DeviceType), default=DeviceType.NOT_DEFINED)


@interface_class(92, version=2)
class G3PLC6LoWPANSetupv2(G3PLC6LoWPANSetupv1):
    """Adds the default route and addresses to answer to (Blue Book, class 92, version 2)."""

    adp_default_coord_route_enabled: Attribute[bool] = Attribute(20, BOOLEAN, default=False)
    adp_destination_address_set: Attribute[list[int]] = Attribute(21, array(UINT16), factory=list)


@interface_class(92, version=3)
class G3PLC6LoWPANSetupv3(G3PLC6LoWPANSetupv2):
    """Adds the bounds of link quality (Blue Book, class 92, version 3)."""

    adp_low_lqi_value: Attribute[int] = Attribute(22, UINT8, default=0)
    adp_high_lqi_value: Attribute[int] = Attribute(23, UINT8, default=0)


@interface_class(92, version=4)
class G3PLC6LoWPANSetupv4(G3PLC6LoWPANSetupv3):
    """Adds delays of route requests, and trickle forwarding of broadcasts (Blue Book, class 92, version 4)."""

    adp_delay_low_lqi: Attribute[int] = Attribute(24, UINT16, default=0)
    adp_delay_high_lqi: Attribute[int] = Attribute(25, UINT16, default=0)
    adp_rreq_jitter_low_lqi: Attribute[int] = Attribute(26, UINT8, default=0)
    adp_rreq_jitter_high_lqi: Attribute[int] = Attribute(27, UINT8, default=0)
    adp_trickle_data_enabled: Attribute[bool] = Attribute(28, BOOLEAN, default=False)
    adp_trickle_lqi_threshold_low: Attribute[int] = Attribute(29, UINT8, default=0)
    adp_trickle_step: Attribute[int] = Attribute(30, UINT8, default=0)
    adp_trickle_imin: Attribute[int] = Attribute(31, UINT16, default=0)
    adp_trickle_max_ki: Attribute[int] = Attribute(32, UINT8, default=0)
    adp_trickle_adaptive_imin: Attribute[bool] = Attribute(33, BOOLEAN, default=False)
    adp_trickle_adaptive_ki: Attribute[bool] = Attribute(34, BOOLEAN, default=False)
    adp_cluster_trickle_enabled: Attribute[bool] = Attribute(35, BOOLEAN, default=False)
    adp_cluster_min_lqi: Attribute[int] = Attribute(36, UINT8, default=0)
    adp_cluster_trickle_k: Attribute[int] = Attribute(37, UINT8, default=0)
    adp_cluster_rreq_route_cost_deviation: Attribute[int] = Attribute(38, UINT8, default=0)
    adp_cluster_trickle_i: Attribute[int] = Attribute(39, UINT16, default=0)
    adp_trickle_lqi_threshold_high: Attribute[int] = Attribute(40, UINT8, default=0)
