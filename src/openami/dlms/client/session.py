"""What a client knows of its association: how APDUs are ciphered, what was negotiated."""

from collections.abc import Callable
from typing import Final

from openami.core.errors import SecurityError
from openami.dlms.acse import ApplicationContext
from openami.dlms.security import Channel, Cipher, Ciphering, Form, ReceiveCounter, Security, SendCounter
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.xdlms import Conformance

AARE_TAG, RLRE_TAG, EXCEPTION_TAG = 0x61, 0x63, 0xD8
#: APDUs that are never ciphered as a whole; none of them brings data.
PLAIN: Final = frozenset((AARE_TAG, RLRE_TAG, EXCEPTION_TAG))
NO_LIMIT: Final = 0xFFFF
INVOKE: Final = 0xC0


class Session:
    """Ciphering and negotiated facts of the current association; `begin` starts afresh."""

    __slots__ = (
        "_dedicated_counter",
        "_invoke",
        "cipher",
        "ciphering",
        "conformance",
        "form",
        "limit",
        "proposed",
        "random",
        "received",
        "security",
        "send_counter",
        "server_title",
    )

    def __init__(
        self,
        security: Security,
        random: Callable[[int], bytes],
        send_counter: SendCounter,
        received: ReceiveCounter,
        proposed: Conformance,
    ) -> None:
        keys = security.keys
        self.security = security
        self.random = random
        self.send_counter = send_counter
        self.received = received
        self.proposed = proposed
        self.cipher = None if keys is None else Cipher(keys.encryption, keys.authentication)
        self._dedicated_counter = SendCounter()
        self._invoke = 0
        self.end()

    def end(self) -> None:
        """Forget the association."""
        self.ciphering: Ciphering | None = None
        self.conformance = self.proposed
        self.limit = NO_LIMIT
        self.form = self.global_form
        self.server_title = self.security.server_title or b""

    def begin(self) -> None:
        """Cipher by the global key from here on, if the settings ask for ciphering."""
        self.end()
        security = self.security
        if self.cipher is None or security.client_title is None or not security.policy:
            return
        channel = Channel(self.cipher, security.suite, self.send_counter.take, self.received)
        self.ciphering = Ciphering(channel, security.client_title, self.server_title, security.policy.control)

    def meet(self, title: bytes) -> None:
        """Take the system title under which the server ciphers."""
        self.server_title = title
        if self.ciphering is not None:
            self.ciphering.peer_title = title

    def dedicate(self, key: bytes) -> None:
        """Cipher by the dedicated key from here on; a key that was drawn counts from 0."""
        security = self.security
        if self.ciphering is None or security.keys is None:
            return
        if security.dedicated_key == "random":
            self._dedicated_counter = SendCounter()
        cipher = Cipher(key, security.keys.authentication)
        counter = self._dedicated_counter.take
        self.ciphering.dedicated = Channel(cipher, security.suite, counter, ReceiveCounter())
        self.form = Form(self.form | Form.DED)

    @property
    def global_form(self) -> Form:
        """The form of APDUs under the global key that the settings ask for."""
        return Form.GENERAL_GLO if self.security.ciphering == "general-glo" else Form.GLO

    @property
    def context(self) -> ApplicationContext:
        """Application context of the association."""
        return ApplicationContext.LN_CIPHERED if self.security.is_ciphered else ApplicationContext.LN

    @property
    def room(self) -> int:
        """Octets of a plain APDU that the server takes once it is ciphered."""
        if self.ciphering is None:
            return self.limit
        return self.ciphering.room(self.form, self.security.policy.control, self.limit)

    def next_invoke(self) -> int:
        """Invoke-id-and-priority of a new request: confirmed, high priority, 1 to 15 in turn."""
        self._invoke = self._invoke % 15 + 1
        return INVOKE | self._invoke

    def seal(self, apdu: bytes) -> bytes:
        """Cipher an APDU, if it has to be, as it leaves."""
        if self.ciphering is None:
            return apdu
        return self.ciphering.seal(apdu, self.form, self.security.policy.control)

    def open(self, apdu: bytes) -> bytes:
        """Open an APDU that arrived; what should be ciphered and is not, is refused."""
        if apdu[0] in CIPHERED:
            if self.ciphering is None:
                message = "a ciphered APDU arrived in an association without ciphering"
                raise SecurityError(message)
            return self.ciphering.open(apdu)[0]
        if self.ciphering is not None and apdu[0] not in PLAIN:
            message = "a plain answer arrived in a ciphered association"
            raise SecurityError(message)
        return apdu
