"""What a push holds and when it goes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.obis import OBIS
from openami.core.time import CET, CosemDateTime
from openami.core.units import ScalerUnit, Unit
from openami.cosem.access import AccessTable, AttributeAccess, Rights
from openami.cosem.device import LogicalDevice
from openami.cosem.elements import Window
from openami.cosem.objects import CosemObject, Live
from openami.cosem.push import PushObject, PushSetup, PushSetupv1, PushSetupv2, RepetitionDelay
from openami.cosem.push_elements import (
    RestrictedObject,
    Restriction,
    RestrictionByEntry,
    RestrictionType,
    SelectedObject,
)
from openami.cosem.pushing import AnyPushSetup, first_attempt, growing, next_attempt, notification_body, retry_delay
from openami.cosem.registers import Data, Register
from openami.dlms.data import UINT32, native
from openami.dlms.xdlms import CaptureObject

LN = OBIS.parse("0.0.25.9.0.255")
NAME, ENERGY, BROKEN = (OBIS.parse(text) for text in ("0.0.42.0.0.255", "1.0.1.8.0.255", "0.0.96.1.0.255"))
SETUP, VALUE = PushObject(40, LN, 1), PushObject(3, ENERGY, 2)
NIGHTLY = [Window(CosemDateTime(hour=22, minute=0, second=0), CosemDateTime(hour=5, minute=0, second=0))]
NOON = CET.stamp(1_777_888_800)  # 2026-05-04, 12:00 local time


def broken() -> object:
    raise RuntimeError("the sensor is gone")


def device(setup: CosemObject, reports: list[Exception] | None = None) -> LogicalDevice:
    things = [
        setup,
        Data(NAME, value=b"OAM1"),
        Register(ENERGY, types={"value": UINT32}, value=12345, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR)),
        Data(BROKEN, value=Live(broken)),
    ]
    objects = {(thing.class_id, thing.logical_name): thing for thing in things}
    readable = Rights({2: AttributeAccess.READ})
    access = AccessTable({102: {(3, ENERGY): readable}})
    return LogicalDevice(objects, access, report=(reports if reports is not None else []).append)


def body(items: list[Any], client_sap: int | None = None, **facts: Any) -> bytes:
    setup = PushSetup(LN, push_object_list=items)
    return notification_body(setup, device(setup, **facts), client_sap)


def test_a_body_holds_the_values_in_the_order_of_the_list() -> None:
    octets = body([SETUP, PushObject(1, NAME, 2), VALUE])
    assert octets.hex() == "0203" + "09060000190900ff" + "09044f414d31" + "0600003039"


def test_the_list_itself_may_be_pushed_as_many_meters_do() -> None:
    values, _ = native(body([PushObject(40, LN, 2), VALUE]))
    assert values == ([(40, LN, 2, 0), (3, ENERGY, 2, 0)], 12345)


def test_a_data_index_selects_one_element() -> None:
    items = [PushObject(3, ENERGY, 3, 1), PushObject(3, ENERGY, 3, 2), PushObject(40, LN, 2, 1)]
    assert native(body(items))[0] == (0, 30, (3, ENERGY, 3, 1))


def test_attribute_0_is_the_structure_of_all() -> None:
    assert native(body([PushObject(3, ENERGY, 0), PushObject(3, ENERGY, 0, 2)]))[0] == (
        (ENERGY, 12345, (0, 30)),
        12345,
    )


def test_what_cannot_be_had_is_null_data_in_its_place_and_reported() -> None:
    reports: list[Exception] = []
    items = [
        PushObject(3, OBIS.parse("1.0.2.8.0.255"), 2),  # no such object
        PushObject(3, ENERGY, 9),  # no such attribute
        PushObject(3, ENERGY, 2, 1),  # no such element
        PushObject(1, BROKEN, 2),
        VALUE,
    ]
    assert native(body(items, reports=reports))[0] == (None, None, None, None, 12345)
    assert [type(error).__name__ for error in reports] == ["AccessError"] * 3 + ["RuntimeError"]


def test_with_a_client_its_rights_count() -> None:
    assert native(body([SETUP, VALUE, PushObject(3, ENERGY, 0)], client_sap=102))[0] == (
        None,
        12345,
        (ENERGY, 12345, None),
    )


def test_restrictions_and_columns_are_not_guessed_at() -> None:
    rows = Restriction(RestrictionType.ENTRY, RestrictionByEntry(1, 2))
    reports: list[Exception] = []
    one = PushSetupv1(LN, push_object_list=[RestrictedObject(3, ENERGY, 2), RestrictedObject(3, ENERGY, 2, 0, rows)])
    assert native(notification_body(one, device(one, reports)))[0] == (12345, None)
    columns = [CaptureObject(8, NAME, 2)]
    items = [SelectedObject(3, ENERGY, 2), SelectedObject(3, ENERGY, 2, columns=columns)]
    two = PushSetupv2(LN, push_object_list=items)
    assert native(notification_body(two, device(two, reports)))[0] == (12345, None)
    assert len(reports) == 2


def test_an_empty_list_is_an_empty_structure() -> None:
    assert body([]) == b"\x02\x00"


def test_the_first_attempt_waits_for_the_window_and_a_random_delay() -> None:
    setup = PushSetup(LN, communication_window=NIGHTLY, randomisation_start_interval=600)
    assert first_attempt(setup, NOON, 0.5) == 10 * 3600 + 300
    assert first_attempt(setup, CET.stamp(NOON.to_utc() + 11 * 3600), 0.25) == 150
    assert first_attempt(PushSetup(LN), CosemDateTime(), 0.9) == 0
    past = [Window(NOON, CET.stamp(NOON.to_utc() + 60))]
    gone = PushSetup(LN, communication_window=past)
    assert first_attempt(gone, CET.stamp(NOON.to_utc() + 61), 0.0) is None


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 0xFFFF))
def test_the_random_delay_stays_within_its_interval(random: float, interval: int) -> None:
    wait = first_attempt(PushSetup(LN, randomisation_start_interval=interval), NOON, random)
    assert wait is not None
    assert 0 <= wait < max(interval, 1)


def test_retries_follow_after_the_delay_until_they_are_spent() -> None:
    setup = PushSetup(LN, number_of_retries=2, repetition_delay=30)
    assert [next_attempt(setup, retry, NOON) for retry in (1, 2, 3)] == [30, 30, None]


def test_a_retry_past_the_window_waits_for_the_next() -> None:
    setup = PushSetup(LN, number_of_retries=9, repetition_delay=1200, communication_window=NIGHTLY)
    late = CET.stamp(NOON.to_utc() + 16 * 3600 + 3000)  # 04:50
    assert next_attempt(setup, 1, late) == 1200 + 16 * 3600 + 3000
    assert next_attempt(setup, 1, CET.stamp(NOON.to_utc() + 12 * 3600)) == 1200


def test_from_version_2_the_delay_grows_up_to_its_maximum() -> None:
    setup = PushSetupv2(LN, number_of_retries=5, repetition_delay=RepetitionDelay(30, 200, 200))
    assert [retry_delay(setup, retry) for retry in range(1, 6)] == [30, 60, 120, 200, 200]
    constant = PushSetupv2(LN, number_of_retries=5, repetition_delay=RepetitionDelay(30, 100, 200))
    assert [retry_delay(constant, retry) for retry in (1, 9)] == [30, 30]


u16 = st.integers(0, 0xFFFF)


@given(st.builds(RepetitionDelay, u16, u16, u16), st.integers(1, 255))
def test_a_growing_delay_never_shrinks_and_keeps_its_bounds(delay: RepetitionDelay, retry: int) -> None:
    shortest, _, longest = delay
    assert growing(delay, 1) == shortest
    assert shortest <= growing(delay, retry) <= growing(delay, retry + 1) <= max(shortest, longest)


@pytest.mark.parametrize("cls", [PushSetup, PushSetupv1, PushSetupv2])
def test_every_version_can_be_pushed(cls: type[AnyPushSetup]) -> None:
    setup = cls(LN)
    assert notification_body(setup, device(setup)) == b"\x02\x00"
    assert (first_attempt(setup, NOON, 0.0), next_attempt(setup, 1, NOON)) == (0, None)


def test_the_peer_finds_the_values_of_every_version() -> None:
    """gurux-dlms, in a process of its own, reads our list and our body."""
    pytest.importorskip("gurux_dlms")
    items = [(1, NAME, 2), (3, ENERGY, 2)]
    setups: list[AnyPushSetup] = [
        PushSetup(LN, push_object_list=[PushObject(*item) for item in items]),
        PushSetupv1(LN, push_object_list=[RestrictedObject(*item) for item in items]),
        PushSetupv2(LN, push_object_list=[SelectedObject(*item) for item in items]),
    ]
    pushes = [[setup.version, setup.read(2).hex(), notification_body(setup, device(setup)).hex()] for setup in setups]
    peer = Path(__file__).parent / "gurux_push.py"
    command = [sys.executable, str(peer)]
    done = subprocess.run(command, input=json.dumps(pushes), capture_output=True, text=True, timeout=60, check=True)
    found = [["0.0.42.0.0.255", b"OAM1".hex()], ["1.0.1.8.0.255", 12345]]
    assert json.loads(done.stdout) == [found] * 3
