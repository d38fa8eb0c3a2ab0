"""AES-GCM with 12-octet tags: the worked examples of the Green Book, and cryptography as oracle."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as ReferenceCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AmiError, DecodeError, SecurityError
from openami.dlms.security.cipher import Cipher

EK = bytes.fromhex("000102030405060708090a0b0c0d0e0f")
AK = bytes.fromhex("d0d1d2d3d4d5d6d7d8d9dadbdcdddedf")
TITLE = bytes.fromhex("4d4d4d0000bc614e")
CONTROLS = {"none": 0x00, "A": 0x10, "E": 0x20, "A+E": 0x30}
BOOK = [
    "glo-initiate-request",
    "glo-initiate-response",
    "glo-get-auth-enc",
    "glo-get-enc-only",
    "glo-get-auth-only",
]


def open_reference(key: bytes, nonce: bytes, aad: bytes, text: bytes, tag: bytes) -> bytes:
    """Plaintext by the streaming interface of cryptography, which verifies short tags."""
    decryptor = ReferenceCipher(algorithms.AES(key), modes.GCM(nonce, tag, min_tag_length=12)).decryptor()
    decryptor.authenticate_additional_data(aad)
    return decryptor.update(text) + decryptor.finalize()


@pytest.mark.parametrize("name", BOOK)
@pytest.mark.feature("IQ0404100K1-R-101")
def test_worked_examples_both_ways(dlms_vectors, name):
    vector = dlms_vectors[name]
    keys, expected = vector["keys"], vector["expected"]
    cipher = Cipher(bytes.fromhex(keys["ek"]), bytes.fromhex(keys["ak"]))
    title, plain = bytes.fromhex(keys["system_title"]), bytes.fromhex(expected["plain"])
    protected = bytes.fromhex(vector["hex"])[2:]
    control, counter = int(expected["security_control"], 16), expected["invocation_counter"]
    assert cipher.protect(title, control, counter, plain) == protected
    assert cipher.unprotect(title, protected) == plain


@given(plain=st.binary(max_size=300), counter=st.integers(0, 2**32 - 1), key=st.binary(min_size=16, max_size=16))
def test_authenticated_encryption_as_the_oracle_does_it(plain, counter, key):
    protected = Cipher(key, AK).protect(TITLE, 0x30, counter, plain)
    nonce = TITLE + counter.to_bytes(4, "big")
    assert open_reference(key, nonce, b"\x30" + AK, protected[5:-12], protected[-12:]) == plain


@given(plain=st.binary(max_size=300), counter=st.integers(0, 2**32 - 1))
def test_authentication_alone_as_the_oracle_does_it(plain, counter):
    protected = Cipher(EK, AK).protect(TITLE, 0x10, counter, plain)
    nonce = TITLE + counter.to_bytes(4, "big")
    assert protected[5:-12] == plain
    assert open_reference(EK, nonce, b"\x10" + AK + plain, b"", protected[-12:]) == b""


def test_the_oracle_refuses_what_we_refuse():
    protected = bytearray(Cipher(EK, AK).protect(TITLE, 0x30, 7, b"\xc0\x01"))
    protected[-1] ^= 1
    with pytest.raises(InvalidTag):
        open_reference(EK, TITLE + bytes((0, 0, 0, 7)), b"\x30" + AK, bytes(protected[5:-12]), bytes(protected[-12:]))
    with pytest.raises(SecurityError):
        Cipher(EK, AK).unprotect(TITLE, bytes(protected))


@given(
    plain=st.binary(max_size=200),
    counter=st.integers(0, 2**32 - 1),
    control=st.sampled_from([*CONTROLS.values()]),
)
def test_unprotect_undoes_protect(plain, counter, control):
    cipher = Cipher(EK, AK)
    assert cipher.unprotect(TITLE, cipher.protect(TITLE, control, counter, plain)) == plain


@pytest.mark.parametrize("control", [0x10, 0x30])
def test_every_changed_bit_is_refused(control):
    cipher = Cipher(EK, AK)
    protected = cipher.protect(TITLE, control, 5, bytes.fromhex("c0010000080000010000ff0200"))
    for place in range(1, len(protected)):
        for bit in range(8):
            forged = bytearray(protected)
            forged[place] ^= 1 << bit
            with pytest.raises(SecurityError):
                cipher.unprotect(TITLE, bytes(forged))


@pytest.mark.parametrize("control", [0x10, 0x30])
def test_another_key_or_title_is_refused(control):
    protected = Cipher(EK, AK).protect(TITLE, control, 5, b"\xc0\x01\x02")
    for cipher, title in [
        (Cipher(AK, AK), TITLE),
        (Cipher(EK, EK), TITLE),
        (Cipher(EK, AK), b"OAM\x00\x00\x00\x00\x01"),
    ]:
        with pytest.raises(SecurityError):
            cipher.unprotect(title, protected)


@given(protected=st.binary(max_size=40))
def test_any_octets_give_an_apdu_or_an_error(protected):
    try:
        plain = Cipher(EK, AK).unprotect(TITLE, protected)
    except AmiError:
        return
    assert len(plain) == len(protected) - 5


@pytest.mark.parametrize("protected", ["", "30", "3000000001", "300000000100000000000000000000", "20000000", "00"])
def test_what_is_cut_off_is_a_decode_error(protected):
    with pytest.raises(DecodeError):
        Cipher(EK, AK).unprotect(TITLE, bytes.fromhex(protected))


# McGrew and Viega, test cases 4 and 16 (NIST SP 800-38D): key, ciphertext, tag; the tag is cut to 12 octets
NIST_PLAIN = bytes.fromhex(
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
)
NIST_AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
NIST = {
    "AES-128": (
        "feffe9928665731c6d6a8f9467308308",
        (
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
            "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
        ),
        "5bc94fbc3221a5db94fae95ae7121a47",
    ),
    "AES-256": (
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        (
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        ),
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
}


@pytest.mark.parametrize("name", sorted(NIST))
def test_the_numbers_of_nist_both_ways(name):
    """The first octet of the associated data stands where our security control octet does: it has both bits."""
    key, text, tag = (bytes.fromhex(part) for part in NIST[name])
    cipher, title = Cipher(key, NIST_AAD[1:]), bytes.fromhex("cafebabefacedbad")
    protected = cipher.protect(title, NIST_AAD[0], 0xDECAF888, NIST_PLAIN)
    assert protected == NIST_AAD[:1] + bytes.fromhex("decaf888") + text + tag[:12]
    assert cipher.unprotect(title, protected) == NIST_PLAIN
