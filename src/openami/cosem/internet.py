"""TCP-UDP, IP, MAC address, PPP and SMTP setup (Blue Book, classes 41 to 44, 46 and 48)."""

from enum import IntEnum
from typing import NamedTuple

from openami.core.obis import OBIS
from openami.cosem.elements import NO_NAME
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import (
    ANY,
    BOOLEAN,
    INT8,
    LOGICAL_NAME,
    OCTET_STRING,
    UINT8,
    UINT16,
    UINT32,
    Data,
    Tag,
    array,
    enum,
    structure,
)


class IPOption(NamedTuple):
    """An option of the IP header."""

    ip_option_type: int
    ip_option_length: int
    ip_option_data: bytes


class PPPOption(NamedTuple):
    """An option of LCP or IPCP; the type of its data depends on the option."""

    option_type: int
    option_length: int
    option_data: Data


class AddressConfigMode(IntEnum):
    """Where IPv6 addresses come from (class 48)."""

    AUTO = 0
    DHCPV6 = 1
    MANUAL = 2
    NEIGHBOUR_DISCOVERY = 3


class IPv6AddressType(IntEnum):
    """Which list of addresses a method of class 48 changes."""

    UNICAST = 0
    MULTICAST = 1
    GATEWAY = 2


class IPv6Address(NamedTuple):
    """An address of 16 octets to add to a list, or to remove from it."""

    ipv6_address_type: IPv6AddressType
    ipv6_address: bytes


class NeighbourDiscovery(NamedTuple):
    """Router solicitation: retries and wait in ms; router advertisement: period in s."""

    rs_max_retry: int
    rs_retry_wait_time: int
    ra_send_period: int


IP_OPTION = structure(IPOption, UINT8, UINT8, OCTET_STRING)
PPP_OPTION = structure(PPPOption, UINT8, UINT8, ANY)
IPV6_ADDRESS = structure(IPv6Address, enum(IPv6AddressType), OCTET_STRING)
NEIGHBOUR_DISCOVERY = structure(NeighbourDiscovery, UINT8, UINT16, UINT32)
NO_ADDRESS = bytes(16)
NO_DATA = Data(Tag.NULL, None)


@interface_class(41, version=0)
class TCPUDPSetup(CosemObject):
    """Port and limits of TCP or UDP (Blue Book, class 41)."""

    tcp_udp_port: Attribute[int] = Attribute(2, UINT16, default=4059)
    ip_reference: Attribute[OBIS] = Attribute(3, LOGICAL_NAME, default=NO_NAME)
    mss: Attribute[int] = Attribute(4, UINT16, default=576)
    nb_of_sim_conn: Attribute[int] = Attribute(5, UINT8, default=1)
    inactivity_time_out: Attribute[int] = Attribute(6, UINT16, default=180)


@interface_class(42, version=0)
class IPv4Setup(CosemObject):
    """Addresses of IPv4 (Blue Book, class 42)."""

    dl_reference: Attribute[OBIS] = Attribute(2, LOGICAL_NAME, default=NO_NAME)
    ip_address: Attribute[int] = Attribute(3, UINT32, default=0)
    multicast_ip_address: Attribute[list[int]] = Attribute(4, array(UINT32), factory=list)
    ip_options: Attribute[list[IPOption]] = Attribute(5, array(IP_OPTION), factory=list)
    subnet_mask: Attribute[int] = Attribute(6, UINT32, default=0)
    gateway_ip_address: Attribute[int] = Attribute(7, UINT32, default=0)
    use_dhcp_flag: Attribute[bool] = Attribute(8, BOOLEAN, default=False)
    primary_dns_address: Attribute[int] = Attribute(9, UINT32, default=0)
    secondary_dns_address: Attribute[int] = Attribute(10, UINT32, default=0)

    @method(1, UINT32)
    def add_mc_ip_address(self, address: int) -> None:
        """Add a multicast address."""
        self.multicast_ip_address = [
            *(held for held in self.multicast_ip_address if held != address),
            address,
        ]

    @method(2, UINT32)
    def delete_mc_ip_address(self, address: int) -> None:
        """Delete a multicast address."""
        self.multicast_ip_address = [held for held in self.multicast_ip_address if held != address]

    @method(3, INT8, UINT16, verified=False)
    def get_nbof_mc_ip_addresses(self, _data: int) -> int:
        """Return the number of multicast addresses."""
        return len(self.multicast_ip_address)


@interface_class(43, version=0)
class MACAddressSetup(CosemObject):
    """Address of the device on its network: EUI-48 or EUI-64 (Blue Book, class 43)."""

    mac_address: Attribute[bytes] = Attribute(2, OCTET_STRING, default=bytes(6))


@interface_class(44, version=0)
class PPPSetup(CosemObject):
    """Point-to-point protocol and its authentication (Blue Book, class 44).

    `ppp_authentication` is null-data, or a structure whose form depends on PAP, CHAP or EAP.
    """

    phy_reference: Attribute[OBIS] = Attribute(2, LOGICAL_NAME, default=NO_NAME)
    lcp_options: Attribute[list[PPPOption]] = Attribute(3, array(PPP_OPTION), factory=list)
    ipcp_options: Attribute[list[PPPOption]] = Attribute(4, array(PPP_OPTION), factory=list)
    ppp_authentication: Attribute[Data] = Attribute(5, ANY, default=NO_DATA)


@interface_class(46, version=0)
class SMTPSetup(CosemObject):
    """Mail server to send through, and the sender (Blue Book, class 46)."""

    server_port: Attribute[int] = Attribute(2, UINT16, default=25)
    user_name: Attribute[bytes] = Attribute(3, OCTET_STRING, default=b"")
    login_password: Attribute[bytes] = Attribute(4, OCTET_STRING, default=b"")
    server_address: Attribute[bytes] = Attribute(5, OCTET_STRING, default=b"")
    sender_address: Attribute[bytes] = Attribute(6, OCTET_STRING, default=b"")


@interface_class(48, version=0)
class IPv6Setup(CosemObject):
    """Addresses of IPv6 (Blue Book, class 48)."""

    dl_reference: Attribute[OBIS] = Attribute(2, LOGICAL_NAME, default=NO_NAME)
    address_config_mode: Attribute[AddressConfigMode] = Attribute(
        3, enum(AddressConfigMode), default=AddressConfigMode.AUTO
    )
    unicast_ipv6_addresses: Attribute[list[bytes]] = Attribute(4, array(OCTET_STRING), factory=list)
    multicast_ipv6_addresses: Attribute[list[bytes]] = Attribute(5, array(OCTET_STRING), factory=list)
    gateway_ipv6_addresses: Attribute[list[bytes]] = Attribute(6, array(OCTET_STRING), factory=list)
    primary_dns_address: Attribute[bytes] = Attribute(7, OCTET_STRING, default=NO_ADDRESS)
    secondary_dns_address: Attribute[bytes] = Attribute(8, OCTET_STRING, default=NO_ADDRESS)
    traffic_class: Attribute[int] = Attribute(9, UINT8, default=0)
    neighbor_discovery_setup: Attribute[list[NeighbourDiscovery]] = Attribute(
        10, array(NEIGHBOUR_DISCOVERY), factory=list
    )

    @method(1, IPV6_ADDRESS, verified=False)
    def add_ipv6_address(self, address: IPv6Address) -> None:
        """Add an address to the list of its type."""
        ADDRESS_LISTS[address.ipv6_address_type].__set__(self, [*self.others(address), address.ipv6_address])

    @method(2, IPV6_ADDRESS, verified=False)
    def remove_ipv6_address(self, address: IPv6Address) -> None:
        """Remove an address from the list of its type."""
        ADDRESS_LISTS[address.ipv6_address_type].__set__(self, self.others(address))

    def others(self, address: IPv6Address) -> list[bytes]:
        """Return the other addresses of the same type."""
        listed = ADDRESS_LISTS[address.ipv6_address_type].__get__(self, type(self))
        return [held for held in listed if held != address.ipv6_address]


ADDRESS_LISTS = {
    IPv6AddressType.UNICAST: IPv6Setup.unicast_ipv6_addresses,
    IPv6AddressType.MULTICAST: IPv6Setup.multicast_ipv6_addresses,
    IPv6AddressType.GATEWAY: IPv6Setup.gateway_ipv6_addresses,
}
"""The list of each type of address."""
