"""RLRQ and RLRE: the worked examples, the habits of meters, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms.acse import RLRE, RLRQ, ReleaseRequestReason, ReleaseResponseReason
from openami.dlms.xdlms import Conformance, InitiateResponse

GLO_REQUEST = bytes.fromhex(
    "21303001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855"
)
GLO_RESPONSE = bytes.fromhex("281f3001234567891214a0845e475714383f65bc19745ca235906525e4f3e1c893")
QUALITY = InitiateResponse(Conformance(0x001E1D), 1224, negotiated_quality_of_service=0)
EXAMPLES = {
    "rlrq-plain": RLRQ(ReleaseRequestReason.NORMAL),
    "rlrq-ciphered": RLRQ(ReleaseRequestReason.NORMAL, GLO_REQUEST),
    "rlre-plain": RLRE(ReleaseResponseReason.NORMAL),
    "rlre-initiate": RLRE(ReleaseResponseReason.NORMAL, QUALITY.encode()),
    "rlre-ciphered": RLRE(ReleaseResponseReason.NORMAL, GLO_RESPONSE),
}
releases = st.builds(
    RLRQ, st.none() | st.sampled_from(ReleaseRequestReason), st.none() | st.binary(max_size=300)
) | st.builds(RLRE, st.none() | st.sampled_from(ReleaseResponseReason), st.none() | st.binary(max_size=300))


@pytest.mark.parametrize(("name", "release"), EXAMPLES.items())
def test_worked_examples_read_and_write(dlms_vectors, name, release):
    data = bytes.fromhex(dlms_vectors[name]["hex"])
    found = type(release).decode(data)
    assert found == release
    assert found.reason == dlms_vectors[name]["expected"]["reason"]
    assert release.encode() == data


def test_a_meter_s_quality_of_service_is_kept(dlms_vectors):
    found = RLRE.decode(bytes.fromhex(dlms_vectors["rlre-initiate"]["hex"]))
    assert InitiateResponse.decode(found.user_information) == QUALITY


@pytest.mark.parametrize(("empty", "kind"), [("6200", RLRQ), ("6300", RLRE)])
def test_habit_nothing_inside(empty, kind):
    found = kind.decode(bytes.fromhex(empty))
    assert found == kind(None, None)
    assert found.encode() == bytes.fromhex(empty)


@pytest.mark.parametrize(("empty", "kind"), [("6200", RLRQ), ("6300", RLRE)])
def test_habit_octets_behind_it(empty, kind):
    assert kind.decode(bytes.fromhex(empty + "0000")) == kind(None, None)


@given(releases, st.binary(max_size=5))
def test_releases_come_back_with_or_without_a_tail(release, tail):
    assert type(release).decode(release.encode() + tail) == release


@pytest.mark.parametrize(
    ("kind", "data", "offset", "said"),
    [
        (RLRQ, "6300", 0, "expected 62"),
        (RLRE, "6200", 0, "expected 63"),
        (RLRQ, "6203800102", 4, "reason 2 is reserved"),
        (RLRQ, "62028000", 4, "without contents"),
        (RLRE, "63", 1, "missing"),
    ],
)
def test_what_is_no_release_is_refused_with_its_place(kind, data, offset, said):
    with pytest.raises(DecodeError, match=said) as caught:
        kind.decode(bytes.fromhex(data))
    assert caught.value.offset == offset


@given(st.sampled_from([RLRQ, RLRE]), st.binary(max_size=20))
def test_any_octets_are_a_release_or_refused(kind, noise):
    tag = b"\x62" if kind is RLRQ else b"\x63"
    for data in (noise, tag + bytes((len(noise),)) + noise):
        if (found := decoded_or_refused(kind.decode, data)) is not None:
            assert kind.decode(found.encode()) == found
