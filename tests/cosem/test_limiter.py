"""Limiter: which threshold holds, and when the emergency does."""

import pytest

from openami.core.errors import AccessError
from openami.core.time import CET, CosemDateTime
from openami.cosem.limiter import EmergencyProfile, Limiter
from openami.dlms.data import UINT32

LN = "0.0.17.0.0.255"
BEGIN = 1_777_845_600
HOUR = 3600


def limiter(activation: CosemDateTime, *, groups: tuple[int, ...] = (1, 2)) -> Limiter:
    return Limiter(
        LN,
        types={"threshold_active": UINT32},
        threshold_normal=16_000,
        threshold_emergency=4_000,
        emergency_profile=EmergencyProfile(2, activation, HOUR),
        emergency_profile_group_id_list=list(groups),
    )


@pytest.mark.parametrize(
    ("after_s", "threshold"),
    [(-1, 16_000), (0, 4_000), (HOUR - 1, 4_000), (HOUR, 16_000)],
)
def test_the_emergency_threshold_holds_from_activation_for_its_duration(after_s: int, threshold: int) -> None:
    assert limiter(CET.stamp(BEGIN)).threshold_at(CET.stamp(BEGIN + after_s)) == threshold


def test_a_profile_of_another_group_does_not_hold() -> None:
    assert not limiter(CET.stamp(BEGIN), groups=(1, 3)).is_emergency(CET.stamp(BEGIN))


def test_an_activation_without_deviation_is_local_time() -> None:
    local = CosemDateTime.decode(CET.stamp(BEGIN).encode()[:9] + b"\x80\x00\x00")
    assert limiter(local).is_emergency(CET.stamp(BEGIN))
    assert not limiter(local).is_emergency(CET.stamp(BEGIN - 1))


def test_without_a_full_date_or_a_clock_there_is_no_emergency() -> None:
    assert not limiter(CosemDateTime()).is_emergency(CET.stamp(BEGIN))
    assert not limiter(CET.stamp(BEGIN)).is_emergency(CosemDateTime())


def test_the_active_threshold_follows_the_flag_and_is_not_written() -> None:
    held = limiter(CET.stamp(BEGIN))
    assert held.read(3) == UINT32.encode(16_000)
    held.emergency_profile_active = True
    assert held.read(3) == UINT32.encode(4_000)
    with pytest.raises(AccessError, match="read-write-denied"):
        held.write(3, UINT32.encode(1))
