"""A module on its way to a connection: what gets it there, what stops it, who may ask for it."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from net.radio import APN, HEAD_END, access, module, network, on
from openami.core.errors import LocalProtocolError
from openami.meters.sections.links import Links
from openami.net.cellular import (
    AccessPoint,
    Authentication,
    Cause,
    Cell,
    Failure,
    Family,
    Mode,
    Module,
    Signal,
    Sim,
    Slots,
    State,
    Wakeup,
)
from openami.net.links import Link, model


def failures(of: Module) -> set[Failure]:
    return {line.failure for line in of.history if line.failure is not None}


def reached(of: Module) -> list[State]:
    return [line.state for line in of.history if line.failure is None]


@pytest.mark.feature("CM1-03")
def test_from_power_to_the_head_end_step_by_step() -> None:
    found = on(until=60)
    assert reached(found) == list(range(State.STARTING, State.CONNECTED + 1))
    assert found.endpoint == (ip_address("192.0.2.10"), 4059)
    assert found.attach_count == 1


def test_cell_and_area_and_network_are_known_while_it_is_registered() -> None:
    found = on()
    assert found.cell == Cell(4711, 17, 204, 99, found.cell.offers if found.cell else ())
    assert found.level == "fair"
    found.power(on=False, now=700)
    assert (found.cell, found.level) == (None, "")


def test_the_best_link_of_cell_and_module_is_taken() -> None:
    for offers, link in ((("gprs", "edge"), "edge"), (("gprs", "lte-m"), "gprs")):
        found = on(net=network(cells=(Cell(1, 1, 1, 1, offers),)))
        assert found.bearer.model is not None
        assert found.bearer.model.name == link
    assert Failure.NO_TECHNOLOGY in failures(on(net=network(cells=(Cell(1, 1, 1, 1, ("lte-m",)),))))


@pytest.mark.feature("CM1-01")
def test_cm1_is_2g_only() -> None:
    for offer in ("edge", "gprs"):
        assert on(net=network(cells=(Cell(1, 1, 1, 1, (offer,)),))).state is State.CONNECTED
    for offer in ("umts", "cat1", "cat4", "lte-m"):
        assert on(net=network(cells=(Cell(1, 1, 1, 1, (offer,)),))).state is State.SEARCHING


@pytest.mark.parametrize(
    ("name", "technologies"),
    [
        pytest.param("add_gsm", {"2G", "3G", "4G"}, marks=pytest.mark.feature("AD11A-94", "AD13A-92")),
        pytest.param("sensemi_cat1", {"2G", "4G"}, marks=pytest.mark.feature("SED102-15", "SED302-17")),
        pytest.param("sensemi_4g", {"2G", "3G", "4G"}, marks=pytest.mark.feature("SM120B2-51")),
    ],
)
def test_modules_of_meters_connect_by_each_of_their_technologies(name: str, technologies: set[str]) -> None:
    used: set[str] = set()
    for offer in ("gprs", "edge", "umts", "cat1", "cat4", "lte-m"):
        found = on(name, network(cells=(Cell(1, 1, 1, 1, (offer,)),)))
        if found.state is State.CONNECTED and found.bearer.model is not None:
            used.add(found.bearer.model.technology)
    assert used == technologies


@pytest.mark.feature("SM306-49", "SM307-48")
def test_the_modules_of_sm306_and_sm307_are_rf_and_2g_and_3g_and_4g() -> None:
    way = Links.model_validate({"way": {"cellular": {"module": "sensemi_4g"}, "rf": {"model": "rf"}}})
    assert {model(name).technology for name in way.way["cellular"].links} == {"2G", "3G", "4G"}
    for offer in ("gprs", "umts", "cat4"):
        assert on("sensemi_4g", network(cells=(Cell(1, 1, 1, 1, (offer,)),))).state is State.CONNECTED
    radio = Link(way.model("rf"), seed=1)
    radio.up.receive(bytes(5_000), 0)
    radio.up.expire(60)
    assert b"".join(radio.up.outgoing()) == bytes(5_000)


@pytest.mark.feature("IQ0404100K1-R-37")
def test_the_modem_of_the_compactiq_speaks_lte_m_and_nothing_else() -> None:
    for offer, state in (("lte-m", State.CONNECTED), ("lte-m-450", State.CONNECTED), ("gprs", State.SEARCHING)):
        assert on("compactiq_lte_m", network(cells=(Cell(1, 1, 1, 1, (offer,)),))).state is state


# What stops it


def test_without_a_cell_in_reach_it_goes_on_searching() -> None:
    found = module()
    found.receive_signal(None, 0)
    found.power(on=True, now=0)
    found.expire(300)
    assert (found.state, failures(found)) == (State.SEARCHING, {Failure.NO_COVERAGE})
    found.receive_signal(Signal.of(-100), 300)
    found.expire(360)
    assert found.state is State.CONNECTED


@pytest.mark.parametrize(
    ("settings", "failure", "state"),
    [
        ({"access": replace(access(), apn="unknown")}, Failure.APN_UNKNOWN, State.REGISTERED),
        ({"access": access(user="other")}, Failure.AUTHENTICATION, State.REGISTERED),
        ({"access": access(authentication=Authentication.PAP)}, Failure.NO_COMMON_PROTOCOL, State.REGISTERED),
        ({"access": access(static="10.0.0.77")}, Failure.ADDRESS_TYPE, State.REGISTERED),
        ({"endpoints": ("head-end.example:4059",)}, Failure.NAME_UNKNOWN, State.ONLINE),
        ({"sim": Sim("1", pin="1234")}, Failure.PIN_WRONG, State.BLOCKED),
    ],
)
def test_what_is_wrong_is_told_and_ends_there(settings: dict, failure: Failure, state: State) -> None:
    found = on(until=30, **settings)
    assert (failures(found), found.state) == ({failure}, state)
    assert State.CONNECTED not in reached(found)


def test_repetitions_and_their_delay_are_settings() -> None:
    found = on(mode=Mode.ON_REQUEST, access=access(user="other"), repetitions=2, repetition_delay_s=100.0, until=60)
    found.request(100)
    found.expire(10_000)
    tried = [line.at for line in found.history if line.failure is Failure.AUTHENTICATION]
    assert tried == pytest.approx([103, 206, 309])
    found.request(20_000)
    found.expire(20_010)
    assert failures(found) == {Failure.AUTHENTICATION}
    assert sum(line.failure is not None for line in found.history) == 4


@pytest.mark.feature("IQ0404100K1-R-51")
def test_a_sim_that_is_locked_to_an_imei_is_served_in_no_other_equipment() -> None:
    locked = Sim("204990000000001", imei="111111111111111")
    stolen = on("compactiq_lte_m", sim=locked, imei="222222222222222", until=1e5)
    assert (stolen.state, failures(stolen)) == (State.BLOCKED, {Failure.IMEI_LOCKED})
    assert on("compactiq_lte_m", sim=locked, imei="111111111111111", until=1e5).state is State.CONNECTED
    stolen.insert(Sim("204990000000002"), 1e5)
    stolen.expire(2e5)
    assert stolen.state is State.CONNECTED


# Authentication, addresses, names


@pytest.mark.parametrize(
    ("asked", "secret"),
    [
        pytest.param(Authentication.PAP, "pap_secret", marks=pytest.mark.feature("IQ0404100K1-R-48")),
        pytest.param(Authentication.CHAP, "chap_secret", marks=pytest.mark.feature("IQ0404100K1-R-49")),
    ],
)
def test_user_and_secret_of_pap_and_of_chap_are_settings(asked: Authentication, secret: str) -> None:
    net = network(point={"authentication": asked, "secrets": {"meter": b"new"}})
    found = on("compactiq_lte_m", net, until=1_000)
    assert (found.state, failures(found)) == (State.REGISTERED, {Failure.AUTHENTICATION})
    found.configure(replace(found.settings, access=access(**{secret: b"new"})), 1_000)
    found.expire(2_000)
    assert found.state is State.CONNECTED


@pytest.mark.feature("IQ0404100K1-R-50")
def test_an_address_is_the_networks_choice_or_the_subscribers_own() -> None:
    net = network(point={"static": {"204990000000001": "10.0.0.5"}})
    fixed = on("compactiq_lte_m", net, access=access(static="10.0.0.5"))
    seen = [address_after_outages(fixed, net) for _ in range(3)]
    assert seen == ["10.0.0.5"] * 3
    dynamic = on("compactiq_lte_m", net, sim=Sim("2"))
    seen = [address_after_outages(dynamic, net) for _ in range(4)]
    assert len(set(seen)) == 4
    assert "10.0.0.5" not in seen


def address_after_outages(found: Module, net) -> str:
    """Address after one more outage."""
    now = found.climb.now
    net.outage(now + 10)
    net.restore(now + 20)
    found.expire(now + 5_000)
    return str(found.addresses[0])


@pytest.mark.feature("CM1-08")
def test_ipv4() -> None:
    found = on(access=access(family=Family.IPV4))
    assert [address.version for address in found.addresses] == [4]
    assert found.state is State.CONNECTED


@pytest.mark.feature("CM1-09")
def test_ipv6() -> None:
    found = on(access=access(family=Family.IPV6), endpoints=("[2001:db8:1::7]:4059",))
    assert [address.version for address in found.addresses] == [6]
    assert found.endpoint == (ip_address("2001:db8:1::7"), 4059)
    both = on(access=access(family=Family.BOTH))
    assert [address.version for address in both.addresses] == [4, 6]


def test_a_module_without_ipv6_gets_no_such_address() -> None:
    found = on("compactiq_lte_m", access=access(family=Family.IPV6))
    assert (found.addresses, failures(found)) == ((), {Failure.ADDRESS_TYPE})


@pytest.mark.feature("IQ0404100K1-R-46")
@pytest.mark.parametrize("endpoint", [HEAD_END, "head-end.example:4059"])
def test_an_endpoint_is_an_address_or_a_name(endpoint: str) -> None:
    found = on("compactiq_lte_m", network(names={"head-end.example": ("192.0.2.10",)}), endpoints=(endpoint,))
    assert (found.state, found.endpoint) == (State.CONNECTED, (ip_address("192.0.2.10"), 4059))


@pytest.mark.feature("IQ0404100K1-R-47")
def test_name_servers_come_with_the_address_and_the_second_helps_where_the_first_is_silent() -> None:
    names = {"head-end.example": ("192.0.2.10",)}
    net = network(names=names, silent_servers={"10.255.0.1"})
    found = on("compactiq_lte_m", net, endpoints=("head-end.example:4059",))
    assert found.lease is not None
    assert list(map(str, found.lease.dns)) == ["10.255.0.1", "10.255.0.2"]
    assert found.state is State.CONNECTED
    deaf = network(names=names, silent_servers={"10.255.0.1", "10.255.0.2"})
    assert failures(on("compactiq_lte_m", deaf, endpoints=("head-end.example:4059",))) == {Failure.DNS_SILENT}


def test_a_second_endpoint_helps_where_the_first_takes_no_connection() -> None:
    net = network(endpoints={("192.0.2.11", 4059)})
    found = on(net=net, endpoints=(HEAD_END, "192.0.2.11:4059"))
    assert found.endpoint == (ip_address("192.0.2.11"), 4059)


def test_an_access_point_gives_each_address_once() -> None:
    net = network()
    modules = [on(net=net, sim=Sim(str(number))) for number in range(50)]
    assert len({found.addresses for found in modules}) == 50
    crowded = [on(net=net, sim=Sim(str(number))) for number in range(50, 260)]
    assert sum(found.state is State.CONNECTED for found in modules + crowded) == 254
    assert failures(crowded[-1]) == {Failure.NO_ADDRESS}


# Who asks for a connection


@pytest.mark.feature("CM1-04", "IQ0404100K1-R-43")
@pytest.mark.parametrize("name", ["cm1", "compactiq_lte_m"])
def test_by_schedule_it_is_connected_in_its_slots_alone(name: str) -> None:
    slots = Slots(cycle_s=3_600, length_s=300, offset_s=1_800)
    found = on(name, mode=Mode.PERMANENT_IN_WINDOW, slots=slots, until=1_000)
    times = {}
    for now in range(1_000, 10_000, 10):
        found.expire(now)
        times[now] = found.state
    assert all(slots.is_open(now) for now, state in times.items() if state > State.REGISTERED)
    assert {now // 3_600 for now, state in times.items() if state is State.CONNECTED} == {0, 1, 2}
    assert [message.cause for message in found.outgoing()] == [Cause.SCHEDULE] * 3


@pytest.mark.feature("CM1-05")
def test_on_request_of_the_head_end_it_answers_a_call_and_a_message() -> None:
    callable_ = on(endpoints=(), mode=Mode.PERMANENT)
    assert callable_.state is State.ONLINE
    assert callable_.call(600)
    callable_.take(b"request", 600)
    callable_.expire(610)
    assert [arrival.data for arrival in callable_.arrived()] == [b"request"]
    sleeping = on(mode=Mode.ON_REQUEST, wakeup=Wakeup(callers=("+31600000000",)))
    assert (sleeping.state, sleeping.call(600)) == (State.REGISTERED, False)
    assert sleeping.wake("+31600000000", 600)
    sleeping.expire(620)
    assert sleeping.state is State.CONNECTED


@pytest.mark.feature("IQ0404100K1-R-45")
def test_a_wake_up_answers_with_the_words_and_to_the_place_that_are_set() -> None:
    wakeup = Wakeup(("+31600000000",), "203.0.113.9:4060", "{cause}: {imei} is at {address}")
    found = on("compactiq_lte_m", mode=Mode.ON_REQUEST, wakeup=wakeup)
    assert not found.wake("+49999", 600)
    assert found.wake("+31600000000", 600)
    found.expire(700)
    message, *more = found.outgoing()
    assert not more
    assert message.destination == "203.0.113.9:4060"
    assert message.content.decode() == f"wake-up: 123456789012345 is at {found.addresses[0]}"


def test_a_connection_on_request_ends_by_silence_and_gives_its_address_back() -> None:
    found = on(mode=Mode.ON_REQUEST)
    found.request(1_000)
    found.expire(1_100)
    first = found.addresses
    found.send(b"x", 1_100)
    found.expire(1_100 + 179)
    assert found.state is State.CONNECTED
    found.expire(1_100 + 190)
    assert (found.state, found.addresses) == (State.REGISTERED, ())
    found.request(2_000)
    found.expire(2_100)
    assert found.addresses != first
    assert found.attach_count == 2


def test_never_means_never_of_its_own_accord() -> None:
    found = on(mode=Mode.NEVER, until=1e6)
    assert found.state is State.REGISTERED


# Octets


@pytest.mark.feature("CM1-06")
def test_a_stream_needs_a_connection_and_arrives_whole() -> None:
    found = on()
    data = bytes(range(256)) * 40
    found.send(data, 600)
    found.take(data, 600)
    found.expire(700)
    came = {way: b"".join(a.data for a in found.bearer.arrived() if a.way == way) for way in ("up",)}
    assert came["up"] == data
    assert (found.bearer.traffic("up").given, found.bearer.traffic("down").given) == (len(data), len(data))
    waiting = on(endpoints=())
    with pytest.raises(LocalProtocolError, match="online: nothing can be sent"):
        waiting.send(b"x", 600)


@pytest.mark.feature("CM1-07")
def test_datagrams_need_an_address_alone_and_stay_apart() -> None:
    found = on(endpoints=())
    assert found.state is State.ONLINE
    sent = [bytes([number]) * number for number in range(1, 60)]
    for number, data in enumerate(sent):
        found.send(data, 600 + number, datagram=True)
    found.expire(900)
    came = [arrival.data for arrival in found.arrived() if arrival.is_datagram]
    assert [data for data in sent if data in came] == came
    assert 50 <= len(came) <= 59
    assert on(mode=Mode.ON_REQUEST).state is State.REGISTERED
    with pytest.raises(LocalProtocolError):
        on(mode=Mode.ON_REQUEST).send(b"x", 600, datagram=True)


def test_octets_are_counted_both_ways_through_all_connections() -> None:
    net = network()
    found = on(net=net)
    found.send(bytes(1_000), 600)
    found.expire(700)
    net.outage(700)
    net.restore(710)
    found.expire(900)
    found.take(bytes(300), 900)
    found.send(bytes(5_000), 900)
    net.outage(900.2)
    found.expire(901)
    up, down = found.bearer.traffic("up"), found.bearer.traffic("down")
    assert (up.taken, down.taken) == (6_000, 300)
    assert (up.given + up.lost, down.given + down.lost) == (6_000, 300)
    assert up.lost > 0


def test_another_access_takes_a_new_attach() -> None:
    net = network()
    net.access_points = {**net.access_points, "other.example": AccessPoint(ipv4=net.access_points[APN].ipv4)}
    found = on(net=net)
    before = found.addresses
    found.configure(replace(found.settings, access=replace(access(), apn="other.example")), 600)
    assert found.addresses == ()
    found.expire(700)
    assert found.addresses != before
    assert found.attach_count == 2
