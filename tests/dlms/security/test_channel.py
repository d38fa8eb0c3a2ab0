"""Ciphering of an association: both directions, every form, and all that must be refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AmiError, DecodeError, SecurityError
from openami.dlms.security.channel import Channel, Ciphering, CompressionError, PolicyError
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.counters import CounterError, ReceiveCounter, SendCounter
from openami.dlms.security.envelope import Form
from openami.dlms.security.suite import Policy, Suite

EK, AK, DK = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
ONE, OTHER = b"OAM\x00\x00\x00\x00\x01", b"OAM\x00\x00\x00\x00\x02"
GET = bytes.fromhex("c001c100080000010000ff0200")


def channel(key, start=0):
    return Channel(Cipher(key, AK), Suite.AES_GCM_128, SendCounter(start).take, ReceiveCounter())


def ciphering(own, peer, policy=Policy.AE, *, start=0, dedicated=False):
    both = Ciphering(channel(EK, start), own, peer, policy.control)
    both.dedicated = channel(DK) if dedicated else None
    return both


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("policy", [Policy.A, Policy.E, Policy.AE])
def test_each_form_and_policy_arrives(form, policy):
    client, server = (
        ciphering(ONE, OTHER, policy, dedicated=True),
        ciphering(OTHER, ONE, policy, dedicated=True),
    )
    for _ in range(3):
        assert server.open(client.seal(GET, form, policy.control)) == (GET, form, policy.control)
        assert client.open(server.seal(GET, form, policy.control)) == (GET, form, policy.control)


def test_the_book_s_get_is_what_we_send(dlms_vectors):
    vector = dlms_vectors["glo-get-auth-enc"]
    keys, plain = vector["keys"], bytes.fromhex(vector["expected"]["plain"])
    title = bytes.fromhex(keys["system_title"])
    take = SendCounter(vector["expected"]["invocation_counter"]).take
    cipher = Cipher(bytes.fromhex(keys["ek"]), bytes.fromhex(keys["ak"]))
    key = Channel(cipher, Suite.AES_GCM_128, take, ReceiveCounter())
    client = Ciphering(key, title, OTHER, 0x30)
    assert client.seal(plain, Form.GLO, 0x30).hex() == vector["hex"]


def test_a_dedicated_key_counts_for_itself_from_0():
    client = ciphering(ONE, OTHER, start=500, dedicated=True)
    assert client.seal(GET, Form.DED, 0x30)[3:7] == bytes(4)
    assert client.seal(GET, Form.GLO, 0x30)[3:7] == (500).to_bytes(4, "big")
    assert client.seal(GET, Form.DED, 0x30)[3:7] == (1).to_bytes(4, "big")


@pytest.mark.parametrize("form", [Form.DED, Form.GENERAL_DED])
def test_without_a_dedicated_key_its_forms_are_refused(form):
    apdu = ciphering(ONE, OTHER, dedicated=True).seal(GET, form, 0x30)
    with pytest.raises(SecurityError, match="no dedicated key"):
        ciphering(OTHER, ONE).open(apdu)


@pytest.mark.parametrize("form", Form)
def test_a_replay_and_a_lower_counter_are_refused(form):
    client, server = ciphering(ONE, OTHER, dedicated=True), ciphering(OTHER, ONE, dedicated=True)
    first, second = client.seal(GET, form, 0x30), client.seal(GET, form, 0x30)
    server.open(second)
    for old in (first, second):
        with pytest.raises(CounterError) as caught:
            server.open(old)
        assert caught.value.expected == 2
    assert server.open(client.seal(GET, form, 0x30))[0] == GET


def test_a_forged_apdu_does_not_move_the_counter():
    client, server = ciphering(ONE, OTHER), ciphering(OTHER, ONE)
    forged = bytearray(client.seal(GET, Form.GLO, 0x30))
    forged[3:7] = b"\xff\xff\xff\xff"
    with pytest.raises(SecurityError, match="tag is wrong"):
        server.open(bytes(forged))
    assert server.open(client.seal(GET, Form.GLO, 0x30))[0] == GET


@pytest.mark.parametrize(("policy", "less"), [(3, 0x10), (3, 0x20), (3, 0), (2, 0x10), (1, 0x20), (1, 0)])
def test_less_protection_than_the_policy_is_refused(policy, less):
    client, server = ciphering(ONE, OTHER), ciphering(OTHER, ONE, Policy(policy))
    with pytest.raises(PolicyError):
        server.open(client.seal(GET, Form.GLO, less))


@pytest.mark.parametrize("policy", [1, 2])
def test_more_protection_than_the_policy_is_welcome(policy):
    client, server = ciphering(ONE, OTHER), ciphering(OTHER, ONE, Policy(policy))
    assert server.open(client.seal(GET, Form.GLO, 0x30))[0] == GET


@pytest.mark.parametrize(
    ("bits", "words"), [(0x01, "suite 0"), (0x02, "suite 0"), (0x40, "broadcast key"), (0x80, "V.44")]
)
def test_another_suite_the_broadcast_key_and_compression_are_refused(bits, words):
    forger = Ciphering(Channel(Cipher(EK, AK), bits, SendCounter().take, ReceiveCounter()), ONE, OTHER, 0)
    with pytest.raises(SecurityError, match=words) as refused:
        ciphering(OTHER, ONE).open(forger.seal(GET, Form.GLO, 0x30))
    assert isinstance(refused.value, CompressionError) == (bits == 0x80)


def test_another_title_is_refused():
    stranger = ciphering(b"OAM\x00\x00\x00\x00\x09", OTHER)
    server = ciphering(OTHER, ONE)
    with pytest.raises(SecurityError, match="title"):
        server.open(stranger.seal(GET, Form.GENERAL_GLO, 0x30))
    with pytest.raises(SecurityError, match="tag is wrong"):
        server.open(stranger.seal(GET, Form.GLO, 0x30))


def test_what_we_sent_is_refused_when_it_comes_back():
    client = ciphering(ONE, OTHER)
    with pytest.raises(SecurityError):
        client.open(client.seal(GET, Form.GLO, 0x30))


def test_a_service_tag_that_lies_is_refused():
    client, server = ciphering(ONE, OTHER), ciphering(OTHER, ONE)
    apdu = client.seal(GET, Form.GLO, 0x30)
    with pytest.raises(SecurityError, match="does not fit"):
        server.open(b"\xc9" + apdu[1:])


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("control", [0x10, 0x20, 0x30])
@pytest.mark.parametrize("limit", [64, 127, 128, 140, 145, 150, 200, 255, 256, 300, 1200, 65535])
def test_what_fits_the_room_fits_the_limit(form, control, limit):
    client = ciphering(ONE, OTHER, dedicated=True)
    room = client.room(form, control, limit)
    sealed = client.seal(GET[:1] * room, form, control)
    assert limit - 2 <= len(sealed) <= limit


@given(apdu=st.binary(max_size=60))
def test_any_octets_are_refused(apdu):
    with pytest.raises(AmiError):
        ciphering(OTHER, ONE).open(apdu)


@given(data=st.data())
def test_any_change_of_a_good_apdu_is_refused(data):
    apdu = ciphering(ONE, OTHER).seal(GET, data.draw(st.sampled_from([Form.GLO, Form.GENERAL_GLO])), 0x30)
    place = data.draw(st.integers(0, len(apdu) - 1))
    forged = apdu[:place] + bytes((apdu[place] ^ data.draw(st.integers(1, 255)),)) + apdu[place + 1 :]
    with pytest.raises((SecurityError, DecodeError)):
        ciphering(OTHER, ONE).open(forged)
