"""The public face: what may be said, what is refused, what is never shown."""

import logging
import pickle

import pytest

from openami.core.errors import SecurityError
from openami.dlms.security import Policy, Security

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
