"""Images as files: read back, cut anywhere, changed anywhere; the format stands as it is documented."""

import hashlib
from dataclasses import replace
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from meters.upgrading import OTHER_MAKER, content, made
from openami.core.errors import DecodeError, DefinitionError
from openami.meters.firmware.image import FirmwareImage, Part, Sealed, TruncatedError, simulated_maker
from openami.meters.firmware.version import Version

VERSIONS = st.lists(st.integers(0, 255), min_size=1, max_size=5).map(
    lambda parts: Version(" ".join(f"{part:02X}" for part in parts))
)


IMAGES = st.builds(
    FirmwareImage, st.binary(max_size=40), st.text(max_size=20), st.sampled_from(Part), VERSIONS,
    st.binary(max_size=600), st.none() | VERSIONS, st.booleans(),
)  # fmt: skip


@given(IMAGES)
def test_what_is_written_is_read(image: FirmwareImage) -> None:
    sealed = Sealed.decode(image.encode(OTHER_MAKER))
    assert sealed.image == image
    assert sealed.is_intact
    assert sealed.is_signed_by(OTHER_MAKER.public)
    assert not sealed.is_signed_by(simulated_maker().public)


def test_the_format_is_the_documented_one_and_the_signature_is_ecdsa_on_p_256() -> None:
    """Octets put together by hand after the table of the module; the signature checked by cryptography alone."""
    data = made(least=Version("01 00 00 00"))
    head = b"OAFW" + bytes([1, 2, 0]) + b"\x06KFM-03" + b"\x0dIQ0404100K1-R" + b"\x0b01 02 03 05" + b"\x0b01 00 00 00"
    head += len(content()).to_bytes(4, "big") + hashlib.sha256(content()).digest()
    assert data[: len(head)] == head
    assert data[len(head) : -64] == content()
    r, s = (int.from_bytes(data[at : at + 32] if at + 32 else data[at:], "big") for at in (-64, -32))
    public = simulated_maker().public.key
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(encode_dss_signature(r, s), head, ec.ECDSA(SHA256()))


def test_an_image_cut_anywhere_is_truncated_and_one_with_a_tail_too() -> None:
    data = made(content=b"abc")
    for end in range(5, len(data)):
        with pytest.raises(TruncatedError, match="not whole"):
            Sealed.decode(data[:end])
    with pytest.raises(TruncatedError, match="not whole"):
        Sealed.decode(data + b"\0")


def test_one_bit_changed_anywhere_is_noticed() -> None:
    data, dice = made(content=b"abc"), Random(1)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << dice.randrange(8)
        try:
            sealed = Sealed.decode(bytes(changed))
        except DecodeError:
            continue
        assert not (sealed.is_intact and sealed.is_signed_by(simulated_maker().public)), place


@pytest.mark.parametrize("data", [b"", b"OAF", b"OAFW\x02" + bytes(90), b"\x7fELF" + bytes(200)])
def test_what_is_no_image(data: bytes) -> None:
    with pytest.raises(DecodeError, match="no firmware image"):
        Sealed.decode(data)


def test_a_text_that_is_too_long_and_a_version_that_is_none() -> None:
    image = Sealed.decode(made()).image
    with pytest.raises(DefinitionError, match="at most 255 octets"):
        replace(image, model="m" * 256).head()
    for wrong in (Version("1.2"), Version("")):
        with pytest.raises(DecodeError, match="is no version"):
            Sealed.decode(replace(image, version=wrong).encode(OTHER_MAKER))
