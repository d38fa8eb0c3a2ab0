"""Looking on: a session that tells each ciphered APDU in clear. One without onlookers is a plain `Session`."""

from collections.abc import Callable
from typing import TypeAlias

from openami.dlms.client.session import Session
from openami.dlms.quirks import Quirks
from openami.dlms.security import ReceiveCounter, Security, SendCounter
from openami.dlms.xdlms import Conformance

#: Is told whether we send the APDU, and its octets in clear; keys and passwords may be inside.
Watch: TypeAlias = Callable[[bool, bytes], None]


class WatchedSession(Session):
    """A session that tells what it protects, before, and what it opens, after."""

    __slots__ = ("_tell",)

    def __init__(
        self,
        security: Security,
        random: Callable[[int], bytes],
        send_counter: SendCounter,
        received: ReceiveCounter,
        proposed: Conformance,
        *,
        is_short: bool,
        quirks: Quirks,
        tell: Watch,
    ) -> None:
        super().__init__(security, random, send_counter, received, proposed, is_short=is_short, quirks=quirks)
        self._tell = tell

    def seal(self, apdu: bytes) -> bytes:
        """Tell an APDU that leaves protected."""
        protected = super().seal(apdu)
        if protected is not apdu:
            self._tell(True, apdu)  # noqa: FBT003  # the alias names it
        return protected

    def open(self, apdu: bytes) -> bytes:
        """Tell an APDU that came protected."""
        plain = super().open(apdu)
        if plain is not apdu:
            self._tell(False, plain)  # noqa: FBT003
        return plain
