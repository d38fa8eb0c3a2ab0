"""TCP-UDP, IPv4 and PPP setup (Blue Book, classes 41, 42 and 44)."""

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


IP_OPTION = structure(IPOption, UINT8, UINT8, OCTET_STRING)
PPP_OPTION = structure(PPPOption, UINT8, UINT8, ANY)
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


@interface_class(44, version=0)
class PPPSetup(CosemObject):
    """Point-to-point protocol and its authentication (Blue Book, class 44).

    `ppp_authentication` is null-data, or a structure whose form depends on PAP, CHAP or EAP.
    """

    phy_reference: Attribute[OBIS] = Attribute(2, LOGICAL_NAME, default=NO_NAME)
    lcp_options: Attribute[list[PPPOption]] = Attribute(3, array(PPP_OPTION), factory=list)
    ipcp_options: Attribute[list[PPPOption]] = Attribute(4, array(PPP_OPTION), factory=list)
    ppp_authentication: Attribute[Data] = Attribute(5, ANY, default=NO_DATA)
