"""Lines against formulas: how long octets take, how many are lost, what stays of them."""

from itertools import pairwise
from math import ceil, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DefinitionError
from openami.net.links import Line, Link, LinkModel, Way, model, models

QUIET = {"jitter_ms": 0.0, "loss": 0.0}


def quiet(name: str) -> LinkModel:
    """A link without chance."""
    found = model(name)
    ways = {side: Way(**{**fields(getattr(found, side)), **QUIET}) for side in ("up", "down")}
    return LinkModel(**{**fields(found), **ways})


def fields(value: object) -> dict:
    return {name: getattr(value, name) for name in type(value).__slots__}


def through(line: Line, until: float = 1e9) -> tuple[list[bytes], float]:
    """All that comes out, and when the last of it does."""
    out: list[bytes] = []
    last = 0.0
    while line.deadline is not None and line.deadline <= until:
        last = line.deadline
        line.expire(last)
        out += line.outgoing()
    return out, last


@pytest.mark.feature("CM1-02")
@pytest.mark.parametrize("octets", [1, 100, 1400, 1401, 10_000])
def test_gprs_class_12_carries_four_slots_of_13_4_kilobits(octets: int) -> None:
    """3GPP TS 45.002, annex B: class 12 sends in up to 4 slots; CS-2 carries 13.4 kbit/s in each (TS 45.003)."""
    link = Link(quiet("gprs"))
    link.up.receive(bytes(octets), 100.0)
    out, last = through(link.up)
    headers = ceil(octets / 1400) * 40
    assert last - 100.0 == pytest.approx((octets + headers) * 8 / (4 * 13_400) + 0.35)
    assert b"".join(out) == bytes(octets)
    assert last - 100.0 == pytest.approx(quiet("gprs").time_s(model("gprs").up, octets))


@pytest.mark.parametrize("name", models())
def test_every_link_carries_at_its_rate(name: str) -> None:
    link = Link(quiet(name))
    for line, start in ((link.up, 1e3), (link.down, 1e5)):
        line.receive(bytes(20_000), start)
        last = through(line)[1]
        assert last - start == pytest.approx(link.model.time_s(line.way, 20_000))


@pytest.mark.parametrize(("loss", "seed"), [(0.01, 1), (0.1, 2), (0.5, 3)])
def test_so_many_datagrams_are_lost_as_is_said(loss: float, seed: int) -> None:
    count = 4_000
    link = Link(LinkModel("x", "x", Way(loss=loss, backlog=1 << 30), Way()), seed=seed, is_stream=False)
    for place in range(count):
        link.up.receive(place.to_bytes(4, "big"), float(place))
    out, _ = through(link.up)
    spread = sqrt(count * loss * (1 - loss))
    assert abs(count - len(out) - count * loss) < 4 * spread
    assert link.up.traffic.packets_lost == count - len(out)


def test_a_datagram_in_fragments_is_lost_with_each_of_them() -> None:
    count, loss = 3_000, 0.1
    way = Way(loss=loss, packet=100, backlog=1 << 30)
    link = Link(LinkModel("x", "x", way, Way()), seed=5, is_stream=False)
    for place in range(count):
        link.up.receive(bytes(250), float(place))
    out, _ = through(link.up)
    arrives = (1 - loss) ** 3
    assert abs(len(out) - count * arrives) < 4 * sqrt(count * arrives * (1 - arrives))


def test_duplicates_and_disorder_come_as_often_as_is_said() -> None:
    count = 4_000
    way = Way(duplicate=0.05, reorder=0.1, reorder_ms=1_500, backlog=1 << 30)
    link = Link(LinkModel("x", "x", way, Way()), seed=7, is_stream=False)
    for place in range(count):
        link.up.receive(place.to_bytes(4, "big"), float(place))
    out = [int.from_bytes(data, "big") for data in through(link.up)[0]]
    late = sum(after < before for before, after in pairwise(out))
    assert abs(late - 0.1 * count) < 5 * sqrt(count * 0.09)
    assert abs(len(out) - count - 0.045 * count) < 5 * sqrt(count * 0.045)
    assert sorted(set(out)) == list(range(count))


def test_a_lost_packet_of_a_stream_costs_a_retry_and_holds_up_the_rest() -> None:
    """With the seed at which the first packet alone is lost, once."""
    way, calm = Way(rate_bps=8_000, loss=0.3, packet=100), Way(rate_bps=8_000, packet=100)
    seed = next(s for s in range(1000) if first_alone_is_lost(way, s))
    link = Link(LinkModel("x", "x", way, calm, retry_ms=700), seed=seed)
    link.up.receive(bytes(300), 0.0)
    link.up.expire(0.79)
    assert link.up.outgoing() == []
    out, last = through(link.up)
    assert b"".join(out) == bytes(300)
    assert last == pytest.approx(0.1 + 0.7 + 0.1 + 0.2)
    assert link.up.traffic.on_line == 400


def first_alone_is_lost(way: Way, seed: int) -> bool:
    link = Link(LinkModel("x", "x", way, way), seed=seed)
    link.up.receive(bytes(100), 0.0)
    lost = link.up.traffic.packets_lost
    link.up.receive(bytes(200), 0.0)
    return lost == 1 and link.up.traffic.packets_lost == 1


def test_where_one_side_sends_at_a_time_the_other_waits() -> None:
    both = Way(rate_bps=8_000)
    half = Link(LinkModel("x", "x", both, both, half_duplex=True, turn_around_ms=50))
    full = Link(LinkModel("x", "x", both, both))
    for link in (half, full):
        link.up.receive(bytes(1000), 0.0)
        link.down.receive(bytes(1000), 0.0)
    assert (through(half.up)[1], through(half.down)[1]) == pytest.approx((1.0, 2.05))
    assert (through(full.up)[1], through(full.down)[1]) == pytest.approx((1.0, 1.0))


def test_a_full_line_says_so_and_loses_datagrams() -> None:
    way = Way(rate_bps=8_000, backlog=1_000)
    stream = Link(LinkModel("x", "x", way, way))
    stream.up.receive(bytes(999), 0.0)
    assert not stream.up.is_full
    stream.up.receive(bytes(1), 0.0)
    assert stream.up.is_full
    datagrams = Link(LinkModel("x", "x", way, way), is_stream=False)
    for _ in range(3):
        datagrams.up.receive(bytes(400), 0.0)
    assert datagrams.up.traffic.lost == 400


@given(
    st.integers(0, 2**32),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 3_000), st.floats(0, 5), st.booleans()), max_size=30),
)
def test_octets_are_conserved_and_a_stream_keeps_their_order(
    seed: int, is_stream: bool, moves: list[tuple[int, float, bool]]
) -> None:
    way = Way(rate_bps=50_000, delay_ms=100, jitter_ms=80, loss=0.2, duplicate=0.1, reorder=0.1, packet=500)
    link = Link(LinkModel("x", "x", way, way, half_duplex=True), seed=seed, is_stream=is_stream)
    now, sent, came = 0.0, bytearray(), bytearray()
    for octets, pause, is_cut in moves:
        now += pause
        data = bytes((len(sent) + place) % 251 for place in range(octets))
        sent += data
        link.up.receive(data, now)
        link.up.expire(now)
        came += b"".join(link.up.outgoing())
        if is_cut:
            link.cut()
        counted = link.up.traffic
        assert counted.taken + counted.again == counted.given + counted.lost + link.up.in_flight
        assert (counted.taken, counted.given) == (len(sent), len(came))
    if is_stream and not any(is_cut for *_, is_cut in moves):
        came += b"".join(through(link.up)[0])
        assert came == sent


@given(st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_line(seed: int) -> None:
    def run() -> tuple[list[bytes], float]:
        link = Link(model("rf"), seed=seed, is_stream=False)
        for place in range(20):
            link.up.receive(bytes([place]) * 50, place / 10)
        return through(link.up)

    assert run() == run()


@pytest.mark.feature("AD11A-95", "AD13A-93")
def test_fibre_is_faster_than_any_radio_and_loses_nothing() -> None:
    times = {name: found.time_s(found.up, 10_000) for name, found in models().items()}
    assert min(times, key=times.__getitem__) == "fibre"
    link = Link(model("fibre"), is_stream=False)
    for place in range(1_000):
        link.up.receive(bytes(1_000), float(place))
        link.up.expire(place + 0.5)
    assert len(link.up.outgoing()) == 1_000


def test_a_link_that_there_is_not() -> None:
    with pytest.raises(DefinitionError, match="there are gprs, edge"):
        model("carrier pigeon")


@pytest.mark.parametrize("wrong", [{"loss": 1.0}, {"rate_bps": 0.0}, {"delay_ms": -1.0}, {"packet": 0}])
def test_figures_that_no_link_has_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        Way(**wrong)
