"""Codes of signals against the tables of 3GPP TS 27.007, 45.008 and 36.133."""

import pytest

from openami.net.cellular import Levels, Signal, product


@pytest.mark.parametrize(
    ("dbm", "code"), [(-130, 0), (-113, 0), (-111, 1), (-109, 2), (-93, 10), (-53, 30), (-51, 31), (-20, 31)]
)
def test_rssi_as_csq_writes_it(dbm: float, code: int) -> None:
    assert Signal(dbm, -100, -10).rssi == code


@pytest.mark.parametrize(("dbm", "code"), [(-111, 0), (-110, 1), (-109, 2), (-48.5, 62), (-48, 63)])
def test_rxlev(dbm: float, code: int) -> None:
    assert Signal(dbm, -100, -10).rxlev == code


@pytest.mark.parametrize(("dbm", "code"), [(-141, 0), (-140, 1), (-139.5, 1), (-139, 2), (-44.5, 96), (-44, 97)])
def test_rsrp(dbm: float, code: int) -> None:
    """TS 36.133, table 9.1.4-1: RSRP_00 is below -140 dBm, RSRP_97 from -44 dBm on."""
    assert Signal(-80, dbm, -10).rsrp == code


@pytest.mark.parametrize(("db", "code"), [(-20, 0), (-19.5, 1), (-19, 2), (-3.5, 33), (-3, 34), (0, 34)])
def test_rsrq(db: float, code: int) -> None:
    """TS 36.133, table 9.1.7-1: RSRQ_00 is below -19.5 dB, RSRQ_34 from -3 dB on."""
    assert Signal(-80, -100, db).rsrq == code


def test_limits_of_levels_are_settings() -> None:
    levels = Levels(("bad", "good"), (-90.0,), ("red", "green"))
    assert [levels.name(Signal.of(dbm)) for dbm in (-90.1, -90.0)] == ["bad", "good"]
    assert levels.colour(Signal.of(-120)) == "red"
    with pytest.raises(ValueError, match="between every two levels"):
        Levels(("bad", "good"), ())


def test_the_compactiq_tells_at_least_four_levels() -> None:
    levels = product("compactiq_lte_m").levels
    assert len({levels.name(Signal.of(dbm)) for dbm in range(-120, -40)}) >= 4
