"""Function control: functions added, switched and removed."""

import pytest

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.cosem.elements import ObjectDefinition
from openami.cosem.function_control import (
    FUNCTION_DEFINITION,
    FUNCTION_STATUS,
    FunctionControl,
    FunctionDefinition,
    FunctionStatus,
)
from openami.dlms.data import OCTET_STRING, array

LN = "0.0.44.1.0.255"
LOAD = FunctionDefinition(b"load", [ObjectDefinition(70, OBIS.parse("0.0.96.3.10.255"))])
PUSH = FunctionDefinition(b"push", [ObjectDefinition(40, OBIS.parse("0.0.25.9.0.255"))])


def control() -> FunctionControl:
    made = FunctionControl(LN)
    for definition in (LOAD, PUSH):
        made.invoke(2, FUNCTION_DEFINITION.encode(definition))
    return made


def switch(held: FunctionControl, **statuses: bool) -> None:
    wanted = [FunctionStatus(name.encode(), status) for name, status in statuses.items()]
    held.invoke(1, array(FUNCTION_STATUS).encode(wanted))


def test_a_function_is_added_disabled_and_then_enabled() -> None:
    held = control()
    assert held.function_list == [LOAD, PUSH]
    assert held.activation_status == [FunctionStatus(b"load", False), FunctionStatus(b"push", False)]
    switch(held, push=True)
    assert held.activation_status == [FunctionStatus(b"load", False), FunctionStatus(b"push", True)]


def test_one_unknown_function_changes_none() -> None:
    held = control()
    with pytest.raises(ActionError, match="no function b'pull': action-result object-undefined"):
        switch(held, load=True, pull=True)
    assert held.activation_status[0] == FunctionStatus(b"load", False)


def test_a_function_of_the_same_name_keeps_its_status() -> None:
    held = control()
    switch(held, load=True)
    other = FunctionDefinition(b"load", [])
    held.add_function(other)
    assert held.function_list == [PUSH, other]
    assert FunctionStatus(b"load", True) in held.activation_status


def test_a_function_is_removed_with_its_status() -> None:
    held = control()
    held.invoke(3, OCTET_STRING.encode(b"load"))
    assert (held.function_list, held.activation_status) == ([PUSH], [FunctionStatus(b"push", False)])
    with pytest.raises(ActionError, match="object-undefined"):
        held.invoke(3, OCTET_STRING.encode(b"load"))
