"""How a CompactIQ pushes, and how its modem behaves."""

import asyncio
import contextlib
from typing import Any

import pytest

import openami
from openami.core.time import CosemDateTime
from openami.cosem.elements import Window
from openami.cosem.internet import PPPOption
from openami.cosem.modem import AllowedCaller
from openami.cosem.push import Destination
from openami.cosem.scripts import ExecutionTime
from openami.dlms.data import Data, Tag, native
from openami.dlms.xdlms import CaptureObject, DataAccessResult
from openami.meters import modems
from openami.meters.identity import address
from openami.net.cellular import State
from products.standing import HOUR_S, Standing

SUCCESS, REFUSED = DataAccessResult.SUCCESS, DataAccessResult.OTHER_REASON


HOME, SEARCHING, DENIED = 1, 2, 3


LTE = 5


CALLER = "+31612345678"


def iq(number: int) -> Any:
    """Mark a test with a stated function."""
    return pytest.mark.feature(f"IQ0404100K1-R-{number:02d}")


SLUG = "compactiq"


def meter(**load: Any) -> Standing:
    return Standing(SLUG, **load)


def capture(one: Standing, name: str) -> CaptureObject:
    definition, number = one.object(name)
    return CaptureObject(*definition.key, number, 0)


# Pushes


def sent(one: Standing) -> list[str]:
    """Push setups whose message is on its way, taken out of the box."""
    box = one.fleet.holding.outbox
    found = [name for _, name in box]
    box.clear()
    return found


def at(one: Standing, seconds: int) -> list[ExecutionTime]:
    """Execution times of one moment by the meter's clock."""
    stamp = CosemDateTime.from_utc(one.now + seconds, -60, 0)
    return [ExecutionTime(stamp.time, stamp.date)]


def listening(one: Standing) -> Standing:
    """Give every setup a destination."""
    for name in ("scheduler", "alarm", "sms"):
        assert (
            one.write(f"push_setup_{name}.send_destination_and_method", Destination(0, b"192.0.2.1:4059", 0)) is SUCCESS
        )
    return one


@iq(52)
def test_an_alarm_that_the_filter_lets_through_is_pushed_and_no_other() -> None:
    one = listening(meter()).live(60)
    sent(one)
    assert one.write("alarm_filter", 1 << 11) is SUCCESS
    one.hand("terminal_cover", "open").live(5)
    assert sent(one) == []
    one.hand("memory_error", "measurement").live(5)
    assert sent(one) == ["push_setup_alarm"]
    one.live(HOUR_S)
    assert sent(one) == [], "an alarm is told once"
    assert one.write("alarm_register", 2**64 - 1) is SUCCESS
    one.hand("memory_error", ["measurement", False]).hand("memory_error", "measurement").live(5)
    assert sent(one) == ["push_setup_alarm"], "and again, once it was cleared"


@iq(52)
def test_the_scheduler_pushes_at_its_time() -> None:
    one = listening(meter()).live(60)
    sent(one)
    assert one.write("push_scheduler.execution_time", at(one, 600)) is SUCCESS
    one.live(599)
    assert sent(one) == []
    one.live(1)
    assert sent(one) == ["push_setup_scheduler"]


@iq(45)
@iq(52)
def test_an_sms_of_an_allowed_caller_wakes_it_up_and_it_pushes_where_it_was_told_to() -> None:
    one = listening(meter()).live(HOUR_S)
    sent(one)
    one.hand("sms", CALLER)
    assert sent(one) == [], "nobody may wake it yet"
    assert one.write("auto_answer.list_of_allowed_callers", [AllowedCaller(CALLER.encode(), 1)]) is SUCCESS
    one.hand("sms", "+31600000000")
    assert sent(one) == []
    one.hand("sms", CALLER)
    assert sent(one) == ["push_setup_sms"]
    one.hand("network", "off").hand("sms", CALLER)
    assert sent(one) == [], "no SMS comes through without a network"


@iq(45)
@pytest.mark.parametrize("content", [["device_id_2.value"], ["active_energy_import.value", "auto_answer.logical_name"]])
async def test_destination_and_content_of_the_wake_up_message_are_settings(content: list[str]) -> None:
    one = meter().live(HOUR_S)
    one.write("auto_answer.list_of_allowed_callers", [AllowedCaller(CALLER.encode(), 1)])
    wanted = [tuple(capture(one, name)) for name in content]
    assert one.write("push_setup_sms.push_object_list", [type_of(one)(*entry) for entry in wanted]) is SUCCESS
    body = await pushed(one, "sms", lambda: one.hand("sms", CALLER))
    assert len(native(body)[0]) == len(content)


def type_of(one: Standing) -> Any:
    return type(one.read("push_setup_sms.push_object_list")[0])


async def pushed(one: Standing, setup: str, cause: Any) -> bytes:
    """Body of the push that a cause brings about, as a listener gets it."""
    async with openami.listen("tcp://127.0.0.1:0") as pushes:
        where = Destination(0, str(pushes.addresses[0]).encode(), 0)
        assert one.write(f"push_setup_{setup}.send_destination_and_method", where) is SUCCESS
        running = asyncio.create_task(one.fleet.run())
        await asyncio.sleep(0)
        cause()
        one.live(5)
        async with asyncio.timeout(10):
            push = await anext(pushes)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert push.title == b"", "in clear"
        return push.notification.body


@iq(52)
async def test_the_alarm_push_has_the_frame_of_smr_5() -> None:
    one = meter().live(HOUR_S)
    body = await pushed(one, "alarm", lambda: one.hand("memory_error", "ram"))
    identifier = b"OAMSIM00000000126"
    register = (1 << 9 | 1 << 2).to_bytes(8, "big")
    assert body == b"\x02\x03\x09\x11" + identifier + b"\x09\x06" + bytes((0, 0, 16, 1, 0, 255)) + b"\x15" + register


async def test_the_whole_frame_is_wrapper_notification_identifier_and_no_time() -> None:
    one = meter().live(HOUR_S)
    octets: list[bytes] = []
    got = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        octets.append(await reader.read(200))
        got.set()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        place = "{}:{}".format(*server.sockets[0].getsockname()[:2])
        one.write("push_setup_alarm.send_destination_and_method", Destination(0, place.encode(), 0))
        running = asyncio.create_task(one.fleet.run())
        await asyncio.sleep(0)
        one.hand("memory_error", "ram").live(5)
        async with asyncio.timeout(10):
            await got.wait()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    [frame] = octets
    assert frame[:2] == b"\x00\x01"
    assert int.from_bytes(frame[6:8], "big") == len(frame) - 8
    assert frame[8] == 0x0F
    assert frame[13] == 0x00, "a date-time of no length"
    assert frame[14:16] == b"\x02\x03"


async def test_without_a_network_a_push_waits_and_goes_when_it_is_back() -> None:
    one = meter().live(HOUR_S)
    one.hand("network", "off")
    async with openami.listen("tcp://127.0.0.1:0") as pushes:
        where = Destination(0, str(pushes.addresses[0]).encode(), 0)
        one.write("push_setup_alarm.send_destination_and_method", where)
        running = asyncio.create_task(one.fleet.run())
        await asyncio.sleep(0)
        one.hand("memory_error", "ram").live(5)
        await asyncio.sleep(0.6)
        assert len(one.fleet.holding.outbox) == 1
        one.hand("network", "on").live(HOUR_S)
        async with asyncio.timeout(10):
            await anext(pushes)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@iq(70)
def test_the_phase_outage_test_runs_on_its_schedule() -> None:
    one = listening(meter()).live(60)
    sent(one)
    assert one.write("phase_outage_test.execution_time", at(one, 120)) is SUCCESS
    one.live(119)
    assert 89 not in one.events("power_quality_event_log")
    one.live(1)
    assert one.events("power_quality_event_log") == [89]
    assert one.read("alarm_register") >> 59 & 1
    assert sent(one) == ["push_setup_alarm"]


# The modem


def module_state(one: Standing) -> State:
    module = modems.module_of(one.front.view)
    return State.OFF if module is None else module.state


def at_home(one: Standing) -> tuple[int, int]:
    return one.read("lte_diagnostic.status"), one.read("lte_diagnostic.ps_status")


@iq(42)
def test_after_an_outage_it_is_back_within_a_minute_on_average_each_meter_at_its_own_time() -> None:
    one = meter()
    waits = []
    for _ in range(120):
        one.live(HOUR_S).hand("supply", "off").live(10)
        assert module_state(one) is State.OFF
        one.hand("supply", "on")
        waits.append(next(second for second in range(0, 900, 2) if module_state(one.live(2)) >= State.ONLINE))
    assert 45 < sum(waits) / len(waits) < 75
    assert len(set(waits)) > 20


@iq(42)
@iq(44)
def test_in_triggered_mode_the_connection_stays_lost_until_somebody_asks() -> None:
    one = meter().live(HOUR_S)
    assert module_state(one) is State.ONLINE
    assert one.write("auto_connect.mode", 104) is SUCCESS
    one.live(HOUR_S)
    assert module_state(one) is State.REGISTERED
    assert at_home(one) == (HOME, 0)
    one.write("auto_answer.list_of_allowed_callers", [AllowedCaller(CALLER.encode(), 1)])
    one.hand("sms", CALLER).live(30)
    assert at_home(one) == (HOME, LTE)
    one.live(HOUR_S)
    assert module_state(one) is State.REGISTERED, "silence ends it"


@iq(43)
def test_a_calling_window_is_the_slot_in_which_it_connects() -> None:
    one = meter().live(1800)
    window = Window(of_day(6), of_day(7))
    assert one.write("auto_connect.calling_window", [window]) is SUCCESS
    assert one.write("auto_connect.mode", 102) is SUCCESS
    seen = []
    for hour in range(24):
        one.live(HOUR_S if hour else 0)
        seen.append(module_state(one) >= State.ONLINE)
    assert [hour for hour, is_on in enumerate(seen) if is_on] == [6]


def of_day(hour: int) -> CosemDateTime:
    return CosemDateTime(hour=hour, minute=0, second=0)


@iq(47)
def test_name_servers_are_learnt_and_kept_or_set_by_a_client_without_dhcp() -> None:
    one = meter()
    assert one.read("ipv4_setup.primary_dns_address") == 0
    one.live(HOUR_S)
    learnt = [one.read(f"ipv4_setup.{which}_dns_address") for which in ("primary", "secondary")]
    assert learnt == [0xC0000235, 0xC0000236]
    assert one.write("ipv4_setup.primary_dns_address", 0x0A000001) is SUCCESS
    one.live(HOUR_S)
    assert one.read("ipv4_setup.primary_dns_address") == learnt[0]
    one.write("ipv4_setup.use_dhcp_flag", False)
    assert one.read("ipv4_setup.primary_dns_address") == 0x0A000001


@iq(48)
@iq(49)
@pytest.mark.parametrize("option", [None, 0xC023, 0xC223], ids=["either", "PAP", "CHAP"])
def test_the_key_of_pap_and_chap_can_be_changed_and_must_be_the_networks(option: int | None) -> None:
    one = meter()
    if option is not None:
        options = [PPPOption(3, 4, Data(Tag.LONG_UNSIGNED, option))]
        assert one.write("ppp_setup.lcp_options", options) is SUCCESS
    one.live(HOUR_S)
    assert at_home(one) == (HOME, LTE)
    assert one.write("ppp_setup.ppp_authentication", secret(b"OAMSIM", b"another")) is SUCCESS
    one.live(HOUR_S)
    assert module_state(one) < State.PPP
    assert one.read("lte_rejection_cause") == 29
    one.hand("network_secret", ["OAMSIM", "another"]).live(HOUR_S)
    assert module_state(one) is State.ONLINE
    one.write("ppp_setup.ppp_authentication", secret(b"who", b"another"))
    assert module_state(one.live(HOUR_S)) < State.PPP, "the name counts, too"


def secret(user: bytes, key: bytes) -> Data:
    return Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, user), Data(Tag.OCTET_STRING, key)))


def test_an_access_point_that_the_network_does_not_know_gives_no_address() -> None:
    one = meter().live(HOUR_S)
    assert one.read("ipv4_setup.ip_address") == int.from_bytes(bytes(map(int, address(0).split("."))), "big")
    assert one.write("lte_modem_setup.apn", b"elsewhere") is SUCCESS
    one.live(HOUR_S)
    assert (one.read("ipv4_setup.ip_address"), one.read("lte_rejection_cause")) == (0, 27)


@iq(51)
def test_a_sim_locked_to_another_imei_is_not_let_in() -> None:
    one = meter().live(HOUR_S)
    own = modems.imei(one.fleet.holding.identity.serial(0))
    one.hand("sim_imei", "490154203237518").live(HOUR_S)
    assert (one.read("lte_diagnostic.status"), one.read("lte_rejection_cause")) == (DENIED, 6)
    one.hand("sim_imei", own).live(HOUR_S)
    assert at_home(one) == (HOME, LTE)


@iq(41)
def test_the_signal_is_measured_and_shown_in_four_levels_and_none() -> None:
    one = meter().live(HOUR_S)
    shown = {}
    for dbm in (-112, -105, -90, -80, -60):
        one.hand("signal_dbm", dbm).live(1)
        quality = one.read("lte_diagnostic.cell_info").signal_quality
        assert quality == (dbm + 113) // 2
        [sign] = [s for s in one.front.look(one.ms).picture.signs if s.name == "signal"]
        shown[dbm] = sign.level
    assert list(shown.values()) == [0, 1, 2, 3, 4]
    assert one.read("lte_monitoring.lte_quality_of_service").signal_level == 140 - 60 - 18
    one.hand("network", "off").live(60)
    assert one.read("lte_diagnostic.cell_info").signal_quality == 99
    assert one.read("lte_diagnostic.status") == SEARCHING
    [sign] = [s for s in one.front.look(one.ms).picture.signs if s.name == "signal"]
    assert sign.level == 0


def test_the_modem_is_the_same_after_a_kill() -> None:
    one = meter().live(HOUR_S)
    one.hand("supply", "off").live(100).hand("supply", "on").hand("signal_dbm", -100).live(20)
    before = [(one.live(7), *at_home(one), module_state(one))[1:] for _ in range(5)]
    again = meter()
    again.live(HOUR_S).hand("supply", "off").live(100).hand("supply", "on").hand("signal_dbm", -100).live(20)
    again.restart()
    assert [(again.live(7), *at_home(again), module_state(again))[1:] for _ in range(5)] == before
