"""Challenge and reply: the Green Book's numbers for mechanism 5, plain hashes and signatures for the others."""

import hashlib
from random import Random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.curve import P256, P384, PrivateKey
from openami.dlms.security.hls import (
    aes_ecb,
    check_challenge,
    is_password,
    prove,
    reply_to_challenge,
    verify_reply,
)
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs
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


# Mechanisms 2, 3, 4, 6 and 7

ONE, OTHER = b"OAM\x00\x00\x00\x00\x01", b"OAM\x00\x00\x00\x00\x02"
SECRET, CTOS, STOC = b"secret", bytes(range(16)), bytes(range(16, 48))
KEYS = {curve: [PrivateKey.draw(curve, Random(n).randbytes) for n in range(2)] for curve in (P256, P384)}


def both(mechanism, *, secret=SECRET, curve=P256, manufacturer=aes_ecb):
    """Proofs of a client and a server that know each other."""
    one, other = KEYS[curve]
    pairs = (
        KeyPairs(signature=one, peer_signature=other.public),
        KeyPairs(signature=other, peer_signature=one.public),
    )
    ends = (ONE, OTHER), (OTHER, ONE)
    return [prove(mechanism, titles, secret, manufacturer, held) for titles, held in zip(ends, pairs, strict=True)]


@pytest.mark.parametrize(
    ("mechanism", "by_client", "by_server"),
    [
        (2, lambda: aes(STOC), lambda: aes(CTOS)),
        (3, lambda: hashlib.md5(STOC + SECRET).digest(), lambda: hashlib.md5(CTOS + SECRET).digest()),
        (4, lambda: hashlib.sha1(STOC + SECRET).digest(), lambda: hashlib.sha1(CTOS + SECRET).digest()),
        (
            6,
            lambda: hashlib.sha256(SECRET + ONE + OTHER + STOC + CTOS).digest(),
            lambda: hashlib.sha256(SECRET + OTHER + ONE + CTOS + STOC).digest(),
        ),
    ],
)
def test_replies_are_what_the_book_says(mechanism, by_client, by_server):
    client, server = both(mechanism)
    assert client.reply(STOC, CTOS) == by_client()
    assert server.reply(CTOS, STOC) == by_server()
    server.check(by_client(), STOC, CTOS)
    client.check(by_server(), CTOS, STOC)


def aes(challenge):
    encryptor = BlockCipher(algorithms.AES(SECRET + bytes(10)), modes.ECB()).encryptor()
    return encryptor.update(challenge)


def test_aes_ecb_by_fips_197():
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert aes_ecb(bytes(range(16)), plain).hex() == "69c4e0d86a7b0430d8cdb78070b4c55a"
    assert len(aes_ecb(b"short", bytes(17))) == 32
    with pytest.raises(SecurityError, match="17 octets"):
        aes_ecb(bytes(17), plain)


def test_a_maker_s_own_function():
    client, server = both(2, manufacturer=lambda secret, challenge: secret + challenge[::-1])
    assert client.reply(STOC, CTOS) == SECRET + STOC[::-1]
    server.check(SECRET + STOC[::-1], STOC, CTOS)


@pytest.mark.parametrize("curve", [P256, P384], ids=lambda curve: curve.name)
def test_mechanism_7_signs_titles_and_challenges(curve):
    client, server = both(7, curve=curve)
    one, other = KEYS[curve]
    reply = client.reply(STOC, CTOS)
    one.public.verify(reply, ONE + OTHER + STOC + CTOS)
    server.check(reply, STOC, CTOS)
    answer = server.reply(CTOS, STOC)
    other.public.verify(answer, OTHER + ONE + CTOS + STOC)
    client.check(answer, CTOS, STOC)


@pytest.mark.parametrize("mechanism", [2, 3, 4, 6, 7])
def test_every_changed_octet_of_a_reply_is_refused_by_every_mechanism(mechanism):
    client, server = both(mechanism)
    reply = client.reply(STOC, CTOS)
    for place in range(len(reply)):
        forged = reply[:place] + bytes((reply[place] ^ 1,)) + reply[place + 1 :]
        with pytest.raises(SecurityError):
            server.check(forged, STOC, CTOS)
    for wrong in (b"", reply[:-1], reply + b"\0"):
        with pytest.raises(SecurityError):
            server.check(wrong, STOC, CTOS)
    with pytest.raises(SecurityError):
        server.check(reply, STOC[:-1] + b"\0", CTOS)


@pytest.mark.parametrize("mechanism", [6, 7])
def test_a_reply_of_the_other_end_is_no_reply_of_ours(mechanism):
    client, server = both(mechanism)
    with pytest.raises(SecurityError):
        client.check(client.reply(STOC, CTOS), STOC, CTOS)
    with pytest.raises(SecurityError):
        server.check(server.reply(STOC, CTOS), STOC, CTOS)


@pytest.mark.parametrize("mechanism", [2, 3, 4, 6])
def test_another_secret_is_refused(mechanism):
    client, _ = both(mechanism, secret=b"wrong")
    with pytest.raises(SecurityError, match="reply to our challenge is wrong") as refused:
        both(mechanism)[1].check(client.reply(STOC, CTOS), STOC, CTOS)
    assert "wrong'" not in str(refused.value)


def test_what_a_mechanism_needs_must_be_there():
    for mechanism, words in ((3, "secret for mechanism 3"), (7, "digital signature key of our own")):
        with pytest.raises(SecurityError, match=words):
            prove(mechanism, (ONE, OTHER), None, aes_ecb, NO_PAIRS)


def test_challenges_of_mechanism_7_are_longer():
    for length in (8, 31, 65):
        with pytest.raises(SecurityError, match="allowed are 32 to 64"):
            check_challenge(bytes(length), b"", 7)
    check_challenge(bytes(32), b"", 7)
    check_challenge(bytes(64), b"", 7)
