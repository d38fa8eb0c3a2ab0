"""The public face: what may be said, what is refused, what is never shown."""

import logging
import pickle
from random import Random

import pytest

from openami.core.errors import SecurityError
from openami.dlms.security import P256, Form, KeyKind, KeyPairs, Policy, PrivateKey, Route, Security, Suite
from openami.dlms.security.suite import SIGNED

EK, AK, DK = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
TITLE = b"OAM\x00\x00\x00\x00\x01"


def hls5(**changes):
    facts = {"encryption_key": EK, "authentication_key": AK, "client_title": TITLE}
    return Security.hls5(**(facts | changes))


def test_levels():
    assert (Security.none().mechanism, Security.none().is_ciphered) == (0, False)
    assert (Security.lls("12345678").mechanism, Security.lls("12345678").password) == (1, b"12345678")
    assert Security.lls(b"\x00\x01").password == b"\x00\x01"
    strong = hls5()
    assert (strong.mechanism, strong.policy, strong.ciphering) == (5, Policy.AE, "glo")
    assert strong.is_ciphered
    assert not hls5(policy=Policy.NONE).is_ciphered


def test_hexadecimal_text_says_the_same_as_octets():
    assert hls5() == hls5(encryption_key=EK.hex(), authentication_key=AK.hex(), client_title=TITLE.hex())
    assert hls5(dedicated_key=DK) == hls5(dedicated_key=DK.hex())


@pytest.mark.parametrize(
    "wrong",
    [
        {"encryption_key": bytes(15)},
        {"authentication_key": "00"},
        {"dedicated_key": bytes(17)},
        {"client_title": b"OAM"},
        {"server_title": TITLE},
        {"server_title": bytes(9)},
        {"invocation_counter": -1},
        {"invocation_counter": 2**32},
        {"challenge_length": 7},
        {"challenge_length": 65},
    ],
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(SecurityError):
        hls5(**wrong)


def test_a_policy_without_keys_and_keys_without_title_are_refused():
    with pytest.raises(SecurityError, match="needs keys"):
        Security(policy=Policy.A)
    with pytest.raises(SecurityError, match="system title"):
        Security(keys=hls5().keys)
    with pytest.raises(SecurityError, match="of use only"):
        hls5(policy=Policy.NONE, dedicated_key=DK)


def test_no_key_and_no_password_in_text_log_or_pickle(caplog):
    secrets = [EK, AK, DK, b"s3cr3t-word"]
    for security in (hls5(dedicated_key=DK), Security.lls("s3cr3t-word")):
        logging.getLogger("test").warning("%s %r", security, security)
        shown = f"{security!r} {security} {caplog.text}"
        for secret in secrets:
            assert secret.hex() not in shown
            assert repr(secret)[2:-1] not in shown
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(security)


# The other mechanisms, suites and forms

SERVER, SUITE_1 = b"OAM\x00\x00\x00\x00\x02", Suite.ECDH_ECDSA_AES_GCM_128_SHA_256
OURS, THEIRS = (PrivateKey.draw(P256, Random(n).randbytes) for n in (1, 2))
PAIRS = KeyPairs(signature=OURS, agreement=OURS, peer_signature=THEIRS.public, peer_agreement=THEIRS.public)


def test_mechanisms_with_a_secret():
    for mechanism in (2, 3, 4, 6):
        security = Security.hls(mechanism, secret="word", client_title=TITLE)
        assert (security.mechanism, security.secret, security.challenge_length) == (mechanism, b"word", 16)
        assert not security.is_ciphered
        assert security == Security.hls(mechanism, secret=b"word", client_title=TITLE.hex())
    ciphered = Security.hls(3, secret="word", encryption_key=EK, authentication_key=AK, client_title=TITLE)
    assert (ciphered.policy, ciphered.request, ciphered.response) == (Policy.AE, 0x30, 0x30)


def test_mechanism_7_asks_for_longer_challenges():
    assert Security.hls(7, pairs=PAIRS, client_title=TITLE, suite=SUITE_1).challenge_length == 32


def test_hls5_is_a_case_of_hls():
    keys = {"encryption_key": EK, "authentication_key": AK, "client_title": TITLE}
    assert Security.hls(5, **keys) == Security.hls5(**keys)


def test_forms():
    assert hls5().form is Form.GLO
    assert hls5(ciphering="general-glo").form is Form.GENERAL_GLO
    layered = {"encryption_key": EK, "authentication_key": AK, "client_title": TITLE, "server_title": SERVER}
    layered |= {"suite": SUITE_1, "pairs": PAIRS, "master_key": AK, "broadcast_key": AK}
    for kind in (KeyKind.IDENTIFIED, KeyKind.WRAPPED, KeyKind.ONE_PASS, KeyKind.STATIC):
        general = Security.hls(5, **layered, ciphering="general-ciphering", key_info=kind.value)
        assert general.form == Route(kind)
    assert Security.hls(5, **layered, ciphering="general-ciphering", broadcast=True).form == Route(KeyKind.BROADCAST)
    signed = Security.hls(5, **layered, signing="outside")
    assert (signed.form, signed.request, signed.response) == (Route(Form.GLO, "outside"), 0x30 | SIGNED, 0x30 | SIGNED)
    alone = Security.hls(7, **layered, policy=Policy.SIGNED_REQUEST)
    assert (alone.form, alone.request, alone.response) == (Route(None, "outside"), SIGNED, 0)
    assert Security.hls(5, **layered, broadcast=True).request == 0x70
    quiet = Security.hls(5, **layered, policy=Policy.NONE, ciphering="general-ciphering")
    assert (quiet.form, quiet.is_ciphered) == (Form.GLO, False)


KEYED = {"encryption_key": EK, "authentication_key": AK, "client_title": TITLE, "server_title": SERVER}


@pytest.mark.parametrize(
    ("mechanism", "facts", "words"),
    [
        (3, {}, "mechanism 3 needs a secret"),
        (3, {"secret": ""}, "mechanism 3 needs a secret"),
        (5, {"client_title": TITLE}, "mechanism 5 needs keys"),
        (6, {"secret": "word"}, "system title"),
        (7, {"client_title": TITLE, "pairs": PAIRS}, "suite 0 has no key pairs"),
        (7, {"client_title": TITLE, "suite": SUITE_1}, "needs a digital signature key pair"),
        (7, {"client_title": TITLE, "suite": SUITE_1, "pairs": KeyPairs(signature=OURS)}, "whom to trust"),
        (7, {"client_title": TITLE, "suite": SUITE_1, "pairs": PAIRS, "challenge_length": 31}, "32 to 64"),
        (8, {}, "expected 0 to 7"),
        (5, {"encryption_key": EK, "client_title": TITLE}, "at least"),
        (3, {"secret": "word", "broadcast_key": EK}, "at least"),
        (5, {**KEYED, "broadcast": True}, "need that key"),
        (5, {**KEYED, "ciphering": "general-ciphering", "key_info": "wrapped-key"}, "master key"),
        (5, {**KEYED, "ciphering": "general-ciphering", "key_info": "one-pass"}, "suite 0"),
        (5, {**KEYED, "ciphering": "general-ciphering", "key_info": "static", "suite": SUITE_1}, "agreed keys need"),
        (
            5,
            {
                **KEYED,
                "ciphering": "general-ciphering",
                "key_info": "one-pass",
                "suite": SUITE_1,
                "pairs": KeyPairs(agreement=OURS, peer_agreement=THEIRS.public),
            },
            "one-pass key agreement needs",
        ),
        (5, {**KEYED, "ciphering": "general-ciphering", "server_title": None}, "name the recipient"),
        (5, {**KEYED, "ciphering": "general-ciphering", "dedicated_key": "random"}, "dedicated key goes with"),
        (5, {**KEYED, "signing": "outside", "suite": SUITE_1}, "signing needs"),
        (5, {**KEYED, "signing": "inside", "suite": SUITE_1, "pairs": PAIRS}, "a signature inside needs"),
        (5, {**KEYED, "policy": Policy.SIGNED_RESPONSE, "suite": SUITE_1}, "signing needs"),
    ],
)
def test_settings_that_cannot_work_are_refused_in_one_sentence(mechanism, facts, words):
    with pytest.raises(SecurityError, match=words):
        Security.hls(mechanism, **facts)


def test_no_secret_and_no_private_key_in_text():
    security = Security.hls(7, pairs=PAIRS, secret="s3cr3t-word", client_title=TITLE, suite=SUITE_1)
    shown = f"{security!r} {security} {PAIRS!r}"
    for secret in (b"s3cr3t-word", OURS.octets):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
