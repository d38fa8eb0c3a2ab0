"""The alarm register of 64 bits: what sets a bit, what clears it, which stay clear."""

import pytest

from meters.small_fleet import (
    Company,
    compactiq,
)
from openami.cosem.registers import Data
from openami.dlms.xdlms import DataAccessResult

DENIED, SUCCESS, REFUSED = (
    DataAccessResult.READ_WRITE_DENIED,
    DataAccessResult.SUCCESS,
    DataAccessResult.OTHER_REASON,
)


ALARMS, ERRORS, CONFIGURATION = "0.0.97.98.0.255", "0.0.97.97.0.255", "0.1.94.31.3.255"


BITS = {
    "IQ0404100K1-R-67": {6: 0, 7: 1, 2: 2},
    "IQ0404100K1-R-68": {
        12: 8, 13: 9, 14: 10, 16: 11, 15: 12, 40: 13, 42: 13, 44: 13, 46: 13, 47: 13, 22: 14, 23: 14, 24: 14,
    },
    "IQ0404100K1-R-70": {86: 56, 87: 57, 88: 58, 89: 59},
}  # fmt: skip


def raised(company: Company, log: str, code: int) -> int:
    """The alarm register after one event."""
    company.fleet.holding.alarms.register[:] = 0
    company.fleet.holding.log(log, 0, code)
    value = company.read(Data.value, ALARMS)
    assert isinstance(value, int)
    return value


@pytest.mark.feature("IQ0404100K1-R-66")
@pytest.mark.parametrize("cited", [pytest.param(identity, marks=pytest.mark.feature(identity)) for identity in BITS])
def test_an_event_raises_its_alarm(cited: str) -> None:
    company = Company()
    assert compactiq().by_name["alarm_register"].types["value"].name == "long64-unsigned"
    for code, bit in BITS[cited].items():
        log = "standard" if code < 40 else "fraud" if code < 50 else "power_quality"
        assert raised(company, log, code) == 1 << bit


@pytest.mark.feature("IQ0404100K1-R-69")
def test_the_bits_of_m_bus_stay_clear() -> None:
    company = Company()
    for log in ("standard", "fraud", "power_quality"):
        for code in range(1, 255):
            assert raised(company, log, code) & sum(1 << bit for bit in range(16, 56)) == 0


def test_alarms_are_cleared_by_writing_ones_and_the_filter_keeps_others_out() -> None:
    company = Company()
    talk = company.talk()
    assert talk.get(Data.value.at(ALARMS)) == 1 << 2  # power up
    company.fleet.holding.log("fraud", 0, 40)
    assert talk.set(Data.value, ALARMS, 1 << 2) is SUCCESS
    assert talk.get(Data.value.at(ALARMS)) == 1 << 13
    assert talk.set(Data.value, ALARMS, 2**64 - 1) is SUCCESS
    assert talk.get(Data.value.at(ALARMS)) == 0
    assert talk.get(Data.value.at("0.0.96.11.0.255")) == 11
    assert talk.set(Data.value, "0.0.97.98.10.255", 1 << 56) is SUCCESS
    company.fleet.holding.log("fraud", 0, 40)
    company.fleet.holding.log("power_quality", 0, 86)
    assert talk.get(Data.value.at(ALARMS)) == 1 << 56
