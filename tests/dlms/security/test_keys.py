"""Keys: RFC 3394, lengths, and that nothing shows them."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import SecurityError
from openami.dlms.security.keys import Keys, octets, unwrap, wrap
from openami.dlms.security.suite import Suite

KEY = bytes(range(16))


@pytest.mark.parametrize("name", ["rfc3394-128-128", "rfc3394-256-256"])
def test_key_wrap_of_the_rfc_both_ways(dlms_vectors, name):
    vector = dlms_vectors[name]
    master, key = bytes.fromhex(vector["expected"]["kek"]), bytes.fromhex(vector["expected"]["key"])
    assert wrap(master, key).hex() == vector["hex"]
    assert unwrap(master, bytes.fromhex(vector["hex"])) == key


@given(master=st.binary(min_size=16, max_size=16), key=st.binary(min_size=16, max_size=16))
def test_unwrap_undoes_wrap(master, key):
    assert unwrap(master, wrap(master, key)) == key


@given(wrapped=st.binary(max_size=48))
def test_what_was_not_wrapped_under_the_key_is_refused(wrapped):
    with pytest.raises(SecurityError):
        unwrap(KEY, wrapped)


def test_keys_of_a_wrong_length_are_refused():
    with pytest.raises(SecurityError, match="15 octets"):
        Keys(bytes(15), bytes(16)).check(Suite.AES_GCM_128)
    with pytest.raises(SecurityError, match="suite 2 asks for 32"):
        Keys(bytes(16), bytes(16)).check(Suite.ECDH_ECDSA_AES_GCM_256_SHA_384)
    Keys(bytes(32), bytes(32)).check(Suite.ECDH_ECDSA_AES_GCM_256_SHA_384)


def test_keys_are_not_shown_not_pickled_and_not_copied():
    keys = Keys(KEY, KEY, KEY, KEY)
    for text in (repr(keys), str(keys), f"{keys}"):
        assert KEY.hex() not in text
        assert repr(KEY) not in text
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(keys)
    assert copy.copy(keys) is keys
    assert copy.deepcopy(keys) is keys


def test_keys_are_read_from_octets_and_hexadecimal_text():
    assert octets("key", KEY) == octets("key", KEY.hex()) == KEY
    with pytest.raises(SecurityError, match="key is not hexadecimal") as caught:
        octets("key", "zz")
    assert "zz" not in str(caught.value)
