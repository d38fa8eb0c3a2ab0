"""What a client knows of its association: how APDUs are ciphered, what was negotiated."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from openami.core.errors import SecurityError
from openami.dlms.acse import ApplicationContext
from openami.dlms.quirks import STANDARD, Quirks
from openami.dlms.security import Channel, Cipher, Ciphering, Form, ReceiveCounter, Route, Security, SendCounter
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.security.hls import GMAC, Gmac, Proof, prove
from openami.dlms.security.layers import Extension
from openami.dlms.security.material import GLOBAL, Material
from openami.dlms.security.pairs import KeyPairs
from openami.dlms.xdlms import Conformance
from openami.dlms.xdlms.short import by_short_names

AARE_TAG, RLRE_TAG, SERVICE_ERROR_TAG, EXCEPTION_TAG = 0x61, 0x63, 0x0E, 0xD8
#: APDUs that may be in clear in a ciphered association; none of them brings data.
PLAIN: Final = frozenset((AARE_TAG, RLRE_TAG, SERVICE_ERROR_TAG, EXCEPTION_TAG))
NO_LIMIT: Final = 0xFFFF
INVOKE: Final = 0xC0


class Session:
    """Ciphering and negotiated facts of the current association; `begin` starts afresh."""

    __slots__ = (
        "_dedicated_counter",
        "_invoke",
        "_others",
        "_pairs",
        "_request",
        "cipher",
        "ciphering",
        "conformance",
        "form",
        "is_short",
        "limit",
        "proposed",
        "quirks",
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
        *,
        is_short: bool = False,
        quirks: Quirks = STANDARD,
    ) -> None:
        keys = security.keys
        self.security = security
        self.quirks = quirks
        self.random = random
        self.send_counter = send_counter
        self.received = received
        self.proposed = by_short_names(proposed) if is_short else proposed
        self.is_short = is_short
        self.cipher = None if keys is None else Cipher(keys.encryption, keys.authentication)
        self._request = security.request
        self._dedicated_counter = SendCounter()
        self._others: dict[str, ReceiveCounter] = {}
        self._invoke = 0
        self.end()

    def end(self) -> None:
        """Forget the association."""
        security = self.security
        self.ciphering: Ciphering | None = None
        self.conformance = self.proposed
        self.limit = NO_LIMIT
        self.form: Form | Route = security.form
        self.server_title = security.server_title or b""
        self._pairs = security.pairs

    def begin(self) -> None:
        """Protect APDUs by the global keys from here on, if the settings ask for it."""
        self.end()
        security, channel = self.security, None
        if security.client_title is None or not security.is_ciphered:
            return
        if self.cipher is not None:
            channel = Channel(self.cipher, security.suite, self.send_counter.take, self.received)
        self.ciphering = Ciphering(channel, security.client_title, self.server_title, security.response)
        if self.quirks.untitled_ciphering:
            self.ciphering.shown_title = b""
        if security.is_layered:
            self.ciphering.extend = self._extend

    def _extend(self, ciphering: Ciphering) -> Extension:
        security, take = self.security, self.send_counter.take
        material = Material(security.suite, security.keys, self._pairs, self.random, take, self.received_under)
        return Extension(ciphering, material)

    def received_under(self, name: str) -> ReceiveCounter:
        """Counter of what arrives under a kind of key."""
        return self.received if name == GLOBAL else self._others.setdefault(name, ReceiveCounter())

    def meet(self, title: bytes, certificate: bytes | None = None) -> None:
        """Take the system title under which the server ciphers, and the certificate it presents, if it is needed."""
        self.server_title = title
        if self.ciphering is not None:
            self.ciphering.peer_title = title
        pairs = self._pairs
        if certificate and pairs.trust is not None and pairs.peer_signature is None:
            self._pairs = replace(pairs, peer_signature=pairs.trust(title, certificate))
            if self.ciphering is not None:
                self.ciphering.extension = None

    @property
    def pairs(self) -> KeyPairs:
        """Key pairs, with what the server presented."""
        return self._pairs

    def proof(self) -> Proof:
        """How we prove who we are, and check the server."""
        security, cipher = self.security, self.cipher
        ends = security.client_title or b"", self.server_title
        if security.mechanism == GMAC and cipher is not None:
            return Gmac(cipher, security.suite, ends, self.send_counter.take, self.received)
        return prove(security.mechanism, ends, security.secret, security.manufacturer, self._pairs)

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
        self.form = dedicated(self.form)

    def go_global(self) -> None:
        """Protect by the global key again: a release is."""
        self.form = self.security.form

    @property
    def context(self) -> ApplicationContext:
        """Application context of the association."""
        if self.is_short:
            return ApplicationContext.SN_CIPHERED if self.security.is_ciphered else ApplicationContext.SN
        return ApplicationContext.LN_CIPHERED if self.security.is_ciphered else ApplicationContext.LN

    @property
    def room(self) -> int:
        """Octets of a plain APDU that the server takes once it is protected."""
        if self.ciphering is None or not self._request:
            return self.limit
        return self.ciphering.room(self.form, self._request, self.limit)

    def next_invoke(self) -> int:
        """Invoke-id-and-priority of a new request: confirmed, high priority, 1 to 15 in turn."""
        self._invoke = self._invoke % 15 + 1
        return INVOKE | self._invoke

    def seal(self, apdu: bytes) -> bytes:
        """Protect an APDU, if it has to be, as it leaves."""
        if self.ciphering is None or not self._request:
            return apdu
        return self.ciphering.seal(apdu, self.form, self._request)

    def open(self, apdu: bytes) -> bytes:
        """Open an APDU that arrived; what should be protected and is not, is refused."""
        if apdu[0] in CIPHERED:
            if self.ciphering is None:
                message = "a ciphered APDU arrived in an association without ciphering"
                raise SecurityError(message)
            return self.ciphering.open(apdu)[0]
        if self.ciphering is not None and self.security.response and apdu[0] not in PLAIN:
            message = "a plain answer arrived in a ciphered association"
            raise SecurityError(message)
        return apdu


def dedicated(form: Form | Route) -> Form | Route:
    """Form of the same tags under the dedicated key."""
    if isinstance(form, Form):
        return Form(form | Form.DED)
    return replace(form, form=Form(form.form | Form.DED)) if isinstance(form.form, Form) else form
