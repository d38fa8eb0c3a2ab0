"""Mechanism 5: the Green Book's challenge and replies."""

import pytest

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.hls import check_challenge, is_password, reply_to_challenge, verify_reply
from openami.dlms.security.suite import Suite

SUITE = Suite.AES_GCM_128


def parts(vector, challenge):
    keys = vector["keys"]
    cipher = Cipher(bytes.fromhex(keys["ek"]), bytes.fromhex(keys["ak"]))
    return cipher, bytes.fromhex(keys["system_title"]), vector["expected"][challenge].encode()


@pytest.mark.parametrize(("name", "challenge"), [("hls5-f-stoc", "stoc_ascii"), ("hls5-f-ctos", "ctos_ascii")])
def test_replies_of_the_book_both_ways(dlms_vectors, name, challenge):
    vector = dlms_vectors[name]
    cipher, title, text = parts(vector, challenge)
    reply, counter = bytes.fromhex(vector["hex"]), vector["expected"]["invocation_counter"]
    assert reply_to_challenge(cipher, title, SUITE, counter, text) == reply
    assert verify_reply(cipher, title, SUITE, text, reply) == counter


def test_every_changed_bit_of_a_reply_is_refused(dlms_vectors):
    vector = dlms_vectors["hls5-f-stoc"]
    cipher, title, text = parts(vector, "stoc_ascii")
    reply = bytes.fromhex(vector["hex"])
    for place in range(len(reply)):
        for bit in range(8):
            forged = bytearray(reply)
            forged[place] ^= 1 << bit
            with pytest.raises(SecurityError):
                verify_reply(cipher, title, SUITE, text, bytes(forged))


def test_a_reply_to_another_challenge_is_refused(dlms_vectors):
    vector = dlms_vectors["hls5-f-stoc"]
    cipher, title, _ = parts(vector, "stoc_ascii")
    with pytest.raises(SecurityError):
        verify_reply(cipher, title, SUITE, b"P6wRJ21G", bytes.fromhex(vector["hex"]))


def test_a_reply_of_another_length_is_a_decode_error(dlms_vectors):
    vector = dlms_vectors["hls5-f-stoc"]
    cipher, title, text = parts(vector, "stoc_ascii")
    for reply in (bytes.fromhex(vector["hex"])[:-1], bytes.fromhex(vector["hex"]) + b"\x00", b""):
        with pytest.raises(DecodeError):
            verify_reply(cipher, title, SUITE, text, reply)


def test_our_own_challenge_and_odd_lengths_are_refused():
    own = bytes(range(16))
    for challenge in (own, b"1234567", bytes(65)):
        with pytest.raises(SecurityError):
            check_challenge(challenge, own)
    check_challenge(bytes(range(1, 9)), own)
    check_challenge(bytes(range(64)), own)


def test_passwords():
    assert is_password(b"12345678", b"12345678")
    assert not is_password(b"12345678", b"12345679")
    assert not is_password(b"12345678", b"")
