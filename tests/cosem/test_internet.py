"""IP, NTP: addresses and keys are added and removed by the classes' own methods."""

import pytest

from openami.core.errors import ActionError, EncodeError
from openami.cosem.internet import IPV6_ADDRESS, IPv6Address, IPv6AddressType, IPv6Setup
from openami.cosem.ntp import AUTHENTICATION_KEY, AuthenticationKey, NTPAuthentication, NTPSetup
from openami.dlms.data import INT8, OCTET_STRING, UINT32

FIRST, SECOND = bytes.fromhex("fe80" + "00" * 13 + "01"), bytes.fromhex("20010db8" + "00" * 11 + "02")
SECRET = b"0123456789abcdef"


@pytest.mark.parametrize("kind", IPv6AddressType)
def test_an_ipv6_address_is_added_to_and_removed_from_the_list_of_its_type(kind: IPv6AddressType) -> None:
    setup = IPv6Setup("0.0.25.7.0.255")
    for address in (FIRST, SECOND, FIRST):
        setup.invoke(1, IPV6_ADDRESS.encode(IPv6Address(kind, address)))
    lists = [setup.unicast_ipv6_addresses, setup.multicast_ipv6_addresses, setup.gateway_ipv6_addresses]
    assert lists.pop(kind) == [SECOND, FIRST]
    assert lists == [[], []]
    setup.invoke(2, IPV6_ADDRESS.encode(IPv6Address(kind, SECOND)))
    setup.remove_ipv6_address(IPv6Address(kind, bytes(16)))
    assert setup.read(4 + kind) == b"\x01\x01" + OCTET_STRING.encode(FIRST)


def test_an_unknown_type_of_address_is_refused() -> None:
    with pytest.raises(ActionError, match="type-unmatched"):
        IPv6Setup("0.0.25.7.0.255").invoke(1, b"\x02\x02\x16\x03" + OCTET_STRING.encode(FIRST))


def test_keys_of_a_time_server_are_added_and_deleted() -> None:
    setup = NTPSetup("0.0.25.10.0.255", authentication_method=NTPAuthentication.SHARED_SECRETS)
    for key in (AuthenticationKey(1, b"old"), AuthenticationKey(70_000, b"b"), AuthenticationKey(1, SECRET)):
        setup.invoke(2, AUTHENTICATION_KEY.encode(key))
    assert setup.authentication_keys == [(70_000, b"b"), (1, SECRET)]
    setup.invoke(3, UINT32.encode(70_000))
    assert setup.authentication_keys == [(1, SECRET)]
    setup.invoke(3, INT8.encode(1))  # as gurux-dlms sends it
    assert setup.authentication_keys == []


def test_the_device_synchronizes() -> None:
    with pytest.raises(ActionError, match="object-unavailable"):
        NTPSetup("0.0.25.10.0.255").invoke(1, INT8.encode(0))
    asked: list[int] = []
    NTPSetup("0.0.25.10.0.255", handlers={"synchronize": asked.append}).invoke(1, INT8.encode(0))
    assert asked == [0]


def test_keys_stay_out_of_messages() -> None:
    assert repr(AuthenticationKey(1, SECRET)) == "AuthenticationKey(1)"
    with pytest.raises(EncodeError) as error:
        AUTHENTICATION_KEY.encode(AuthenticationKey(-1, SECRET))
    assert SECRET.decode() not in str(error.value)
