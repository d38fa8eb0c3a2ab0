"""Framing found by its first octets, kept to, lost and found again; three cuts of everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import EncodeError
from openami.dlms.hdlc.address import ServerAddress
from openami.dlms.hdlc.control import Kind, supervisory, unnumbered
from openami.dlms.hdlc.frame import encode
from openami.dlms.push import Framing, Origin, Unreadable
from openami.dlms.push.deframer import Deframer
from openami.dlms.push.framing import enframe
from openami.dlms.push.segments import SHOWN
from pair import byte_by_byte, whole
from pushes import HDLC, M_BUS, ORIGINS, RAW, READABLE, WRAPPED, notification

APDU = notification().encode()
LONG = notification(size=3000).encode()
CUTS = {"whole": whole, "byte by byte": byte_by_byte, "in halves": lambda data: [data[:9], data[9:]]}


def fed(deframer, *chunks):
    return [item for chunk in chunks for item in deframer.receive(chunk)]


@pytest.mark.parametrize("cut", sorted(CUTS))
@pytest.mark.parametrize("framing", sorted(ORIGINS))
@pytest.mark.parametrize("pinned", [False, True])
def test_each_framing_is_found_and_kept_to(framing, cut, pinned):
    origin = ORIGINS[framing]
    deframer = Deframer(origin.framing if pinned else None)
    for apdu in (APDU, LONG, APDU):
        data = b"".join(enframe(origin, apdu))
        assert fed(deframer, *CUTS[cut](data)) == [(origin, apdu)]
    assert not deframer.is_waiting


@pytest.mark.parametrize("framing", sorted(ORIGINS))
def test_a_tail_waits_for_the_rest(framing):
    origin, deframer = ORIGINS[framing], Deframer()
    data = b"".join(enframe(origin, APDU))
    assert fed(deframer, data + data[:5]) == [(origin, APDU)]
    assert deframer.is_waiting
    assert fed(deframer, data[5:]) == [(origin, APDU)]


@pytest.mark.parametrize("name", READABLE)
def test_three_cuts_of_published_pushes_are_alike(dlms_vectors, name):
    data = bytes.fromhex(dlms_vectors[name]["hex"])
    found = fed(Deframer(), data)
    assert not any(isinstance(item, Unreadable) for item in found)
    for cut in sorted(CUTS):
        assert fed(Deframer(), *CUTS[cut](data)) == found
    assert fed(Deframer(), data + data[:1], data[1:]) == found * 2


def test_an_llc_header_may_stand_before_an_apdu_without_framing():
    assert fed(Deframer(), b"\xe6\xe7\x00" + APDU) == [(RAW, APDU)]
    assert fed(Deframer(), *byte_by_byte(b"\xe6\xe6\x00" + APDU)) == [(RAW, APDU)]


def test_addresses_of_hdlc_are_those_of_the_frame(dlms_vectors):
    [(origin, _)] = fed(Deframer(), bytes.fromhex(dlms_vectors["push-hdlc-iskra550"]["hex"]))
    assert origin == Origin(Framing.HDLC, b"\x02\x23", b"\xcf")
    assert ServerAddress.decode(origin.source) == ServerAddress(1, 17, 2)
    assert (origin.back.source, origin.back.destination) == (b"\xcf", b"\x02\x23")


def test_flags_between_frames_and_shared_flags_are_left_out():
    [frame] = enframe(HDLC, APDU)
    assert fed(Deframer(), b"\x7e\x7e" + frame + frame[1:] + b"\x7e\x7e" + frame) == [(HDLC, APDU)] * 3


def test_frames_that_carry_nothing_are_left_out():
    frames = [
        encode(b"\x03", b"\x21", control) for control in (supervisory(Kind.RR, 1, poll=True), unnumbered(Kind.UA))
    ]
    deframer = Deframer()
    assert fed(deframer, *frames) == []
    assert not deframer.is_waiting


@pytest.mark.parametrize("framing", ["hdlc", "m-bus", "wrapper"])
def test_a_line_joined_in_the_middle_of_a_frame(framing):
    origin = ORIGINS[framing]
    data = b"".join(enframe(origin, APDU))
    lost, *found = fed(Deframer(), data[len(data) // 2 :] + data + data)
    assert isinstance(lost, Unreadable)
    assert found == [(origin, APDU)] * 2


def test_a_damaged_frame_is_told_once_and_the_next_is_read():
    [frame] = enframe(HDLC, APDU)
    for place in range(1, len(frame) - 1):
        damaged = bytearray(frame)
        damaged[place] ^= 0x01
        deframer = Deframer(Framing.HDLC)
        found = fed(deframer, bytes(damaged) + frame * 12) + deframer.give_up()
        assert sum(isinstance(item, Unreadable) for item in found) in {1, 2}, place
        assert found.count((HDLC, APDU)) > 8, place


def test_noise_is_told_once_until_something_is_read_again():
    noise, frame = b"\x55" * 1000, enframe(WRAPPED, APDU)[0]
    found = fed(Deframer(), noise, noise, *byte_by_byte(noise), frame, noise, frame)
    assert [isinstance(item, Unreadable) for item in found] == [True, False, True, False]
    assert len(found[0].octets) == SHOWN
    assert found[0].reason == "no APDU of a push begins with 55555555"


def test_a_framing_that_is_pinned_is_the_only_one():
    [event] = fed(Deframer(Framing.WRAPPER), b"".join(enframe(HDLC, APDU)))
    assert isinstance(event, Unreadable)
    assert fed(Deframer(Framing.HDLC), enframe(WRAPPED, APDU)[0] + enframe(HDLC, APDU)[0])[1:] == [(HDLC, APDU)]


def test_what_has_begun_is_given_up_when_the_line_is_silent():
    data = b"".join(enframe(HDLC, LONG))
    deframer = Deframer()
    assert fed(deframer, data[:2500]) == []
    assert deframer.is_waiting
    reasons = [item.reason for item in deframer.give_up()]
    assert reasons == ["cut off after 458 octets", "the line is silent after 1 segments"]
    assert not deframer.is_waiting
    assert fed(deframer, data) == [(HDLC, LONG)]


def test_a_frame_behind_one_that_was_cut_off_is_not_lost():
    cut, frame = enframe(WRAPPED, LONG)[0][:100], enframe(WRAPPED, APDU)[0]
    deframer = Deframer()
    assert fed(deframer, cut + frame) == []
    lost, found = deframer.give_up()
    assert lost.reason.startswith("cut off")
    assert found == (WRAPPED, APDU)


def test_an_apdu_without_framing_begins_only_where_nothing_was_missed():
    deframer = Deframer()
    assert len(fed(deframer, b"\x55" + APDU)) == 1
    assert fed(deframer, APDU) == []
    deframer.give_up()
    assert fed(deframer, APDU, APDU) == [(RAW, APDU)] * 2


def test_a_segment_of_the_next_apdu_ends_the_one_before():
    first, *_ = enframe(HDLC, LONG)
    lost, found = fed(Deframer(), first + b"".join(enframe(HDLC, LONG)))
    assert lost.reason == "the next APDU begins after 1 segments"
    assert found == (HDLC, LONG)


def test_segments_of_several_senders_do_not_mix():
    other = HDLC._replace(source=b"\x03")
    ours, theirs = enframe(HDLC, LONG), enframe(other, LONG)
    mixed = [frame for pair in zip(ours, theirs, strict=True) for frame in pair]
    assert fed(Deframer(), *mixed) == [(HDLC, LONG), (other, LONG)]


def test_there_is_an_end_to_senders_and_to_segments():
    firsts = [enframe(HDLC._replace(source=bytes((2 * n + 1,))), LONG)[0] for n in range(20)]
    for limit, kept in ((0xFFFF, 4), (5000, 2)):
        lost = fed(Deframer(max_apdu=limit), *firsts)
        assert {item.reason for item in lost} == {"too many senders at once after 1 segments"}
        assert len(lost) == 20 - kept
    segment = encode(b"\x03", b"\x21", unnumbered(Kind.UI), bytes(1500), is_segmented=True)
    reasons = [item.reason for item in fed(Deframer(max_apdu=4000), *[segment] * 3)]
    assert reasons == ["APDU of more than 4000 octets after 3 segments"]


def test_an_apdu_that_is_too_long_is_refused_by_its_head():
    [event] = fed(Deframer(max_apdu=1000), enframe(WRAPPED, LONG)[0])
    assert event.reason == f"APDU of {len(LONG)} octets, at most 1000 are taken"


@pytest.mark.parametrize("origin", [Origin(Framing.WRAPPER, b"\x03", b"\x21"), Origin(Framing.HDLC, 1, 16)])
def test_addresses_of_another_framing_are_not_sent(origin):
    with pytest.raises(EncodeError):
        enframe(origin, APDU)


chunks = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [b"\x7e\xa0", b"\x00\x01", b"\x68\x05\x05\x68", b"\xdb\x08", b"\x0f", b"\xe0", b"\xe6\xe7\x00"]
        ),
        st.sampled_from([frame for origin in (WRAPPED, HDLC, M_BUS, RAW) for frame in enframe(origin, APDU)]),
    ),
    max_size=12,
)


@given(chunks, st.sampled_from([None, *Framing]))
def test_any_octets_give_the_same_in_any_cut(parts, framing):
    data = b"".join(parts)
    at_once, split, single = Deframer(framing), Deframer(framing), Deframer(framing)
    found = fed(at_once, data)
    readable = [item for item in found if not isinstance(item, Unreadable)]
    for deframer, cut in ((split, parts), (single, byte_by_byte(data))):
        others = fed(deframer, *cut)
        assert [item for item in others if not isinstance(item, Unreadable)] == readable
        assert sum(isinstance(item, Unreadable) for item in others) == len(found) - len(readable)
    at_once.give_up()
    assert not at_once.is_waiting
    assert fed(at_once, b"") == []
