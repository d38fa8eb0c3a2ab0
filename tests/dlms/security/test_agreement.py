"""Keys agreed upon: the derivation of the book, and SHA in plain view as oracle."""

import hashlib
from random import Random

import pytest

from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.agreement import Algorithm, Offer, agree, algorithm, derive
from openami.dlms.security.curve import P256, PrivateKey, PublicKey, curve_of
from openami.dlms.security.keys import KeyId
from openami.dlms.security.suite import Suite

SUITE_1, SUITE_2 = Suite.ECDH_ECDSA_AES_GCM_128_SHA_256, Suite.ECDH_ECDSA_AES_GCM_256_SHA_384
U, V = b"OAM\0\0\0\0\1", b"OAM\0\0\0\0\2"


@pytest.mark.parametrize("name", ["kdf-suite1-c2-client", "kdf-suite1-c2-server"])
def test_the_keys_of_the_book(dlms_vectors, name):
    vector = dlms_vectors[name]
    z, u, v = (bytes.fromhex(vector["expected"][part]) for part in ("z", "u", "v"))
    assert vector["expected"]["algorithm_id"] == "60857405080300"
    assert derive(SUITE_1, z, Algorithm.AES_GCM_128, u, v).hex() == vector["hex"]


@pytest.mark.parametrize(("suite", "digest"), [(SUITE_1, hashlib.sha256), (SUITE_2, hashlib.sha384)])
@pytest.mark.parametrize("purpose", Algorithm)
def test_the_derivation_is_one_hash(suite, digest, purpose):
    z = Random(1).randbytes(48)
    whole = digest(b"\0\0\0\1" + z + bytes.fromhex("608574050803") + bytes((purpose,)) + U + V).digest()
    assert derive(suite, z, purpose, U, V) == whole[: suite.key_length]


def test_each_suite_has_its_algorithms():
    assert [algorithm(suite) for suite in (SUITE_1, SUITE_2)] == [0, 1]
    assert [algorithm(suite, wraps=True) for suite in (SUITE_1, SUITE_2)] == [2, 3]


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
def test_both_ends_come_to_the_same_key_and_roles_matter(suite):
    dice = Random(2)
    one, other = (PrivateKey.draw(curve_of(suite), dice.randbytes) for _ in range(2))
    key = agree(suite, one, other.public, U, V)
    assert len(key) == suite.key_length
    assert agree(suite, other, one.public, U, V) == key
    assert agree(suite, one, other.public, V, U) != key
    assert agree(suite, one, other.public, U, V, wraps=True) != key


def test_suite_0_agrees_on_nothing():
    with pytest.raises(SecurityError, match="suite 0"):
        derive(Suite.AES_GCM_128, bytes(32), Algorithm.AES_GCM_128, U, V)


# The method key_agreement


def test_the_offer_of_the_book_is_taken(dlms_vectors):
    ecdh, ecdsa = dlms_vectors["ecdh-2e0s-p256"], dlms_vectors["ecdsa-p256-key-agreement-c1"]
    server = PrivateKey.decode(P256, bytes.fromhex(ecdh["expected"]["private_server"]))
    signer = PublicKey.decode(P256, bytes.fromhex(ecdsa["expected"]["public_key"]))
    data = bytes.fromhex(ecdh["expected"]["public_client"] + ecdsa["hex"])
    key = Offer(SUITE_1, KeyId.GLOBAL_UNICAST_ENCRYPTION, server).accept(data, signer, U, V)
    assert key == derive(SUITE_1, bytes.fromhex(ecdh["hex"]), Algorithm.AES_GCM_128, U, V)
    with pytest.raises(SecurityError, match="signature is wrong"):
        Offer(SUITE_1, KeyId.AUTHENTICATION, server).accept(data, signer, U, V)


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
@pytest.mark.parametrize("key_id", KeyId)
def test_both_ends_of_an_offer_come_to_the_same_key(suite, key_id):
    dice = Random(3)
    signers = [PrivateKey.draw(curve_of(suite), dice.randbytes) for _ in range(2)]
    client, server = (Offer.draw(suite, key_id, dice.randbytes) for _ in range(2))
    key = server.accept(client.data(signers[0]), signers[0].public, U, V)
    assert client.accept(server.data(signers[1]), signers[1].public, U, V) == key
    assert len(key) == suite.key_length
    assert client.ephemeral.octets.hex() not in repr(client)


def test_an_offer_of_a_wrong_length_is_refused():
    dice = Random(3)
    signer = PrivateKey.draw(P256, dice.randbytes)
    offer = Offer.draw(SUITE_1, KeyId.MASTER, dice.randbytes)
    data = offer.data(signer)
    for wrong in (b"", data[:-1], data + b"\0"):
        with pytest.raises(DecodeError):
            offer.accept(wrong, signer.public, U, V)
    offgrid = bytes(64)
    with pytest.raises(DecodeError, match="no point"):
        offer.accept(offgrid + signer.sign(b"\3" + offgrid), signer.public, U, V)
