"""Key pairs: the worked examples of the book, RFC 6979, NIST numbers, and curves in plain integers as oracle."""

import contextlib
import copy
import hashlib
import pickle
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elliptic
from openami.core.errors import DecodeError, SecurityError
from openami.dlms.security.curve import P256, P384, PrivateKey, PublicKey, curve_of
from openami.dlms.security.suite import Suite

ORACLES = {"P-256": elliptic.P256, "P-384": elliptic.P384}
CURVES = {"P-256": P256, "P-384": P384}
HASHES = {"P-256": hashlib.sha256, "P-384": hashlib.sha384}
curves = pytest.mark.parametrize("name", sorted(CURVES))

# RFC 6979, A.2.5 and A.2.6: private key, public key, then the signatures of "sample" and "test"
RFC_6979 = {
    "P-256": (
        "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
        (
            "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
            "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
        ),
        (
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
        ),
        (
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"
        ),
    ),
    "P-384": (
        "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
        (
            "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13"
            "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720"
        ),
        (
            "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
            "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"
        ),
        (
            "8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB0542A7F0812998DA8F1DD3CA3CF023DB"
            "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E06A739F040649A667BF3B828246BAA5A5"
        ),
    ),
}
# NIST CAVP, KAS ECC CDH primitive, first entry of P-256 and P-384: dIUT, QCAVS, ZIUT
CAVP = {
    "P-256": (
        "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
        (
            "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
            "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac"
        ),
        "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
    ),
    "P-384": (
        "3cc3122a68f0d95027ad38c067916ba0eb8c38894d22e1b15618b6818a661774ad463b205da88cf699ab4d43c9cf98a1",
        (
            "a7c76b970c3b5fe8b05d2838ae04ab47697b9eaf52e764592efda27fe7513272734466b400091adbf2d68c58e0c50066"
            "ac68f19f2e1cb879aed43a9969b91a0839c4c38a49749b661efedf243451915ed0905a32b060992b468c64766fc8437a"
        ),
        "5f9d29dc5e31a163060356213669c8ce132e22f57c9a04f40ba7fcead493b457e5621e766c40a2e3d4d6a04b25e533f1",
    ),
}


def point(octets: bytes) -> tuple[int, int]:
    half = len(octets) // 2
    return int.from_bytes(octets[:half], "big"), int.from_bytes(octets[half:], "big")


@curves
def test_the_signatures_of_rfc_6979(name):
    private, public, sample, test = (bytes.fromhex(text) for text in RFC_6979[name])
    key = PrivateKey.decode(CURVES[name], private)
    assert key.public.octets == public
    for message, signature in ((b"sample", sample), (b"test", test)):
        assert key.sign(message) == signature
        key.public.verify(signature, message)
        assert ORACLES[name].verifies(point(public), HASHES[name](message).digest(), *point(signature))


@curves
def test_the_shared_secrets_of_nist(name):
    private, public, z = (bytes.fromhex(text) for text in CAVP[name])
    oracle, size = ORACLES[name], CURVES[name].size
    shared = oracle.times(int.from_bytes(private, "big"), point(public))
    assert shared[0].to_bytes(size, "big") == z
    assert PrivateKey.decode(CURVES[name], private).agree(PublicKey.decode(CURVES[name], public)) == z


@pytest.mark.parametrize(
    ("vector", "private", "public"),
    [
        ("ecdh-2e0s-p256", "private_server", "public_client"),
        ("ecdh-1e1s-p256", "private_server_static", "public_client_ephemeral"),
        ("ecdh-1e1s-p256", "private_client_ephemeral", "public_server_static"),
    ],
)
def test_the_shared_secrets_of_the_book(dlms_vectors, vector, private, public):
    expected = dlms_vectors[vector]["expected"]
    own = PrivateKey.decode(P256, bytes.fromhex(expected[private]))
    peer = PublicKey.decode(P256, bytes.fromhex(expected[public]))
    assert own.agree(peer).hex() == dlms_vectors[vector]["hex"]


@pytest.mark.parametrize(
    "vector", ["ecdsa-p256-key-agreement-c1", "ecdsa-p256-one-pass-client", "ecdsa-p256-one-pass-server"]
)
def test_the_signatures_of_the_book(dlms_vectors, vector):
    expected = dlms_vectors[vector]["expected"]
    key = PublicKey.decode(P256, bytes.fromhex(expected["public_key"]))
    message, signature = bytes.fromhex(expected["message"]), bytes.fromhex(dlms_vectors[vector]["hex"])
    key.verify(signature, message)
    if "private_key" in expected:
        assert PrivateKey.decode(P256, bytes.fromhex(expected["private_key"])).public == key
    for forged in (signature[:-3] + bytes.fromhex("d64fb3"), signature[:-1] + bytes((signature[-1] ^ 1,))):
        with pytest.raises(SecurityError, match="signature is wrong"):
            key.verify(forged, message)


@curves
@settings(max_examples=10)
@given(seed=st.integers(0, 2**64), message=st.binary(max_size=80))
def test_what_we_sign_the_oracle_verifies(name, seed, message):
    curve, oracle = CURVES[name], ORACLES[name]
    key = PrivateKey.draw(curve, Random(seed).randbytes)
    public = point(key.public.octets)
    assert oracle.holds(public)
    assert oracle.times(int.from_bytes(key.octets, "big"), oracle.g) == public
    assert oracle.verifies(public, HASHES[name](message).digest(), *point(key.sign(message)))


@curves
def test_both_ends_agree_and_keys_read_back(name):
    dice, curve = Random(5), CURVES[name]
    one, other = (PrivateKey.draw(curve, dice.randbytes) for _ in range(2))
    assert one.agree(other.public) == other.agree(one.public)
    assert PrivateKey.decode(curve, one.octets).public == one.public
    for octets in (one.public.octets, b"\x04" + one.public.octets):
        assert PublicKey.decode(curve, octets) == one.public


@curves
def test_every_changed_octet_of_a_signature_is_refused(name):
    key = PrivateKey.draw(CURVES[name], Random(6).randbytes)
    signature = key.sign(b"message")
    for place in range(len(signature)):
        forged = signature[:place] + bytes((signature[place] ^ 0x40,)) + signature[place + 1 :]
        with pytest.raises(SecurityError):
            key.public.verify(forged, b"message")
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(len(signature))):
        with pytest.raises(SecurityError):
            key.public.verify(wrong, b"message")
    with pytest.raises(SecurityError):
        key.public.verify(signature, b"massage")


@curves
@given(octets=st.binary(max_size=100))
def test_any_octets_are_a_key_or_refused(name, octets):
    curve, oracle = CURVES[name], ORACLES[name]
    try:
        key = PublicKey.decode(curve, octets)
    except DecodeError:
        pass
    else:
        assert oracle.holds(point(key.octets))
    with contextlib.suppress(DecodeError):
        assert PrivateKey.decode(curve, octets).octets == octets


@curves
def test_points_off_the_curve_and_numbers_out_of_range_are_refused(name):
    curve, oracle = CURVES[name], ORACLES[name]
    good = PrivateKey.draw(curve, Random(7).randbytes).public.octets
    for wrong in (good[:-1] + bytes((good[-1] ^ 1,)), bytes(2 * curve.size), b"\xff" * (2 * curve.size)):
        with pytest.raises(DecodeError, match="no point"):
            PublicKey.decode(curve, wrong)
    for number in (0, oracle.n):
        with pytest.raises(DecodeError, match="out of range"):
            PrivateKey.decode(curve, number.to_bytes(curve.size, "big"))


def test_the_least_and_greatest_draw_are_private_keys():
    for octets in (b"\0", b"\xff"):
        key = PrivateKey.draw(P256, lambda length, octet=octets: octet * length)
        assert 0 < int.from_bytes(key.octets, "big") < elliptic.P256.n


def test_curves_do_not_mix_and_suite_0_has_none():
    one, other = PrivateKey.draw(P256, Random(8).randbytes), PrivateKey.draw(P384, Random(8).randbytes)
    with pytest.raises(SecurityError, match="P-384"):
        one.agree(other.public)
    with pytest.raises(SecurityError, match="suite 0"):
        curve_of(Suite.AES_GCM_128)
    with pytest.raises(SecurityError, match="neither"):
        PublicKey.of("no key")


def test_private_keys_are_not_shown_pickled_or_copied():
    key = PrivateKey.draw(P256, Random(9).randbytes)
    for text in (repr(key), str(key)):
        assert key.octets.hex() not in text
        assert str(int.from_bytes(key.octets, "big")) not in text
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(key)
    assert copy.deepcopy(key) is key
