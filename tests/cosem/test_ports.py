"""Ports, modems, utility tables: values derived, codes that are reserved."""

import pytest

from openami.core.errors import AccessError
from openami.cosem.local_ports import BaudRate, IECHDLCSetup, IECHDLCSetupv1, IECLocalPortSetupv1
from openami.cosem.modem import (
    AutoConnectv2,
    ConnectMode,
    DelayedInitialization,
    Initialization,
    ModemConfiguration,
    ModemConfigurationv1,
)
from openami.cosem.utility_tables import UtilityTables
from openami.dlms.data import ENUM, UINT8, UINT16

LN = "0.0.22.0.0.255"


def test_length_of_a_utility_table_is_that_of_its_buffer() -> None:
    table = UtilityTables("0.0.65.0.0.255", table_id=23, buffer=b"abc")
    assert table.length == 3
    assert table.read(3) == bytes.fromhex("0600000003")
    with pytest.raises(AccessError, match="read-write-denied"):
        table.write(3, bytes.fromhex("0600000004"))


def test_a_reserved_speed_is_type_unmatched() -> None:
    port = IECLocalPortSetupv1("0.0.20.0.0.255")
    port.write(4, ENUM.encode(BaudRate.BAUD_115200))
    assert port.prop_baud is BaudRate.BAUD_115200
    with pytest.raises(AccessError, match="type-unmatched"):
        port.write(4, ENUM.encode(10))


def test_information_fields_of_version_0_are_short() -> None:
    """Version 0 of HDLC setup has unsigned lengths, version 1 long-unsigned ones up to 2030."""
    assert IECHDLCSetup(LN).read(5) == UINT8.encode(128)
    assert IECHDLCSetupv1(LN, max_info_field_length_transmit=2030).read(5) == UINT16.encode(2030)


def test_a_modem_is_initialised_with_and_without_a_pause() -> None:
    plain = ModemConfiguration("0.0.2.0.0.255", initialization_string=[Initialization(b"AT&F", b"OK")])
    paused = ModemConfigurationv1("0.0.2.0.0.255", initialization_string=[DelayedInitialization(b"AT&F", b"OK", 100)])
    assert plain.read(3).hex() == "01010202" + "090441542646" + "09024f4b"
    assert paused.read(3).hex() == "01010203" + "090441542646" + "09024f4b" + "120064"


def test_a_manufacturers_mode_of_connecting_is_kept() -> None:
    connect = AutoConnectv2("0.0.2.1.0.255", mode=ConnectMode.PERMANENT)
    assert connect.read(2) == ENUM.encode(101)
    connect.write(2, ENUM.encode(200))
    assert connect.mode == 200
