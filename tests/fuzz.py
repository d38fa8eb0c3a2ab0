"""Any octets at a codec: a value, or a DecodeError that tells where."""

from openami.core.errors import DecodeError


def decoded_or_refused(decode, data):
    """The value, or None when the octets are refused with a place inside them."""
    try:
        return decode(data)
    except DecodeError as error:
        refused = error
    assert refused.offset is not None, refused
    assert 0 <= refused.offset <= len(data), refused
    return None
