"""Ciphered APDUs: tags, titles and lengths, from the Green Book's examples and real pushes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import DecodeError
from openami.dlms.security import envelope
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.envelope import Form

# dlms.md §6.3: the tags of the standard, in the order glo, ded
GLO_TAGS = [33, 37, 38, 40, 44, 45, 46, 54, 56, 200, 201, 202, 203, 204, 205, 207]
DED_TAGS = [65, 69, 70, 72, 76, 77, 78, 86, 88, 208, 209, 210, 211, 212, 213, 215]
PUSHES = [f"udp-wrapper-push-0{n}" for n in range(4)]


def test_tags_are_those_of_the_standard():
    assert sorted(envelope.GLO.values()) == GLO_TAGS
    assert sorted(envelope.DED.values()) == DED_TAGS
    assert set(envelope.GLO) == set(envelope.DED)
    assert {*GLO_TAGS, *DED_TAGS, 219, 220, 221, 223} == envelope.CIPHERED


def landis_gyr(frames: bytes) -> bytes:
    """The APDU inside three HDLC frames of general-block-transfer (tag, control, BN, BNA, length)."""
    blocks = [frames[9 + 3 : 138], frames[141 + 9 : 141 + 138], frames[282 + 9 : -3]]
    return b"".join(block[7 : 7 + block[6]] for block in blocks)


#: Push -> how its ciphered APDU is cut out of the link's frames.
LINKS = {
    **{name: lambda data: data[8:] for name in PUSHES},
    "push-hdlc-kamstrup-omnipower": lambda data: data[11:-3],
    "push-hdlc-landis-gyr-e450": landis_gyr,
}


@pytest.mark.parametrize("name", LINKS)
def test_real_general_glo_pushes_both_ways(dlms_vectors, name):
    vector = dlms_vectors[name]
    expected, apdu = vector["expected"], LINKS[name](bytes.fromhex(vector["hex"]))
    form, plain_tag, title, protected = envelope.decode(apdu)
    assert (form, plain_tag, title.hex()) == (Form.GENERAL_GLO, -1, expected["system_title"])
    cipher = Cipher(bytes.fromhex(vector["keys"]["ek"]), bytes.fromhex(vector["keys"]["ak"]))
    plain = cipher.unprotect(title, protected)
    assert plain.hex() == expected["plain"]
    again = cipher.protect(title, int(expected["security_control"], 16), expected["invocation_counter"], plain)
    assert envelope.encode(form, plain[0], title, again) == apdu


def test_the_envelope_of_a_push_without_a_published_key(dlms_vectors):
    vector = dlms_vectors["push-mbus-kmswest"]
    form, _, title, protected = envelope.decode(bytes.fromhex(vector["hex"])[9:-2])
    assert (form, title.hex()) == (Form.GENERAL_GLO, vector["expected"]["system_title"])
    assert protected[0] == int(vector["expected"]["security_control"], 16)
    assert int.from_bytes(protected[1:5], "big") == vector["expected"]["invocation_counter"]


@pytest.mark.parametrize(
    ("name", "plain_tag"),
    [
        ("glo-initiate-request", 1),
        ("glo-initiate-response", 8),
        ("glo-get-auth-enc", 0xC0),
        ("glo-get-enc-only", 0xC0),
    ],
)
def test_service_specific_examples_both_ways(dlms_vectors, name, plain_tag):
    apdu = bytes.fromhex(dlms_vectors[name]["hex"])
    form, found, title, protected = envelope.decode(apdu)
    assert (form, found, title) == (Form.GLO, plain_tag, b"")
    assert envelope.encode(form, plain_tag, b"", protected) == apdu


@given(
    form=st.sampled_from(Form),
    plain_tag=st.sampled_from(sorted(envelope.GLO)),
    title=st.binary(min_size=8, max_size=8),
    protected=st.binary(max_size=400),
)
def test_decode_undoes_encode_and_overhead_tells_the_growth(form, plain_tag, title, protected):
    apdu = envelope.encode(form, plain_tag, title, protected)
    general = form in {Form.GENERAL_GLO, Form.GENERAL_DED}
    assert envelope.decode(apdu) == (form, -1 if general else plain_tag, title if general else b"", protected)
    assert len(apdu) == len(protected) + envelope.overhead(form, title, len(protected))


@given(apdu=st.binary(max_size=60))
def test_any_octets_give_an_envelope_or_a_decode_error(apdu):
    try:
        assert envelope.decode(apdu)[3] in apdu
    except DecodeError:
        return


def test_a_tail_or_a_cut_is_refused(dlms_vectors):
    apdu = bytes.fromhex(dlms_vectors["glo-get-auth-enc"]["hex"])
    for wrong in [apdu + b"\x00", *(apdu[:n] for n in range(len(apdu)))]:
        with pytest.raises(DecodeError):
            envelope.decode(wrong)


@pytest.mark.parametrize("form", [Form.GLO, Form.DED])
@pytest.mark.parametrize("tag", [15, 16, 217, 218])
def test_a_service_without_a_ciphered_tag_takes_the_general_form(form, tag):
    apdu = envelope.encode(form, tag, b"OAM00001", bytes(20))
    assert envelope.decode(apdu) == (Form(form | 2), -1, b"OAM00001", bytes(20))
