"""What a server offers to one client SAP (Association LN, seen from the protocol)."""

from dataclasses import dataclass, field

from openami.core.errors import SecurityError
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.security.keys import Keys, Secretive
from openami.dlms.security.suite import Policy, Suite
from openami.dlms.xdlms import DEFAULT_CONFORMANCE, Conformance


@dataclass(frozen=True, slots=True)
class Association(Secretive):
    """How one client SAP may associate: mechanism, secrets, least protection, services."""

    client_sap: int
    mechanism: Mechanism = Mechanism.LOWEST
    policy: Policy = Policy.NONE
    suite: Suite = Suite.AES_GCM_128
    keys: Keys | None = None
    secret: bytes | None = field(default=None, repr=False)
    conformance: Conformance = DEFAULT_CONFORMANCE
    context: ApplicationContext = ApplicationContext.LN

    def __post_init__(self) -> None:
        if self.keys is not None:
            self.keys.check(self.suite)
        elif self.is_ciphered or self.mechanism is Mechanism.HIGH_GMAC:
            raise SecurityError(f"the association of client {self.client_sap} needs keys")
        if self.policy and not self.is_ciphered:
            message = f"the policy of client {self.client_sap} asks for the ciphered application context"
            raise SecurityError(message)
        if self.mechanism is Mechanism.LOW and self.secret is None:
            raise SecurityError(f"the association of client {self.client_sap} needs a password")

    @property
    def is_ciphered(self) -> bool:
        """Whether the application context is the one with ciphering."""
        return self.context is ApplicationContext.LN_CIPHERED
