"""The receiving end: what it answers, what it joins, and that nothing stops it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import LocalProtocolError
from openami.dlms.gateway import REQUEST, RESPONSE, Header
from openami.dlms.push import Framing, Pushed, Unreadable
from openami.dlms.push.blocks import in_blocks
from openami.dlms.push.deframer import Deframer
from openami.dlms.push.framing import enframe
from openami.dlms.security import SendCounter
from openami.dlms.xdlms import (
    DataNotification,
    DataNotificationConfirm,
    GeneralBlockTransfer,
    GetResponseNormal,
    decode,
)
from pair import CLIENT_TITLE, SERVER_TITLE, byte_by_byte, whole
from pushes import HDLC, M_BUS, ORIGINS, RAW, WRAPPED, hear, keys_of, listener, notification, one, sealer

CUTS = {"whole": whole, "byte by byte": byte_by_byte}
OURS = {"own_title": CLIENT_TITLE, "send_counter": lambda _title: 9}
INSIDE = Header(1, b"meter 1")


def sent(push, origin=WRAPPED, seal=None):
    """Octets of a push."""
    apdu = push.encode()
    return b"".join(enframe(origin, seal.seal(apdu) if seal else apdu))


def answer(ear):
    """The one APDU a listener has sent, and which way."""
    [data] = ear.outgoing()
    [(origin, apdu)] = Deframer(Framing.RAW if data[:1] in b"\x10\xdb" else None).receive(data)
    return origin, apdu


@pytest.mark.parametrize("cut", sorted(CUTS))
@pytest.mark.parametrize("framing", sorted(ORIGINS))
def test_pushes_arrive_by_any_framing(framing, cut):
    origin, ear = ORIGINS[framing], listener()
    data = sent(notification(1), origin) + sent(notification(2, size=900), origin, sealer())
    first, second = hear(ear, *CUTS[cut](data))
    assert (first.notification, first.origin, first.title) == (notification(1), origin, b"")
    assert (second.notification, second.origin, second.title) == (notification(2, size=900), origin, SERVER_TITLE)
    assert ear.outgoing() == []
    assert ear.deadline is None


@pytest.mark.parametrize("framing", sorted(ORIGINS))
def test_a_confirmation_goes_back_the_same_way(framing):
    origin, ear = ORIGINS[framing], listener()
    push = one(hear(ear, sent(notification(5, confirmed=True), origin)))
    assert (push.wants_confirmation, push.unconfirmed) == (True, "")
    way, apdu = answer(ear)
    assert way == origin.back
    assert decode(apdu) == DataNotificationConfirm(push.notification.long_invoke)


def test_a_confirmation_is_sealed_in_kind():
    ear, meter = listener(**OURS), listener(keys=lambda _: sealer().keys)
    push = one(hear(ear, sent(notification(5, confirmed=True), seal=sealer())))
    _, apdu = answer(ear)
    plain, title, protection = meter.acceptance.opener().open(apdu, b"")
    assert decode(plain) == DataNotificationConfirm(push.notification.long_invoke)
    assert (title, protection) == (CLIENT_TITLE, push.protection._replace(counter=9))


def test_a_confirmation_that_cannot_be_sealed_is_said():
    push = one(hear(listener(), sent(notification(5, confirmed=True), seal=sealer())))
    assert push.unconfirmed == "a protected confirmation needs keys, a system title and a counter of our own"


def test_confirming_later_and_never():
    later, never = listener(confirm="later"), listener(confirm="never")
    data = sent(notification(5, confirmed=True))
    push = one(hear(later, data))
    assert one(hear(never, data)) == push
    assert later.outgoing() == never.outgoing() == []
    later.confirm(push, bytes(12))
    assert decode(answer(later)[1]) == DataNotificationConfirm(push.notification.long_invoke, bytes(12))
    with pytest.raises(LocalProtocolError, match="does not ask"):
        later.confirm(one(hear(later, sent(notification(6)))))


def test_a_push_whose_body_is_no_data_is_not_confirmed():
    ear = listener()
    [event] = hear(ear, sent(DataNotification(0x40000001, b"", b"\x02\x05\x11")))
    assert isinstance(event, Unreadable)
    assert ear.outgoing() == []


def test_a_push_through_a_gateway_is_answered_through_it():
    ear = listener()
    push = notification(5, confirmed=True)
    event = one(hear(ear, b"".join(enframe(WRAPPED._replace(gateway=INSIDE), push.encode(), RESPONSE))))
    assert event.origin.gateway == INSIDE
    [data] = ear.outgoing()
    prefix = INSIDE.encode(REQUEST)
    assert data[8:].startswith(prefix)
    assert decode(data[8 + len(prefix) :]) == DataNotificationConfirm(push.long_invoke)


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_the_published_push_in_blocks(dlms_vectors, cut):
    vector = dlms_vectors["push-hdlc-landis-gyr-e450"]
    ear, data = listener(**keys_of(vector)), bytes.fromhex(vector["hex"])
    push = one(hear(ear, *CUTS[cut](data)))
    assert push.notification.encode().hex() == vector["expected"]["plain"]
    assert ear.outgoing() == [], "it streams, and asks for nothing"
    assert ear.deadline is None


@pytest.mark.parametrize("framing", sorted(ORIGINS))
def test_blocks_of_our_own(framing):
    origin, long = ORIGINS[framing], notification(size=2000)
    apdus = in_blocks(sealer().seal(long.encode()), 300)
    assert len(apdus) == 8
    assert all(len(apdu) <= 300 for apdu in apdus)
    data = [frame for apdu in apdus for frame in enframe(origin, apdu)]
    assert one(hear(listener(), *data)).notification == long


def test_blocks_that_want_it_are_confirmed():
    first, *_, last = (GeneralBlockTransfer.decode(apdu) for apdu in in_blocks(notification(size=200).encode(), 128))
    ear = listener()
    for block, number in ((first, 1), (last, 2)):
        asking = GeneralBlockTransfer(block.last_block, False, 1, number, 0, block.block_data).encode()
        events = hear(ear, *enframe(WRAPPED, asking))
        reply = decode(answer(ear)[1])
        assert (reply.block_number, reply.block_number_ack, reply.block_data) == (1, number, b"")
        assert reply.last_block is block.last_block
    assert one(events).notification == notification(size=200)


def test_blocks_that_are_missing_are_told_when_the_line_is_silent():
    ear = listener(gap_s=5.0)
    first, _, last = in_blocks(notification(size=300).encode(), 128)
    assert hear(ear, *enframe(WRAPPED, first), *enframe(WRAPPED, last), now=100.0) == []
    assert ear.deadline == 105.0
    assert ear.expire(104.0) == []
    [event] = ear.expire(105.0)
    assert event.reason == "blocks of a push are missing"
    assert ear.deadline is None


def test_the_first_block_of_the_next_push_ends_the_one_before():
    ear = listener()
    apdus = in_blocks(notification(8, size=300).encode(), 128)
    hear(ear, *enframe(WRAPPED, in_blocks(notification(7, size=300).encode(), 128)[0]))
    assert one(hear(ear, *(frame for apdu in apdus for frame in enframe(WRAPPED, apdu)))).notification.invoke_id == 8


def test_blocks_without_end_are_refused():
    ear = listener(max_apdu=1000)
    events = []
    for number in range(1, 40):
        block = GeneralBlockTransfer(False, True, 0, number, 0, bytes(100)).encode()
        events += hear(ear, *enframe(WRAPPED, block))
    assert {event.reason for event in events} == {"blocks of an APDU of more than 1000 octets"}


def test_blocks_of_too_many_senders_are_forgotten():
    ear = listener()
    origins = [HDLC._replace(source=bytes((2 * number + 1,))) for number in range(9)]
    apdus = in_blocks(notification(size=200).encode(), 128)
    for apdu in apdus:
        events = [event for origin in origins for event in hear(ear, *enframe(origin, apdu))]
    assert events == []
    assert ear.deadline is not None
    assert len(ear.finish()) <= 4
    assert one(hear(ear, *(frame for apdu in apdus for frame in enframe(origins[0], apdu))))


def test_gaps_inside_a_push_are_waited_for():
    ear = listener(gap_s=10.0)
    frames = enframe(HDLC, notification(size=5000).encode())
    assert len(frames) == 3
    events = []
    for number, frame in enumerate(frames):
        events += ear.receive(frame[:40], now=6.0 * number)
        events += ear.expire(6.0 * number + 3.0)
        events += ear.receive(frame[40:], now=6.0 * number + 3.0)
    assert one(events).notification == notification(size=5000)


def test_a_datagram_is_whole_or_unreadable():
    ear = listener(datagrams=True)
    data = sent(notification())
    [event] = hear(ear, data[:-1])
    assert event.reason == f"cut off after {len(data) - 1} octets"
    assert one(hear(ear, data)).notification == notification()
    assert len(hear(ear, data + data)) == 2


@pytest.mark.parametrize(
    ("apdu", "said"),
    [
        (GetResponseNormal(1, b"\x11\1").encode(), "GetResponseNormal is no push"),
        (DataNotificationConfirm(1).encode(), "DataNotificationConfirm is no push"),
        (b"\xfe\0", "no known tag"),
        (b"\xe7\x01", "gateway header"),
        (b"\xe7\x01\x00", "begins with nothing"),
        (in_blocks(in_blocks(bytes(900), 128)[0], 60)[0], None),
    ],
)
def test_apdus_that_are_no_pushes_are_told(apdu, said):
    events = hear(listener(), *enframe(WRAPPED, apdu))
    assert [said in event.reason for event in events] == ([True] if said else [])


def test_wraps_in_wraps_have_an_end():
    apdu = notification().encode()
    for number in range(6):
        apdu = sealer(start=9 - number).seal(apdu)
    [event] = hear(listener(), *enframe(WRAPPED, apdu))
    assert isinstance(event, Unreadable)


def test_what_is_open_when_the_connection_ends_is_told():
    ear = listener()
    hear(ear, sent(notification())[:20])
    [event] = ear.finish()
    assert event.reason == "cut off after 20 octets"
    assert ear.finish() == []


pieces = st.one_of(
    st.binary(max_size=50),
    st.sampled_from([sent(notification(), origin) for origin in (WRAPPED, HDLC, M_BUS, RAW)]),
    st.sampled_from([sent(notification(size=300), origin, sealer(protection=0x20)) for origin in (WRAPPED, HDLC)]),
    st.sampled_from([enframe(WRAPPED, apdu)[0] for apdu in in_blocks(notification(size=300).encode(), 128)]),
    st.binary(max_size=30).map(lambda noise: enframe(WRAPPED, b"\xdb\x08" + SERVER_TITLE + noise)[0]),
    st.binary(max_size=30).map(lambda noise: enframe(WRAPPED, b"\xe0" + noise)[0]),
    st.binary(max_size=30).map(lambda noise: enframe(WRAPPED, b"\x0f\0\0\0\1\0" + noise)[0]),
)


@given(st.lists(pieces, max_size=12), st.booleans(), st.sampled_from([None, *Framing]))
def test_any_octets_give_events_and_the_listener_goes_on(chunks, datagrams, framing):
    ear = listener(datagrams=datagrams, framing=framing, unauthenticated=True)
    for now, chunk in enumerate(chunks):
        assert all(isinstance(event, Pushed | Unreadable) for event in ear.receive(chunk, float(now)))
    ear.finish()
    assert ear.deadline is None
    if framing is not None:
        assert one(hear(ear, sent(notification(), ORIGINS[framing.value])))


@settings(max_examples=30)
@given(st.data())
def test_a_changed_octet_gives_events(data):
    octets = bytearray(sent(notification(size=40), HDLC, sealer(protection=0x20)))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    ear = listener(unauthenticated=True)
    hear(ear, bytes(octets))
    ear.finish()
    assert one(hear(ear, sent(notification(), HDLC)))


def test_the_counter_of_the_answer_is_the_meters():
    counters = {SERVER_TITLE: SendCounter(70)}
    ear = listener(own_title=CLIENT_TITLE, send_counter=lambda title: counters[title].take())
    hear(ear, sent(notification(5, confirmed=True), RAW, sealer()))
    assert answer(ear)[1][12:16] == bytes((0, 0, 0, 70))
