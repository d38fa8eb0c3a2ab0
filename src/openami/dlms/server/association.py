"""What a server offers to one client SAP (Association LN, seen from the protocol)."""

from dataclasses import dataclass, field
from typing import Final

from openami.core.errors import DefinitionError, SecurityError
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.security.curve import curve_of
from openami.dlms.security.hls import SECRET, Manufacturer, aes_ecb
from openami.dlms.security.keys import Keys, Secretive
from openami.dlms.security.material import BROADCAST, GLOBAL
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs
from openami.dlms.security.suite import SIGNED, Policy, Suite
from openami.dlms.xdlms import DEFAULT_CONFORMANCE, Conformance
from openami.dlms.xdlms.short import ShortNames, by_short_names

SHORT_CONTEXTS: Final = frozenset((ApplicationContext.SN, ApplicationContext.SN_CIPHERED))
CIPHERED_CONTEXTS: Final = frozenset((ApplicationContext.LN_CIPHERED, ApplicationContext.SN_CIPHERED))


@dataclass(frozen=True, slots=True)
class Association(Secretive):
    """How one client SAP may associate: mechanism, secrets, least protection, services.

    `secret` is the password of mechanism 1 and the secret of 2, 3, 4 and 6; `manufacturer` is the function of 2.
    `names` tells where attributes and methods stand for a client that uses short names.
    With `users` (ids of user_list, class 15 from version 2) a client must say which of them it is.
    `counter` and `broadcast_counter` name the counters of those keys in the store: another name for another key.
    """

    client_sap: int
    mechanism: Mechanism = Mechanism.LOWEST
    policy: Policy = Policy.NONE
    suite: Suite = Suite.AES_GCM_128
    keys: Keys | None = None
    secret: bytes | None = field(default=None, repr=False)
    conformance: Conformance = DEFAULT_CONFORMANCE
    context: ApplicationContext = ApplicationContext.LN
    names: ShortNames | None = None
    pairs: KeyPairs = NO_PAIRS
    manufacturer: Manufacturer = field(default=aes_ecb, repr=False)
    counter: str = GLOBAL
    broadcast_counter: str = BROADCAST
    users: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.is_short and self.names is None:
            raise DefinitionError(f"the association of client {self.client_sap} needs short names")
        self._check_keys()
        if self.policy.value and not self.is_ciphered:
            message = f"the policy of client {self.client_sap} asks for the ciphered application context"
            raise SecurityError(message)
        if self.mechanism is Mechanism.LOW and self.secret is None:
            raise SecurityError(f"the association of client {self.client_sap} needs a password")
        if self.mechanism in SECRET and not self.secret:
            raise SecurityError(f"the association of client {self.client_sap} needs a secret")

    def _check_keys(self) -> None:
        if self.keys is not None:
            self.keys.check(self.suite)
        elif (
            self.policy.control
            or self.mechanism is Mechanism.HIGH_GMAC
            or (self.is_ciphered and self.pairs.signature is None)
        ):
            raise SecurityError(f"the association of client {self.client_sap} needs keys")
        signs = (self.policy.request | self.policy.response) & SIGNED
        if signs or self.mechanism is Mechanism.HIGH_ECDSA:
            curve_of(self.suite)
            if self.pairs.signature is None:
                raise SecurityError(f"the association of client {self.client_sap} needs a digital signature key pair")

    @property
    def is_short(self) -> bool:
        """Whether the application context is one of short names."""
        return self.context in SHORT_CONTEXTS

    @property
    def services(self) -> Conformance:
        """Services as they are offered, in the words of the application context."""
        return by_short_names(self.conformance) if self.is_short else self.conformance

    @property
    def is_ciphered(self) -> bool:
        """Whether the application context is one with ciphering."""
        return self.context in CIPHERED_CONTEXTS
