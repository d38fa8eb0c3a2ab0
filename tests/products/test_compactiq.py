"""CompactIQ beyond its metering: profiles 4 to 6, what it pushes and when, its LTE-M modem, what it does not have."""

from itertools import pairwise
from typing import Any

import pytest

from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.registers import Register
from openami.cosem.security_setup import KeyTransfer
from openami.dlms.security import KeyId, wrap
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, CaptureObject, DataAccessResult
from openami.meters.faces import esmr
from openami.net.links.line import Link
from products.standing import DAY_S, HOUR_S, MANAGEMENT, MINUTE_S, Standing, Talk, hdlc

SLUG = "compactiq"
SUCCESS, REFUSED = DataAccessResult.SUCCESS, DataAccessResult.OTHER_REASON
HOME, SEARCHING, DENIED = 1, 2, 3
LTE = 5
CALLER = "+31612345678"
QUARTER_S = 900
M_BUS_BITS = set(range(16, 56))


def iq(number: int) -> Any:
    """Mark a test with a stated function."""
    return pytest.mark.feature(f"IQ0404100K1-R-{number:02d}")


def meter(**load: Any) -> Standing:
    return Standing(SLUG, **load)


# Profiles


@iq(95)
def test_the_definable_profile_holds_voltages_until_a_client_wants_something_else() -> None:
    one = meter(volts=(231.0, 229.0, 230.5)).live(HOUR_S)
    assert len(one.rows("definable_load_profile")) == 4
    assert [row[1:] for row in one.rows("definable_load_profile")][-1] == (2310, 2310, 2290, 2290, 2305, 2305)
    listed = [
        capture(one, name) for name in ("clock.time", "active_energy_import.value", "instantaneous_current_l2.value")
    ]
    assert one.write("definable_load_profile.capture_objects", listed) is SUCCESS
    assert one.rows("definable_load_profile") == [], "rows of another kind are gone"
    assert one.write("definable_load_profile.capture_period", 300) is SUCCESS
    one.set_load(amps=4.0).live(HOUR_S)
    rows = one.rows("definable_load_profile")
    assert len(rows) == 12
    assert rows[-1][1:] == (one.read("active_energy_import"), 400)
    assert (
        one.write("definable_load_profile.capture_objects", [*listed, CaptureObject(3, OBIS(bytes(6)), 2, 0)])
        is REFUSED
    )
    assert one.write("definable_load_profile.capture_period", 7) is REFUSED


@iq(95)
def test_the_definable_profile_holds_960_rows_of_any_list() -> None:
    one = meter()
    assert one.write("definable_load_profile.capture_period", 60) is SUCCESS
    one.live(17 * HOUR_S)
    assert (
        one.read("definable_load_profile.entries_in_use") == 960 == one.read("definable_load_profile.profile_entries")
    )


def capture(one: Standing, name: str) -> CaptureObject:
    definition, number = one.object(name)
    return CaptureObject(*definition.key, number, 0)


@iq(96)
def test_quarter_hours_hold_the_average_power_of_each_phase_in_all_four_ways() -> None:
    one = meter(amps=(10.0, 10.0, 0.0), degrees=(0.0, 150.0, 0.0))
    one.live(5 * MINUTE_S).set_load(amps=(4.0, 10.0, 6.0), degrees=(0.0, 150.0, -90.0)).live(10 * MINUTE_S)
    [row] = one.rows("power_quality_profile_1")
    first = (2300 * 5 + 920 * 10) // 15
    assert row[1:] == (0, first, 0, 0, 0, 0, 1991, 1150, 0, 0, 0, 0, 1380 * 10 // 15)


@iq(96)
@iq(97)
@pytest.mark.parametrize(("name", "entries", "period_s"), [("1", 960, 900), ("2", 1440, 600)])
def test_quality_profiles_hold_ten_days(name: str, entries: int, period_s: int) -> None:
    one = meter().live(10 * DAY_S + 2 * period_s)
    rows = one.rows(f"power_quality_profile_{name}")
    assert len(rows) == entries == one.read(f"power_quality_profile_{name}.profile_entries")
    assert one.read(f"power_quality_profile_{name}.capture_period") == period_s
    times = [CosemDateTime.decode(row[0]).to_utc() for row in rows]
    assert times[-1] == one.now
    assert {after - before for before, after in pairwise(times)} == {period_s}


@iq(97)
def test_ten_minutes_hold_the_average_voltage_and_current_of_each_phase() -> None:
    one = (
        meter(volts=230.0, amps=(1.0, 2.0, 0.0))
        .live(4 * MINUTE_S)
        .set_load(volts=(240.0, 230.0, 210.0))
        .live(6 * MINUTE_S)
    )
    [row] = one.rows("power_quality_profile_2")
    assert row[1:] == (0, 2360, 2300, 2180, 100, 200, 0)


@iq(7)
def test_moving_averages_change_every_ten_minutes_only() -> None:
    one = meter(volts=230.0).live(10 * MINUTE_S).set_load(volts=240.0)
    seen = [one.live(MINUTE_S).read("average_voltage_l1") for _ in range(11)]
    assert seen == [2300] * 9 + [2400] * 2
    assert one.read("instantaneous_voltage_l1") == 2400


def test_a_quality_row_after_an_outage_is_marked() -> None:
    one = meter().live(20 * MINUTE_S)
    one.hand("supply", "off").live(5 * MINUTE_S).hand("supply", "on").live(10 * MINUTE_S)
    assert [row[1] >> 7 for row in one.rows("power_quality_profile_2")] == [0, 0, 1]


# Reading, keys, and what there is not


@iq(53)
@pytest.mark.parametrize("seed", range(10))
def test_all_that_is_asked_for_is_there_in_five_seconds_over_lte_m(seed: int) -> None:
    one = meter(amps=3.0).live(10 * DAY_S)
    talk = Talk(one, MANAGEMENT)
    talk.carry = OverLink(talk, Link(one.product.links.model("lte_m"), seed=seed)).carry  # type: ignore[method-assign]
    talk.associate()
    for name in ("clock.time", "alarm_register.value", "active_energy_import.value", "interval_values_e.buffer"):
        definition, number = one.object(name)
        found = talk.get(AttributeDescriptor(*definition.key, number))
    assert len(found) == 960
    assert 0.3 < talk.carry.__self__.now < 5  # type: ignore[attr-defined]


class OverLink:
    """Carries the octets of a talk over a link, both ways, on a clock of its own."""

    def __init__(self, talk: Talk, link: Link) -> None:
        self.talk, self.link, self.now = talk, link, 0.0

    def carry(self, request: int) -> Any:
        """Carry octets until the request is answered; its event."""
        client, meter_end, found = self.talk.client, self.talk.session.endpoint, []
        while True:
            for octets in client.outgoing():
                self.link.down.receive(octets, self.now)
            for octets in meter_end.outgoing():
                self.link.up.receive(octets, self.now)
            due = [line.deadline for line in (self.link.down, self.link.up) if line.deadline is not None]
            if not due:
                [event] = [event for event in found if getattr(event, "id", None) == request]
                return event
            self.now = min(due)
            for line, take in ((self.link.down, self.deliver), (self.link.up, client.receive)):
                line.expire(self.now)
                for octets in line.outgoing():
                    found += take(octets, self.now) or []

    def deliver(self, octets: bytes, now: float) -> None:
        """Give the meter octets."""
        self.talk.session.deliver(self.talk.session.endpoint.receive(octets, now))


@iq(102)
def test_four_keys_open_the_meter_and_the_master_key_changes_the_others() -> None:
    one = meter()
    held = one.keys
    assert all(len(key) == 16 for key in (held.encryption, held.authentication, held.master))
    one.talk()  # HLS 5: both keys, GMAC
    new = {KeyId.GLOBAL_UNICAST_ENCRYPTION: b"\x11" * 16, KeyId.AUTHENTICATION: b"\x22" * 16}
    wrapped = [KeyTransfer(key_id, wrap(held.master, key)) for key_id, key in new.items()]
    assert one.act("security_setup.global_key_transfer", wrapped) is ActionResult.SUCCESS
    fresh = one.fleet.keys.of(0)
    assert (fresh.encryption, fresh.authentication) == (b"\x11" * 16, b"\x22" * 16)
    bad = [KeyTransfer(KeyId.AUTHENTICATION, wrap(b"\x33" * 16, b"\x44" * 16))]
    assert one.act("security_setup.global_key_transfer", bad) is not ActionResult.SUCCESS
    assert one.fleet.keys.of(0).authentication == b"\x22" * 16


@iq(20)
def test_it_is_a_meter_of_esmr_5_1_and_no_other() -> None:
    one = meter()
    product = one.product
    assert product.head.face == esmr.FACE.name
    names = {str(key[1]) for key in product.by_key}
    assert product.by_name["alarm_register"].codec("value").name == "long64-unsigned"
    of_smr = {"0.0.97.98.1.255", "0.0.97.98.2.255", "0.3.25.9.0.255", "0.0.15.2.4.255", "0.0.99.98.8.255"}
    assert not names & of_smr, "second and third alarm register, last gasp and THD are of SMR 5.2 and 5.5"
    assert {"0.1.25.11.0.255", "0.5.44.0.0.255"} <= names, "LTE monitoring and its image transfer are of ESMR 5"
    of_dsmr = {"0.0.98.1.0.255", "0.0.96.13.1.255"}
    assert not names & of_dsmr


@iq(23)
def test_there_is_no_m_bus_and_its_alarm_bits_stay_clear_whatever_happens() -> None:
    one = meter()
    assert not [d for d in one.product.objects if 72 <= d.interface.class_id <= 77]
    assert "m_bus" not in esmr.FACE.logs
    for name, value in (("terminal_cover", "open"), ("magnet_mt", 200), ("memory_error", "ram"), ("battery_mv", 100)):
        one.hand(name, value).live(60)
    one.hand("phase_lost", [2]).live(60)
    found = {bit for bit in range(64) if one.read("alarm_register") >> bit & 1}
    assert found == {2, 9, 13, 57}, "supply, RAM, fraud and phase 2"
    assert not found & M_BUS_BITS


@iq(75)
def test_no_battery_runs_down_and_none_is_missed() -> None:
    one = meter().live(60)
    one.hand("battery_mv", 0).live(HOUR_S)
    assert not {7, 8} & set(one.events("standard_event_log"))
    assert not one.read("alarm_register") & 2
    one.hand("supply", "off").live(100 * HOUR_S).hand("supply", "on").live(60)
    assert one.read("clock.time").to_utc() == one.now, "the capacitor holds the clock"


@iq(35)
def test_it_answers_on_p0_and_on_p3_and_has_no_other_port() -> None:
    one = meter(amps=2.0).live(HOUR_S)
    name = AttributeDescriptor(3, OBIS.parse("1.0.1.8.0.255"), 2)
    read = [one.talk().get(name), one.talk(line=hdlc).get(name)]
    assert read == [one.read("active_energy_import")] * 2
    assert one.product.links.way.keys() == {"lte_m"}
    assert "1.3.0.2.0.255" not in {str(key[1]) for key in one.product.by_key}, "no P1"


@iq(36)
def test_settings_come_from_the_factory_and_an_operator_changes_them_by_p3_and_p0() -> None:
    one = meter()
    sag, swell = "1.0.12.31.0.255", "1.0.12.35.0.255"
    assert [one.read(f"threshold_voltage_{what}") for what in ("sag", "swell")] == [207, 253]
    assert one.talk().set(Register.value, sag, b"\x12" + (200).to_bytes(2, "big")) is SUCCESS
    assert one.talk(line=hdlc).set(Register.value, swell, b"\x12" + (260).to_bytes(2, "big")) is SUCCESS
    one.restart()
    assert [one.read(f"threshold_voltage_{what}") for what in ("sag", "swell")] == [200, 260]
    assert one.write("threshold_voltage_sag", 190, client=16) is not SUCCESS, "operators only"
