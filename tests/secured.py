"""A client and a server with every key that security knows, for tests that join them by `Pair`."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.security import P256, P384, KeyPairs, Keys, Policy, PrivateKey, Security, Suite
from openami.dlms.security.pairs import NO_PAIRS
from openami.dlms.server import Association
from pair import CLIENT_TITLE, SERVER_TITLE, Pair

SECRET = b"a secret of HLS"
SUITES = {f"suite {suite.value}": suite for suite in Suite}
CURVES = {1: P256, 2: P384}


def keys_of(suite: Suite) -> Keys:
    """Global keys as long as a suite asks for, all different."""
    dice = Random(20 + suite.value)
    return Keys(*(dice.randbytes(suite.key_length) for _ in range(4)))


def drawn(suite: Suite) -> tuple[KeyPairs, KeyPairs]:
    """Key pairs of client and server, who know each other's public keys."""
    if suite.value not in CURVES:
        return NO_PAIRS, NO_PAIRS
    dice = Random(40 + suite.value)
    client, server = ([PrivateKey.draw(CURVES[suite.value], dice.randbytes) for _ in range(2)] for _ in range(2))
    one, other = (
        KeyPairs(signature=own[0], agreement=own[1], peer_signature=peer[0].public, peer_agreement=peer[1].public)
        for own, peer in ((client, server), (server, client))
    )
    return one, other


PAIRS = {suite: drawn(suite) for suite in Suite}


@dataclass(frozen=True)
class Way:
    """How a client talks to a server: what both are told."""

    mechanism: int = 5
    suite: Suite = Suite.AES_GCM_128
    policy: Policy = Policy.AE
    ciphering: str = "glo"
    key_info: str = "identified-key"
    signing: str | None = None
    dedicated_key: str | None = None
    broadcast: bool = False

    def __str__(self) -> str:
        parts = [f"hls{self.mechanism}", f"suite{self.suite.value}"]
        if self.is_protected:
            parts.append(self.ciphering)
        if self.ciphering == "general-ciphering":
            parts.append(self.key_info)
        parts += [f"policy{self.policy.value:02x}"]
        parts += [f"signed-{self.signing}"] if self.signing else []
        parts += ["dedicated"] if self.dedicated_key else []
        return "-".join(parts + ["broadcast"] * self.broadcast)

    @property
    def is_protected(self) -> bool:
        return bool(self.policy.value or self.signing)

    def security(self, **changes: Any) -> Security:
        """Settings of the client."""
        keys = keys_of(self.suite)
        facts: dict[str, Any] = {
            "mechanism": self.mechanism,
            "secret": SECRET,
            "keys": keys if self.policy.control or self.mechanism == 5 else None,
            "pairs": PAIRS[self.suite][0],
            "client_title": CLIENT_TITLE,
            "server_title": SERVER_TITLE,
            "policy": self.policy,
            "ciphering": self.ciphering,
            "key_info": self.key_info,
            "signing": self.signing,
            "dedicated_key": self.dedicated_key,
            "broadcast": self.broadcast,
            "suite": self.suite,
            "challenge_length": 32,
        }
        return Security(**(facts | changes))

    def association(self, **changes: Any) -> Association:
        """What the server offers."""
        security = self.security()
        association = Association(
            1,
            mechanism=Mechanism(self.mechanism),
            policy=self.policy,
            suite=self.suite,
            keys=security.keys,
            secret=SECRET,
            context=ApplicationContext.LN_CIPHERED if self.is_protected else ApplicationContext.LN,
            pairs=PAIRS[self.suite][1],
        )
        return replace(association, **changes)

    def pair(self, *, client: dict[str, Any] | None = None, server: dict[str, Any] | None = None, **facts: Any) -> Pair:
        """Both, joined; changes of the settings of each."""
        association = self.association(**(server or {}))
        return Pair(self.security(**(client or {})), client_sap=1, associations={1: association}, **facts)


_, SUITE_1, SUITE_2 = Suite
NONE, AE = Policy.NONE, Policy.AE
SIGNED_ALONE = Policy.SIGNED_REQUEST | Policy.SIGNED_RESPONSE
GENERAL = "general-ciphering"
HASHES = (2, 3, 4, 6)
#: Every mechanism over APDUs in clear; ciphered, every mechanism with every suite that has it.
WAYS = [
    *(Way(mechanism, policy=NONE) for mechanism in (*HASHES, 5)),
    *(Way(7, suite, NONE) for suite in (SUITE_1, SUITE_2)),
    *(Way(mechanism, suite) for suite in Suite for mechanism in (*HASHES, 5)),
    *(Way(7, suite) for suite in (SUITE_1, SUITE_2)),
]
#: Every form of ciphering with every suite that has it, signed or not.
FORMS = [
    *(Way(5, suite, ciphering=form, dedicated_key=key)
      for suite in Suite for form in ("glo", "general-glo") for key in (None, "random")),
    *(Way(5, suite, ciphering=GENERAL, key_info=key) for suite in Suite for key in ("identified-key", "wrapped-key")),
    *(Way(5, suite, ciphering=GENERAL, key_info=key) for suite in (SUITE_1, SUITE_2) for key in ("one-pass", "static")),
    *(Way(5, suite, ciphering=form, broadcast=True) for suite in Suite for form in ("glo", "general-glo", GENERAL)),
    *(Way(7, suite, ciphering=form, signing=signing)
      for suite in (SUITE_1, SUITE_2)
      for form in ("glo", "general-glo", GENERAL)
      for signing in ("outside", "inside")
      if (form, signing) != ("glo", "inside")),
    *(Way(7, suite, ciphering=GENERAL, key_info=key, signing="inside")
      for suite in (SUITE_1, SUITE_2) for key in ("wrapped-key", "one-pass", "static")),
    *(Way(7, suite, SIGNED_ALONE, signing="outside") for suite in (SUITE_1, SUITE_2)),
    Way(7, SUITE_1, signing="outside", dedicated_key="random"),
    Way(7, SUITE_1, ciphering="general-glo", signing="inside", dedicated_key="random"),
]  # fmt: skip
