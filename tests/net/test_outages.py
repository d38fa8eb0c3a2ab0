"""Outages: how soon modules are back, that nothing impossible happens on the way, the last gasp."""

from ipaddress import IPv4Network
from itertools import pairwise
from math import exp, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from net.radio import module, network, on
from openami.core.errors import LocalProtocolError
from openami.net.cellular import Cause, Failure, Mode, Module, Pool, Reconnection, Signal, Sim, Slots, State, Wakeup

MEAN_S, OVER_S = 60.0, 1_100


def times_back(count: int, outage: str, **given: Any) -> list[float]:
    """Seconds from the end of an outage to a connection, for many modules."""
    net = network(point={"ipv4": Pool(IPv4Network("10.0.0.0/16"))})
    found = [on("compactiq_lte_m", net, sim=Sim(str(number)), seed=number, **given) for number in range(count)]
    if outage == "network":
        net.outage(1_000)
        net.restore(OVER_S)
    for each in found:
        if outage == "power":
            each.power(on=False, now=1_000)
            each.power(on=True, now=OVER_S)
        each.expire(10_000)
    return [
        next((line.at for line in each.history if line.at > OVER_S and line.state is State.CONNECTED), float("inf"))
        - OVER_S
        for each in found
    ]


@pytest.mark.feature("IQ0404100K1-R-42")
@pytest.mark.parametrize("outage", ["power", "network"])
def test_after_an_outage_modules_come_back_at_random_a_minute_later_on_average(outage: str) -> None:
    count = 1_500
    times = times_back(count, outage)
    steps_s = min(times)
    assert abs(sum(times) / count - MEAN_S) < 4 * (MEAN_S - steps_s) / sqrt(count)
    waited = [time - steps_s for time in times]
    beyond = sum(wait > MEAN_S - steps_s for wait in waited) / count
    assert abs(beyond - exp(-1)) < 4 * sqrt(exp(-1) * (1 - exp(-1)) / count), "exponential"


@pytest.mark.feature("IQ0404100K1-R-42", "IQ0404100K1-R-44")
@pytest.mark.parametrize("outage", ["power", "network"])
def test_triggered_modules_do_not_come_back_until_they_are_asked(outage: str) -> None:
    found = on("compactiq_lte_m", net := network(), mode=Mode.ON_REQUEST, wakeup=Wakeup(callers=("1",)))
    found.request(600)
    found.expire(700)
    assert found.state is State.CONNECTED
    if outage == "power":
        found.power(on=False, now=700)
        found.power(on=True, now=800)
    else:
        found._is_asked = False
        net.outage(700)
        net.restore(800)
    found.expire(1e6)
    assert found.state is State.REGISTERED
    found.wake("1", 1e6)
    found.expire(1e6 + 10)
    assert found.state is State.CONNECTED, "at once, without a wait"


@pytest.mark.feature("IQ0404100K1-R-44")
@pytest.mark.parametrize(
    ("rule", "lowest", "highest"),
    [(Reconnection("uniform", 60), 15, 106), (Reconnection("fixed", 90), 90, 90), (Reconnection("none"), 9, 16)],
)
def test_how_it_reconnects_is_a_setting(rule: Reconnection, lowest: float, highest: float) -> None:
    times = times_back(40, "power", reconnection=rule)
    assert lowest <= min(times)
    assert max(times) <= highest


# Nothing impossible happens

MOVES = st.one_of(
    st.tuples(st.just("power"), st.booleans()),
    st.tuples(st.just("signal"), st.sampled_from([None, -110.0, -90.0, -60.0])),
    st.tuples(st.just("network"), st.booleans()),
    st.tuples(st.just("request"), st.none()),
    st.tuples(st.just("hang_up"), st.none()),
    st.tuples(st.just("call"), st.none()),
    st.tuples(st.just("wake"), st.none()),
    st.tuples(st.just("send"), st.integers(1, 20_000)),
    st.tuples(st.just("take"), st.integers(1, 3_000)),
    st.tuples(st.just("datagram"), st.integers(1, 1_000)),
)


def move(found: Module, name: str, value: Any, now: float) -> None:
    net = found.network
    match name:
        case "power":
            found.power(on=value, now=now)
        case "signal":
            found.receive_signal(None if value is None else Signal.of(value), now)
        case "network":
            (net.restore if value else net.outage)(now)
        case "wake":
            found.wake("1", now)
        case "send" | "take" | "datagram":
            try:
                if name == "take":
                    found.take(bytes(value), now)
                else:
                    found.send(bytes(value), now, datagram=name == "datagram")
            except LocalProtocolError:
                assert found.state < State.CONNECTED
        case _:
            getattr(found, name)(now)


def check(found: Module) -> None:
    """What must hold at any time."""
    assert (found.state >= State.ONLINE) == bool(found.addresses)
    assert (found.state >= State.REGISTERED) == (found.cell is not None) == (found.bearer.model is not None)
    if found.state > State.BLOCKED and found.reserve_until is None:
        assert found.product.supply.suits(found.volts)
    if found.state >= State.REGISTERED:
        assert found.network.is_up
        assert found.signal is not None
    if found.endpoint is not None:
        assert found.state is State.CONNECTED
    for way in ("up", "down"):
        counted = found.bearer.traffic(way)
        assert counted.taken + counted.again == counted.given + counted.lost + found.bearer.in_flight(way)


@settings(max_examples=200)
@given(
    st.sampled_from(["cm1", "compactiq_lte_m", "sensemi_cat1"]),
    st.sampled_from(Mode),
    st.integers(0, 2**32),
    st.lists(st.tuples(MOVES, st.floats(0, 120)), max_size=40),
)
def test_in_any_order_of_events_states_addresses_and_octets_hold_together(
    name: str, mode: Mode, seed: int, moves: list[tuple[tuple[str, Any], float]]
) -> None:
    slots = Slots(cycle_s=300, length_s=90)
    found = module(name, network(), seed=seed, mode=mode, slots=slots, wakeup=Wakeup(callers=("1",)))
    found.power(on=True, now=0)
    now, addresses = 0.0, {}
    for (kind, value), pause in moves:
        now += pause
        move(found, kind, value, now)
        check(found)
        if found.addresses:
            first = addresses.setdefault(found.attach_count, found.addresses)
            assert first == found.addresses, "changes at attach alone"
    before = [line.state for line in found.history if line.failure is None]
    for lower, upper in pairwise(before):
        assert upper <= lower + 1 or (lower, upper) == (State.OFF, State.STARTING), "no state is left out on the way up"


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.lists(st.tuples(MOVES, st.floats(0, 60)), max_size=15), st.floats(0.3, 7))
def test_how_time_is_cut_makes_no_difference(
    seed: int, moves: list[tuple[tuple[str, Any], float]], step: float
) -> None:
    whole, cut = (module("compactiq_lte_m", network(), seed=seed, wakeup=Wakeup(callers=("1",))) for _ in range(2))
    now = 0.0
    for (kind, value), pause in moves:
        later = now + pause
        while (now := now + step) < later:
            cut.expire(now)
        now = later
        for found in (whole, cut):
            move(found, kind, value, now)
    whole.expire(now + 500)
    cut.expire(now + 500)
    assert list(whole.history) == list(cut.history)
    assert whole.arrived() == cut.arrived()


# Last gasp


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("sensemi_cat1", marks=pytest.mark.feature("SED302-19")),
        pytest.param("sensemi_4g", marks=pytest.mark.feature("SM306-50", "SM307-49")),
    ],
)
def test_on_its_capacitor_a_module_still_tells_that_power_is_gone(name: str) -> None:
    found = on(name, gasp_destination="192.0.2.20:4061")
    found.power(on=False, now=600)
    (message,) = found.outgoing()
    assert (message.cause, message.destination, message.at) == (Cause.LAST_GASP, "192.0.2.20:4061", 600)
    found.send(b"last words", 600.0, datagram=True)
    found.expire(609)
    assert b"last words" in [arrival.data for arrival in found.arrived()]
    assert found.state >= State.ONLINE
    found.expire(611)
    assert found.state is State.OFF


def test_a_capacitor_that_is_half_charged_lasts_half_as_long() -> None:
    found = on("sensemi_cat1", until=30)
    found.power(on=False, now=30)
    assert found.reserve_until == pytest.approx(35)


def test_power_that_comes_back_in_time_changes_nothing() -> None:
    found = on("sensemi_cat1")
    before = found.addresses
    found.power(on=False, now=600)
    found.power(on=True, now=605)
    found.expire(700)
    assert (found.state, found.addresses, found.attach_count) == (State.CONNECTED, before, 1)


def test_without_a_capacitor_there_is_no_last_gasp() -> None:
    found = on("cm1")
    found.power(on=False, now=600)
    assert (found.state, found.outgoing()) == (State.OFF, [])


def test_the_network_is_down_and_the_module_says_so() -> None:
    net = network()
    found = on(net=net)
    net.outage(600)
    found.expire(1_000)
    assert found.history[-1].failure is Failure.NETWORK_DOWN
