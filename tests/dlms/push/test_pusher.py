"""The sending end opposite the receiving one: delivery, confirmation, retries, and a line that fails."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import ConnectionLost, EncodeError, LinkTimeout, LocalProtocolError, SecurityError
from openami.core.obis import OBIS
from openami.dlms.gateway import Header
from openami.dlms.push import Attempt, Delivered, Failed, MemoryCounters, Opener, Pushed, Pusher
from openami.dlms.push.framing import enframe
from openami.dlms.security import Policy
from openami.dlms.xdlms import AttributeDescriptor, DataNotificationConfirm, EventNotificationRequest
from pair import CLIENT_TITLE
from pushes import KEYS, ORIGINS, WRAPPED, hear, listener, notification, one, sealer

LOST = ConnectionLost("gone")


def delays(*seconds):
    """Retries after these seconds each."""
    return lambda retry: seconds[retry - 1] if retry <= len(seconds) else None


class Both:
    """A pusher and a listener joined; `now` is the only clock."""

    def __init__(self, *, listening: dict[str, Any] | None = None, **facts: Any) -> None:
        self.pusher = Pusher(facts.pop("origin", WRAPPED), **facts)
        self.ear = listener(**(listening or {}))
        self.now = 0.0
        self.heard: list[Any] = []
        self.events: list[Any] = []

    def run(self, *, hears: bool = True, answers: bool = True, connects: bool = True) -> "Both":
        """Go to the pusher's next deadline, and on as far as that leads."""
        assert self.pusher.deadline is not None
        self.now = max(self.now, self.pusher.deadline)
        self.take(self.pusher.expire(self.now), connects=connects)
        for data in self.pusher.outgoing():
            self.heard += hear(self.ear, data) if hears else []
        for data in self.ear.outgoing():
            self.take(self.pusher.receive(data, self.now) if answers else [])
        return self

    def take(self, events, *, connects=True):
        self.events += events
        for event in events:
            if isinstance(event, Attempt):
                self.take(self.pusher.connected(self.now) if connects else self.pusher.broken(LOST, self.now))


@pytest.mark.parametrize("protected", [False, True])
@pytest.mark.parametrize("framing", sorted(ORIGINS))
def test_a_push_is_on_its_way_once_it_is_sent(framing, protected):
    both = Both(origin=ORIGINS[framing], sealer=sealer() if protected else None)
    both.pusher.push(notification(), both.now)
    both.run()
    assert both.events == [Attempt(1), Delivered(notification(), False)]
    push = one(both.heard)
    assert (push.notification, push.origin) == (notification(), ORIGINS[framing])
    assert push.protection.authenticated is protected
    assert both.pusher.deadline is None


@pytest.mark.parametrize("framing", sorted(ORIGINS))
def test_a_confirmed_push_is_delivered_by_its_confirmation(framing):
    opener = Opener(
        keys=lambda title: KEYS if title == CLIENT_TITLE else None, counters=MemoryCounters(), least=Policy.AE
    )
    ours = {"own_title": CLIENT_TITLE, "send_counter": lambda _title: 1}
    both = Both(origin=ORIGINS[framing], sealer=sealer(), opener=opener, listening=ours)
    both.pusher.push(notification(confirmed=True), both.now)
    both.run()
    assert both.events == [Attempt(1), Delivered(notification(confirmed=True), True)]
    assert both.pusher.deadline is None


def test_a_push_waits_its_random_time():
    both = Both()
    both.pusher.push(notification(), now=100.0, delay_s=17.5)
    assert both.pusher.deadline == 117.5
    assert both.pusher.expire(117.0) == []
    assert both.pusher.connected(117.0) == []
    assert both.run().now == 117.5


def test_a_push_that_is_not_confirmed_is_sent_again_under_a_new_counter():
    both = Both(sealer=sealer(), confirm_s=10.0, repeat=delays(30.0, 60.0), listening={"confirm": "later"})
    both.pusher.push(notification(confirmed=True), both.now)
    times = [both.run().now for _ in range(5)]
    assert times == [0.0, 10.0, 40.0, 50.0, 110.0]
    assert [push.protection.counter for push in both.heard] == [1, 2, 3]
    both.run()
    *attempts, failed = both.events
    assert attempts == [Attempt(1), Attempt(2), Attempt(3)]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, LinkTimeout)
    assert str(failed.error) == "no confirmation within 10 s"


def test_a_line_that_cannot_be_opened_is_tried_again():
    both = Both(repeat=delays(5.0))
    both.pusher.push(notification(), both.now)
    both.run(connects=False)
    assert both.pusher.deadline == 5.0
    both.run()
    assert both.events == [Attempt(1), Attempt(2), Delivered(notification(), False)]


def test_a_line_that_breaks_before_the_confirmation_is_tried_again_or_given_up():
    both = Both(listening={"confirm": "never"})
    both.pusher.push(notification(confirmed=True), both.now)
    both.run()
    assert both.pusher.broken(LOST, both.now) == [Failed(notification(confirmed=True), LOST)]
    assert both.pusher.broken(LOST, both.now) == []
    both.pusher.push(notification(8), both.now)
    both.run()
    assert [push.notification.invoke_id for push in both.heard] == [7, 8]


def test_one_push_at_a_time():
    both = Both()
    both.pusher.push(notification(), 0.0)
    with pytest.raises(LocalProtocolError, match="waits for the time of the next attempt"):
        both.pusher.push(notification(), 0.0)


@pytest.mark.parametrize(
    "apdu",
    [
        DataNotificationConfirm(8).encode(),
        notification(7).encode(),
        b"\x10\0",
        b"\xdb\0",
        b"\xe6",
        sealer().seal(DataNotificationConfirm(7).encode())[:-1] + b"\0",
    ],
)
def test_what_is_no_confirmation_of_it_confirms_nothing(apdu):
    pusher = Pusher(WRAPPED, opener=Opener(keys=lambda _: KEYS, counters=MemoryCounters()))
    pusher.push(notification(confirmed=True), 0.0)
    pusher.expire(0.0)
    pusher.connected(0.0)
    assert pusher.receive(enframe(WRAPPED.back, apdu)[0], 0.0) == []
    assert pusher.receive(enframe(WRAPPED.back, DataNotificationConfirm(7).encode())[0], 0.0)


def test_a_confirmation_in_clear_is_none_where_it_must_be_protected():
    pusher = Pusher(WRAPPED, opener=Opener(keys=lambda _: KEYS, counters=MemoryCounters(), least=Policy.AE))
    pusher.push(notification(confirmed=True), 0.0)
    pusher.expire(0.0)
    pusher.connected(0.0)
    assert pusher.receive(enframe(WRAPPED.back, DataNotificationConfirm(7).encode())[0], 0.0) == []


def test_a_long_push_goes_in_blocks():
    both = Both(sealer=sealer(), max_pdu=200)
    both.pusher.push(notification(size=5000), both.now)
    both.run()
    assert one(both.heard).notification == notification(size=5000)


def test_a_push_that_cannot_be_sent_fails():
    both = Both(max_pdu=7)
    both.pusher.push(notification(), both.now)
    failed = both.run().events[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, EncodeError)

    def spent() -> int:
        message = "the key must be changed"
        raise SecurityError(message)

    both = Both(sealer=type(sealer())(KEYS, CLIENT_TITLE, spent))
    both.pusher.push(notification(), both.now)
    failed = both.run().events[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, SecurityError)


def test_events_are_pushed_too_and_never_confirmed():
    event = EventNotificationRequest(None, AttributeDescriptor(1, OBIS.parse("0.0.97.98.0.255"), 2), b"\x06\0\0\0\1")
    both = Both(sealer=sealer())
    both.pusher.push(event, both.now)
    assert both.run().events[-1] == Delivered(event, False)
    assert one(both.heard).notification == event


def test_through_a_gateway_and_back():
    both = Both(origin=WRAPPED._replace(gateway=Header(2, b"\x01\x02")))
    both.pusher.push(notification(confirmed=True), both.now)
    assert both.run().events[-1] == Delivered(notification(confirmed=True), True)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=8), st.booleans())
def test_whatever_the_line_loses_a_push_is_delivered_or_fails(weather, confirmed):
    both = Both(sealer=sealer(), repeat=delays(*[1.0] * 7))
    both.pusher.push(notification(confirmed=confirmed), both.now)
    turns = iter(weather)
    while both.pusher.deadline is not None:
        connects, hears, answers = next(turns, (True, True, True))
        both.run(connects=connects, hears=hears, answers=answers)
    *_, last = both.events
    assert isinstance(last, Delivered | Failed)
    assert all(isinstance(event, Pushed) for event in both.heard)
    if isinstance(last, Failed):
        assert len([event for event in both.events if isinstance(event, Attempt)]) == 8


@given(st.binary(max_size=60))
def test_any_octets_to_a_pusher(noise):
    for datagrams in (False, True):
        pusher = Pusher(WRAPPED, datagrams=datagrams, opener=Opener(keys=lambda _: KEYS, counters=MemoryCounters()))
        pusher.push(notification(confirmed=True), 0.0)
        pusher.expire(0.0)
        pusher.connected(0.0)
        assert pusher.receive(noise, 0.0) == []
        assert pusher.receive(enframe(WRAPPED.back, noise)[0], 0.0) == []
