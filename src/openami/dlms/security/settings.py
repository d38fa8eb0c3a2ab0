"""What a client must know to associate: `Security`, the public face of this folder."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal, Self, TypeAlias

from openami.core.errors import SecurityError
from openami.dlms.security.channel import BROADCAST_BIT, PROTECTION
from openami.dlms.security.counters import LAST
from openami.dlms.security.curve import curve_of
from openami.dlms.security.envelope import Form, KeyKind, Route, Signing
from openami.dlms.security.hls import (
    ECDSA,
    GMAC,
    LOW,
    LOWEST,
    SECRET,
    TITLED,
    Manufacturer,
    aes_ecb,
    check_challenge_length,
    least_challenge,
)
from openami.dlms.security.keys import Keys, Secretive, check_length, octets
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs
from openami.dlms.security.suite import SIGNED, TITLE_LENGTH, Policy, Suite

#: Tags of the ciphered APDUs: those of each service, or general ones.
Way: TypeAlias = Literal["glo", "general-glo", "general-ciphering"]
#: Which key protects the content of general-ciphering.
Key: TypeAlias = Literal["identified-key", "wrapped-key", "one-pass", "static"]
CHALLENGE: Final = 16
PLAIN: Final = {"glo": Form.GLO, "general-glo": Form.GENERAL_GLO}


@dataclass(frozen=True, slots=True, kw_only=True)
class Security(Secretive):
    """Authentication and ciphering of a client; `repr` shows no key, no password and no secret.

    Compression (V.44) is never used, and refused where a server does: no well-kept library of it exists.
    """

    mechanism: int = LOWEST
    password: bytes | None = field(default=None, repr=False)
    keys: Keys | None = None
    client_title: bytes | None = None
    server_title: bytes | None = None
    policy: Policy = Policy.NONE
    ciphering: Way = "glo"
    dedicated_key: bytes | Literal["random"] | None = field(default=None, repr=False)
    invocation_counter: int | None = None
    challenge_length: int = CHALLENGE
    suite: Suite = Suite.AES_GCM_128
    #: Secret of mechanisms 2, 3, 4 and 6, and the function that mechanism 2 uses.
    secret: bytes | None = field(default=None, repr=False)
    manufacturer: Manufacturer = field(default=aes_ecb, repr=False)
    pairs: KeyPairs = NO_PAIRS
    key_info: Key = "identified-key"
    #: Requests go under the broadcast key; several meters hold it, so it proves little.
    broadcast: bool = False
    signing: Signing | None = None
    #: Further facts that general-ciphering and general-signing carry.
    date_time: bytes = b""
    other_information: bytes = b""
    #: Which user of the client SAP this is, for meters that list their users (Blue Book, class 15, user_list).
    user_id: int | None = None
    #: What follows from the above: protection of every request, least protection of every response (bits of
    #: the security control octet, and `SIGNED`), and the form of APDUs that the global key or its like protects.
    request: int = field(init=False, repr=False, compare=False)
    response: int = field(init=False, repr=False, compare=False)
    form: Form | Route = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        signed = SIGNED if self.signing else 0
        under = BROADCAST_BIT if self.broadcast and self.policy.request & PROTECTION else 0
        object.__setattr__(self, "request", self.policy.request | signed | under)
        object.__setattr__(self, "response", self.policy.response | signed)
        object.__setattr__(self, "form", self._form())
        check(self)

    def _form(self) -> Form | Route:
        """Plain forms where they will do, a route where there is more to say."""
        plain = PLAIN.get(self.ciphering)
        if not self.request or (plain is not None and not self.request & SIGNED):
            return Form.GLO if plain is None else plain
        key = KeyKind.BROADCAST if self.broadcast else KeyKind(self.key_info)
        form = (key if plain is None else plain) if self.request & PROTECTION else None
        signing = self.signing or ("outside" if self.request & SIGNED else None)
        return Route(form, signing, b"", self.date_time, self.other_information)

    @property
    def is_ciphered(self) -> bool:
        """Whether APDUs are protected: the application context is then the ciphered one."""
        return self.request != 0 or self.response != 0

    @property
    def is_layered(self) -> bool:
        """Whether more than the plain forms under one key may be used."""
        return isinstance(self.form, Route) or self.broadcast or self.response & SIGNED != 0

    @classmethod
    def none(cls) -> Self:
        """Lowest level: no password, no ciphering (the public client 16)."""
        return cls()

    def as_user(self, user_id: int) -> Self:
        """The same, saying which user of the client SAP it is."""
        return replace(self, user_id=user_id)

    @classmethod
    def lls(cls, password: str | bytes) -> Self:
        """Low level: a password sent in clear."""
        return cls(mechanism=LOW, password=password.encode() if isinstance(password, str) else password)

    @classmethod
    def hls(
        cls,
        mechanism: int,
        *,
        secret: bytes | str | None = None,
        manufacturer: Manufacturer = aes_ecb,
        encryption_key: bytes | str | None = None,
        authentication_key: bytes | str | None = None,
        master_key: bytes | str | None = None,
        broadcast_key: bytes | str | None = None,
        pairs: KeyPairs = NO_PAIRS,
        client_title: bytes | str | None = None,
        server_title: bytes | str | None = None,
        policy: Policy | None = None,
        ciphering: Way = "glo",
        key_info: Key = "identified-key",
        broadcast: bool = False,
        signing: Signing | None = None,
        dedicated_key: bytes | str | None = None,
        invocation_counter: int | None = None,
        suite: Suite = Suite.AES_GCM_128,
        challenge_length: int | None = None,
    ) -> Self:
        """High level, mechanisms 2 to 7, over APDUs in clear or, as soon as keys are given, ciphered.

        Mechanisms 2, 3, 4 and 6 take the `secret` (octets, or text as it is); 5 the encryption and the
        authentication key; 7 the `pairs`, from suite 1 on. Keys and titles are octets or hexadecimal text.
        """
        length = challenge_length
        if length is None:
            length = max(CHALLENGE, least_challenge(mechanism))
        return cls(
            mechanism=mechanism,
            secret=secret.encode() if isinstance(secret, str) else secret,
            manufacturer=manufacturer,
            keys=read_keys(encryption_key, authentication_key, master_key, broadcast_key),
            pairs=pairs,
            client_title=optional_octets("client title", client_title),
            server_title=optional_octets("server title", server_title),
            policy=(Policy.NONE if encryption_key is None else Policy.AE) if policy is None else policy,
            ciphering=ciphering,
            key_info=key_info,
            broadcast=broadcast,
            signing=signing,
            dedicated_key=read_dedicated_key(dedicated_key),
            invocation_counter=invocation_counter,
            suite=suite,
            challenge_length=length,
        )

    @classmethod
    def hls5(
        cls,
        *,
        encryption_key: bytes | str,
        authentication_key: bytes | str,
        client_title: bytes | str,
        policy: Policy = Policy.AE,
        ciphering: Way = "glo",
        dedicated_key: bytes | str | None = None,
        server_title: bytes | str | None = None,
        invocation_counter: int | None = None,
        suite: Suite = Suite.AES_GCM_128,
        challenge_length: int = CHALLENGE,
    ) -> Self:
        """High level, mechanism 5 (GMAC). Keys and titles as octets or hexadecimal text.

        `dedicated_key="random"` draws one for each association, as it is meant to be; a key given here
        must not be given to a second client, because its counters start at 0.
        """
        return cls.hls(
            GMAC,
            encryption_key=encryption_key,
            authentication_key=authentication_key,
            client_title=client_title,
            policy=policy,
            ciphering=ciphering,
            dedicated_key=dedicated_key,
            server_title=server_title,
            invocation_counter=invocation_counter,
            suite=suite,
            challenge_length=challenge_length,
        )


def read_keys(
    encryption: bytes | str | None,
    authentication: bytes | str | None,
    master: bytes | str | None,
    broadcast: bytes | str | None,
) -> Keys | None:
    """Read the global keys; encryption and authentication key go together."""
    if encryption is None or authentication is None:
        given = (encryption, authentication, master, broadcast)
        refuse(any(key is not None for key in given), "keys are an encryption and an authentication key at least")
        return None
    return Keys(
        octets("encryption key", encryption),
        octets("authentication key", authentication),
        optional_octets("master key", master),
        optional_octets("broadcast key", broadcast),
    )


def optional_octets(name: str, secret: bytes | str | None) -> bytes | None:
    """Read a key or title, if there is one."""
    return None if secret is None else octets(name, secret)


def read_dedicated_key(key: bytes | str | None) -> bytes | Literal["random"] | None:
    """Octets of a dedicated key, or the wish to have one drawn."""
    if key is None:
        return None
    return "random" if key == "random" else octets("dedicated key", key)


def check(security: Security) -> None:
    """Refuse settings that cannot work, each with one sentence."""
    check_titles(security)
    check_keys(security)
    check_mechanism(security)
    check_layers(security)
    if not 0 <= (security.invocation_counter or 0) <= LAST:
        raise SecurityError(f"invocation counter {security.invocation_counter} is out of range")


def check_titles(security: Security) -> None:
    """Titles have eight octets, differ, and are there where they are needed."""
    client, server = security.client_title, security.server_title
    for name, title in (("client", client), ("server", server)):
        if title is not None and len(title) != TITLE_LENGTH:
            raise SecurityError(f"{name} title of {len(title)} octets, expected {TITLE_LENGTH}")
    refuse(client is not None and client == server, "client and server must not have the same system title")
    titled = security.keys is not None or security.mechanism in TITLED or security.is_layered
    refuse(client is None and titled, "a client with keys needs a system title")
    refuse(
        server is None and isinstance(security.form, Route),
        "general-ciphering and signatures name the recipient: give the server's system title",
    )


def check_keys(security: Security) -> None:
    """Keys are as long as the suite asks for, and there where they are needed."""
    keys, key, protected = security.keys, security.dedicated_key, security.policy.control != 0
    if keys is not None:
        keys.check(security.suite)
    if isinstance(key, bytes):
        check_length("dedicated", key, security.suite)
    refuse(key is not None and not protected, "a dedicated key is of use only where a policy asks for ciphering")
    refuse(protected and keys is None, "a ciphered association needs keys")
    refuse(
        security.broadcast and (keys is None or keys.broadcast is None),
        "requests under the broadcast key need that key",
    )
    general = security.ciphering == "general-ciphering"
    refuse(key is not None and (general or security.broadcast), "a dedicated key goes with glo and general-glo alone")
    refuse(
        general and security.key_info == "wrapped-key" and (keys is None or keys.master is None),
        "wrapped keys need the master key",
    )


def check_mechanism(security: Security) -> None:
    """Every mechanism has what it proves itself by."""
    mechanism = security.mechanism
    refuse(not LOWEST <= mechanism <= ECDSA, f"authentication mechanism {mechanism}, expected 0 to 7")
    refuse(mechanism in SECRET and not security.secret, f"mechanism {mechanism} needs a secret")
    refuse(mechanism == GMAC and security.keys is None, "mechanism 5 needs keys")
    check_challenge_length(security.challenge_length, mechanism)
    if mechanism == ECDSA:
        check_signatures(security, "mechanism 7 needs")


def check_layers(security: Security) -> None:
    """Signatures and agreed keys have their key pairs."""
    if (security.request | security.response) & SIGNED:
        check_signatures(security, "signing needs")
    refuse(
        security.signing == "inside" and security.ciphering == "glo",
        "a signature inside needs general-glo or general-ciphering, for service tags name what is inside",
    )
    if security.ciphering != "general-ciphering" or security.key_info not in {"one-pass", "static"}:
        return
    curve_of(security.suite)
    pairs = security.pairs
    refuse(
        pairs.agreement is None or pairs.peer_agreement is None,
        "agreed keys need our key agreement key pair and the server's key agreement key",
    )
    if security.key_info == "one-pass":
        check_signatures(security, "one-pass key agreement needs")


def check_signatures(security: Security, what: str) -> None:
    """Refuse settings without what makes and verifies signatures."""
    curve_of(security.suite)
    pairs = security.pairs
    refuse(pairs.signature is None, f"{what} a digital signature key pair")
    refuse(
        pairs.peer_signature is None and pairs.trust is None,
        f"{what} the server's digital signature key, or whom to trust for it",
    )


def refuse(wrong: bool, message: str) -> None:
    """Refuse what is wrong."""
    if wrong:
        raise SecurityError(message)
