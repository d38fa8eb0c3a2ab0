"""Elements of an ACSE APDU by their tags, read when asked for and written when present."""

from openami.core.errors import DecodeError
from openami.dlms import ber
from openami.dlms.acse.context import ApplicationContext, Mechanism, decode_context, encode_mechanism

OBJECT_IDENTIFIER, OCTET_STRING, INTEGER, CHARSTRING = 0x06, 0x04, 0x02, 0x80
USER_INFORMATION = 0xBE
#: ACSE requirements: a BIT STRING whose only bit selects the authentication functional unit.
AUTHENTICATION_UNIT = bytes.fromhex("0780")


class Elements:
    """Elements of one APDU; the contents of each stay in the APDU, so that errors tell where they are."""

    __slots__ = ("apdu", "spans")

    def __init__(self, apdu: bytes, tag: int) -> None:
        """Find the elements of an APDU of this tag; octets behind it or its user-information are ignored."""
        found, offset, end = ber.decode(apdu, 0, len(apdu))
        if found != tag:
            raise DecodeError(f"tag {found:02X}, expected {tag:02X}", offset=0)
        self.apdu = apdu
        spans: dict[int, tuple[int, int]] = {}
        self.spans = spans
        while offset < end:
            at, found, start = offset, apdu[offset], offset + 2
            # most elements are short, and this loop is run for every association
            if start <= end and (length := apdu[start - 1]) < 0x80 and start + length <= end and found & 0x1F != 0x1F:
                offset = start + length
            else:
                found, start, offset = ber.decode(apdu, offset, end)
            if found in spans:
                raise DecodeError(f"element {found:02X} comes twice", offset=at)
            spans[found] = (start, offset)
            if found == USER_INFORMATION:
                break

    def content(self, tag: int) -> bytes | None:
        """Contents of an implicitly tagged element."""
        span = self.spans.get(tag)
        return None if span is None else self.apdu[span[0] : span[1]]

    def inner(self, tag: int, inner: int) -> bytes | None:
        """Contents of the one element inside an explicitly tagged one."""
        span = self.spans.get(tag)
        if span is None:
            return None
        start, end = self.inside(span, inner)
        return self.apdu[start:end]

    def integer(self, tag: int) -> int | None:
        """Value of an explicitly tagged INTEGER."""
        span = self.spans.get(tag)
        return None if span is None else ber.decode_integer(self.apdu, *self.inside(span, INTEGER))

    def inside(self, span: tuple[int, int], inner: int) -> tuple[int, int]:
        """Where the contents of the element of this tag inside a span start and end."""
        apdu, (start, end) = self.apdu, span
        if start + 2 <= end and apdu[start] == inner and apdu[start + 1] == end - start - 2 < 0x80:
            return start + 2, end
        found, start, end = ber.decode(apdu, start, end)
        if found != inner:
            raise DecodeError(f"tag {found:02X}, expected {inner:02X}", offset=span[0])
        return start, end

    def context(self) -> ApplicationContext | bytes:
        """Element application-context-name [1], which must be there."""
        content = self.inner(0xA1, OBJECT_IDENTIFIER)
        if content is None:
            raise self.missing("application-context-name")
        return decode_context(content)

    def missing(self, name: str) -> DecodeError:
        """Error for an element that must be there."""
        return DecodeError(f"{name} is missing", offset=len(self.apdu))


def encode_content(tag: int, content: bytes | None) -> bytes:
    """Tag contents implicitly; None is nothing."""
    return b"" if content is None else ber.encode(tag, content)


def encode_inner(tag: int, inner: int, content: bytes | None) -> bytes:
    """Tag an element explicitly; None is nothing."""
    return b"" if content is None else ber.encode(tag, ber.encode(inner, content))


def encode_integer(tag: int, value: int | None) -> bytes:
    """Tag an INTEGER explicitly; None is nothing."""
    return b"" if value is None else ber.encode(tag, ber.encode(INTEGER, ber.encode_integer(value)))


def encode_authentication(tag: int, mechanism: Mechanism | bytes | None) -> bytes:
    """Name the mechanism, and ask for the authentication functional unit in the element before it; None is nothing."""
    if mechanism is None:
        return b""
    return ber.encode(tag - 1, AUTHENTICATION_UNIT) + ber.encode(tag, encode_mechanism(mechanism))
