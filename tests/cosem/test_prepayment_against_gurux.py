"""Classes of prepayment against an outside implementation: numbers, types, octets and enumerations of gurux-dlms."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openami.core.obis import OBIS
from openami.cosem.catalogue import CATALOGUE
from openami.cosem.elements import ValueDefinition
from openami.cosem.prepayment import (
    AccountMode,
    AccountStatus,
    ChargeElement,
    ChargeScaling,
    ChargeType,
    CreditCharge,
    CreditStatus,
    CreditType,
    Currency,
    CurrencyUnit,
    ModeAndStatus,
    TokenProportion,
    UnitCharge,
)
from openami.cosem.token_gateway import TokenDelivery, TokenStatus, TokenStatusCode
from openami.dlms.data import BitString

PEER = Path(__file__).parent / "gurux_prepayment.py"
HERE, ENERGY = OBIS.parse("0.0.1.2.3.255"), OBIS.parse("1.0.1.8.0.255")
CLASSES = {(111, 0), (112, 0), (113, 0), (115, 0)}
"""Version 1.0.203 of the peer has no class 116."""


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    """What the peer says, in a process of its own."""
    pytest.importorskip("gurux_dlms")
    done = subprocess.run([sys.executable, str(PEER)], capture_output=True, text=True, timeout=120, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def objects(told: dict[str, Any]) -> dict[tuple[int, int], dict[str, Any]]:
    """Objects of the peer by class id and version."""
    return {(thing["class_id"], thing["version"]): thing for thing in told["objects"]}


@pytest.mark.interop("gurux-dlms: account, credit, charge, token gateway: numbers, types and octets of every attribute")
def test_numbers_types_and_octets_are_those_of_the_peer(objects: dict[tuple[int, int], dict[str, Any]]) -> None:
    assert objects.keys() == CLASSES
    for key, thing in objects.items():
        cls = CATALOGUE[key]
        assert (len(cls.attributes), len(cls.methods)) == (thing["attributes"], thing["methods"]), cls.__name__
        for number, attribute in cls.attributes.items():
            octets = bytes.fromhex(thing["written"][str(number)])
            assert thing["types"][number - 1] in attribute.codec.tags, attribute
            value, end = attribute.codec.decode(octets)
            assert (end, attribute.codec.encode(value)) == (len(octets), octets), attribute


def test_what_the_peer_writes_means_the_same(objects: dict[tuple[int, int], dict[str, Any]]) -> None:
    def value(class_id: int, number: int) -> Any:
        octets = bytes.fromhex(objects[class_id, 0]["written"][str(number)])
        return CATALOGUE[class_id, 0].attributes[number].codec.decode(octets)[0]

    assert value(111, 2) == ModeAndStatus(AccountMode.PREPAYMENT, AccountStatus.ACTIVE)
    assert value(111, 5) == -5
    assert value(111, 11) == [CreditCharge(HERE, ENERGY, BitString.parse("00000000"))]
    assert value(111, 12) == [TokenProportion(HERE, 100)]
    assert value(111, 15) == Currency("EUR", -2, CurrencyUnit.MONETARY)
    assert (value(112, 3), value(112, 8)) == (CreditType.EMERGENCY, CreditStatus.IN_USE)
    assert value(113, 3) is ChargeType.TIME_BASED
    table = [ChargeElement(b"\1\2", 1234)]
    assert value(113, 5) == UnitCharge(ChargeScaling(3, -4), ValueDefinition(3, ENERGY, 2), table)
    assert value(113, 13) == 2_500
    assert value(115, 2) == b"59386323472137426967"
    assert value(115, 5) is TokenDelivery.MANUAL
    assert value(115, 6) == TokenStatus(TokenStatusCode.VALIDATION_FAILURE, BitString.parse("00001010"))


def test_parameters_that_the_peer_sends_are_read(told: dict[str, Any]) -> None:
    assert len(told["parameters"]) == 6
    for class_id, method_id, text in told["parameters"]:
        octets = bytes.fromhex(text)
        assert CATALOGUE[class_id, 0].methods[method_id].codec.decode(octets)[1] == len(octets), (class_id, method_id)
