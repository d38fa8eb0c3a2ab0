"""LLC header before an APDU: two SAPs and a reserved octet (IEC 62056-46, 5; Green Book, 8.3)."""

from typing import Final

COMMAND: Final = b"\xe6\xe6\x00"
"""From client to server."""
RESPONSE: Final = b"\xe6\xe7\x00"
"""From server to client."""
SIZE: Final = 3


def has_header(information: bytes) -> bool:
    """Whether an LLC header stands before it, of whichever direction: some meters mistake it."""
    return information.startswith((COMMAND, RESPONSE))


def strip(information: bytes) -> bytes:
    """The APDU, whether a header stands before it or not: some meters push without."""
    return information[SIZE:] if has_header(information) else information
