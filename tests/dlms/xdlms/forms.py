"""What every form of an APDU must stand; `forms` maps octets to the APDU they are."""

import pytest

from fuzz import decoded_or_refused
from openami.core.errors import DecodeError
from openami.dlms import xdlms


def kinds(forms):
    """The classes of the forms, in the same order in every process."""
    return sorted({type(apdu) for apdu in forms.values()}, key=lambda kind: kind.__name__)


def check_reads_and_writes(octets, apdu):
    data = bytes.fromhex(octets)
    assert xdlms.decode(data) == apdu
    assert type(apdu).decode(data) == apdu
    assert apdu.encode() == data


def check_each_cut(octets):
    """Refused, or a form that ends in shorter data."""
    data = bytes.fromhex(octets)
    for end in range(len(data)):
        found = decoded_or_refused(xdlms.decode, data[:end])
        assert found is None or found.encode() == data[:end]


def check_refused(octets, offset, said):
    with pytest.raises(DecodeError, match=said) as caught:
        xdlms.decode(bytes.fromhex(octets))
    assert caught.value.offset == offset


def check_reads_no_other(kind, forms):
    for octets, apdu in forms.items():
        if type(apdu) is not kind:
            with pytest.raises(DecodeError) as caught:
                kind.decode(bytes.fromhex(octets))
            assert caught.value.offset == 0
