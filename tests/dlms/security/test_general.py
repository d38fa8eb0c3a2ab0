"""general-ciphering and general-signing as octets: Table 41 of the Green Book, both ways, and any octets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms.security.agreement import Algorithm, derive
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.curve import P256, PublicKey
from openami.dlms.security.general import (
    AgreedKey,
    GeneralCiphering,
    GeneralSigning,
    Head,
    IdentifiedKey,
    WrappedKey,
)
from openami.dlms.security.suite import Suite

octets = st.binary(max_size=200)
heads = st.builds(Head, octets, octets, octets, octets, octets)
infos = st.one_of(
    st.none(),
    st.builds(IdentifiedKey, st.integers(0, 255)),
    st.builds(WrappedKey, st.integers(0, 255), octets),
    st.builds(AgreedKey, octets, octets),
)


def test_table_41_both_ways(dlms_vectors):
    vector = dlms_vectors["general-ciphering-agreed-key"]
    expected, apdu = vector["expected"], bytes.fromhex(vector["hex"])
    found = GeneralCiphering.decode(apdu)
    assert found.encode() == apdu
    head = found.head
    assert head.transaction_id.hex() == expected["transaction_id"]
    assert (head.originator.hex(), head.recipient.hex()) == (expected["originator"], expected["recipient"])
    assert (head.date_time, head.other_information) == (b"", b"")
    assert found.ciphered_content[0] == int(expected["security_control"], 16)
    assert int.from_bytes(found.ciphered_content[1:5], "big") == expected["invocation_counter"]


def test_table_41_opens_with_the_keys_of_annex_c(dlms_vectors):
    """The tag could not be reproduced by anybody we know of: content and signature are what is shown."""
    vector = dlms_vectors["general-ciphering-agreed-key"]
    found = GeneralCiphering.decode(bytes.fromhex(vector["hex"]))
    info = found.key_info
    assert isinstance(info, AgreedKey)
    assert info.key_parameters == b"\x01"
    public, signature = info.key_ciphered_data[:64], info.key_ciphered_data[64:]
    one_pass = dlms_vectors["ecdh-1e1s-p256"]
    assert public.hex() == one_pass["expected"]["public_client_ephemeral"]
    signer = bytes.fromhex(dlms_vectors["ecdsa-p256-one-pass-client"]["expected"]["public_key"])
    PublicKey.decode(P256, signer).verify(signature, public)
    suite, head = Suite.ECDH_ECDSA_AES_GCM_128_SHA_256, found.head
    key = derive(suite, bytes.fromhex(one_pass["hex"]), Algorithm.AES_GCM_128, head.originator, head.recipient)
    assert key.hex() == vector["keys"]["derived_key"]
    content = found.ciphered_content
    encrypted = bytes((content[0] & ~0x10,)) + content[1:-12]
    assert Cipher(key, b"").unprotect(head.originator, encrypted).hex() == vector["expected"]["plain"]


@given(head=heads, info=infos, content=octets)
def test_decode_undoes_encode_of_ciphering(head, info, content):
    apdu = GeneralCiphering(head, info, content)
    assert GeneralCiphering.decode(apdu.encode()) == apdu


@given(head=heads, content=octets, signature=octets)
def test_decode_undoes_encode_of_signing(head, content, signature):
    apdu = GeneralSigning(head, content, signature)
    assert GeneralSigning.decode(apdu.encode()) == apdu


@pytest.mark.parametrize("kind", [GeneralCiphering, GeneralSigning])
@given(data=octets)
def test_any_octets_are_an_apdu_or_refused(kind, data):
    decoded_or_refused(kind.decode, data)
    decoded_or_refused(kind.decode, bytes((0xDD if kind is GeneralCiphering else 0xDF,)) + data)


def test_a_tail_or_a_cut_is_refused(dlms_vectors):
    apdu = bytes.fromhex(dlms_vectors["general-ciphering-agreed-key"]["hex"])
    for wrong in (apdu + b"\0", *(apdu[:n] for n in range(len(apdu)))):
        with pytest.raises(DecodeError):
            GeneralCiphering.decode(wrong)


def test_a_reserved_choice_of_key_info_is_refused():
    apdu = GeneralCiphering(Head(b"", b"", b""), IdentifiedKey(0), b"").encode()
    with pytest.raises(DecodeError, match="choice 3"):
        GeneralCiphering.decode(apdu[:7] + b"\3" + apdu[8:])


def test_what_is_protected_is_not_shown():
    secret = b"\x5a\xa5secret"
    for apdu in (
        GeneralCiphering(Head(b"", b"", b""), None, secret),
        GeneralSigning(Head(b"", b"", b""), secret, b""),
    ):
        assert "secret" not in repr(apdu)
        assert secret.hex() not in repr(apdu)
