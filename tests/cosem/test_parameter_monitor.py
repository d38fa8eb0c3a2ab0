"""Parameter monitor: what is watched, and the last change of it."""

import pytest

from openami.core.errors import ActionError
from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.cosem.elements import VALUE_DEFINITION, ValueDefinition
from openami.cosem.parameter_monitor import ChangedParameter, ParameterMonitor, ParameterMonitorv1
from openami.dlms.data import Data, Tag

LN = "0.0.16.2.0.255"
ZONE = ValueDefinition(8, OBIS.parse("0.0.1.0.0.255"), 3)
PERIOD = ValueDefinition(7, OBIS.parse("1.0.99.1.0.255"), 4)
NOW = CET.stamp(1_777_888_800)


@pytest.mark.parametrize("cls", [ParameterMonitor, ParameterMonitorv1])
def test_only_a_watched_parameter_is_noticed(cls: type[ParameterMonitor]) -> None:
    monitor = cls(LN)
    monitor.invoke(1, VALUE_DEFINITION.encode(ZONE))
    monitor.invoke(1, VALUE_DEFINITION.encode(ZONE))
    assert monitor.parameter_list == [ZONE]
    assert not monitor.notice(PERIOD, Data(Tag.DOUBLE_LONG_UNSIGNED, 900), NOW)
    assert monitor.capture_time == CosemDateTime()
    assert monitor.notice(ZONE, Data(Tag.LONG, -60), NOW)
    assert monitor.changed_parameter == ChangedParameter(*ZONE, Data(Tag.LONG, -60))
    assert monitor.read(2).hex() == "0204" + "120008" + "0906" + "0000010000ff" + "0f03" + "10ffc4"
    assert monitor.capture_time == NOW


def test_a_parameter_is_watched_no_longer() -> None:
    monitor = ParameterMonitor(LN, parameter_list=[ZONE, PERIOD])
    monitor.invoke(2, VALUE_DEFINITION.encode(ZONE))
    assert monitor.parameter_list == [PERIOD]
    with pytest.raises(ActionError, match="no such parameter: action-result object-undefined"):
        monitor.invoke(2, VALUE_DEFINITION.encode(ZONE))
