"""Keys of a device, changed while it is in service: the methods of Security setup carried out (Blue Book, class 64).

A device owner gives a `KeyStore`, which makes changes durable. Whatever a method changes is kept whole or
not at all, and holds from the next association on: the one that brought it goes on under the keys and
counters it was opened with.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

from openami.core.errors import ActionError, DecodeError, SecurityError
from openami.core.obis import OBIS
from openami.cosem.certificates import Certificate, request
from openami.cosem.objects import Live
from openami.cosem.security_setup import (
    CertificateEntity,
    CertificateIdentification,
    CertificateInfo,
    CertificateType,
    KeyAgreement,
    KeyPairUse,
    KeyTransfer,
    SecuritySetup,
    SecuritySetupv1,
)
from openami.dlms.security import KeyId, KeyPairs, Keys, Policy, PrivateKey, PublicKey, Suite, unwrap
from openami.dlms.security.agreement import Offer
from openami.dlms.security.curve import curve_of
from openami.dlms.security.keys import Secretive
from openami.dlms.security.material import BROADCAST, GLOBAL
from openami.dlms.security.pairs import NO_PAIRS, need
from openami.dlms.security.suite import SIGNED
from openami.dlms.server import Association
from openami.dlms.xdlms import ActionResult

#: Certificates that a device keeps.
MOST_CERTIFICATES: Final = 64


@dataclass(frozen=True, slots=True)
class SecurityMaterial(Secretive):
    """All that a Security setup holds; `repr` shows no key.

    `pending` are key pairs that were generated and wait for their certificates. `unicast` and `broadcast`
    count how often those keys were replaced: their counters begin anew each time, under another name.
    """

    keys: Keys
    policy: int = 0
    pairs: Mapping[KeyPairUse, PrivateKey] = field(default_factory=dict[KeyPairUse, PrivateKey], repr=False)
    pending: Mapping[KeyPairUse, PrivateKey] = field(default_factory=dict[KeyPairUse, PrivateKey], repr=False)
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    unicast: int = 0
    broadcast: int = 0

    def with_keys(self, keys: Mapping[int, bytes]) -> "SecurityMaterial":
        """Replace keys; a new encryption key has new counters."""
        return replace(
            self,
            keys=self.keys.replaced(keys),
            unicast=self.unicast + (KeyId.GLOBAL_UNICAST_ENCRYPTION in keys),
            broadcast=self.broadcast + (KeyId.GLOBAL_BROADCAST_ENCRYPTION in keys),
        )

    @property
    def counter(self) -> str:
        """Name of the counters of the unicast encryption key."""
        return f"{GLOBAL} {self.unicast}" if self.unicast else GLOBAL

    @property
    def broadcast_counter(self) -> str:
        """Name of the counter of the broadcast encryption key."""
        return f"{BROADCAST} {self.broadcast}" if self.broadcast else BROADCAST


class KeyStore(Protocol):
    """Where a device keeps its security material."""

    @property
    def material(self) -> SecurityMaterial:
        """What it holds now."""
        ...

    def keep(self, material: SecurityMaterial) -> None:
        """Hold this instead; it must be durable before the answer to the method leaves."""
        ...


class MemoryStore:
    """A store that lives as long as its process."""

    def __init__(self, material: SecurityMaterial) -> None:
        self.material = material

    def keep(self, material: SecurityMaterial) -> None:
        """Hold this instead."""
        self.material = material


class KeyManagement:
    """Carries out what clients ask of the keys of a device."""

    def __init__(
        self,
        store: KeyStore,
        *,
        client_title: bytes,
        server_title: bytes,
        random: Callable[[int], bytes],
        suite: Suite = Suite.AES_GCM_128,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self.store = store
        self.client_title = client_title
        self.server_title = server_title
        self.suite = suite
        self._random = random
        self._now = now

    def setup(self, logical_name: OBIS | str | bytes, *, version: int = 1) -> SecuritySetup | SecuritySetupv1:
        """Make the Security setup object, its methods carried out here."""
        values: dict[str, Any] = {
            "security_policy": Live(lambda: self.store.material.policy, self.raise_policy),
            "security_suite": self.suite.value,
            "client_system_title": self.client_title,
            "server_system_title": self.server_title,
        }
        if version == 0:
            return SecuritySetup(logical_name, handlers=self.handlers(version), **values)
        values["certificates"] = Live(self.certificates)
        return SecuritySetupv1(logical_name, handlers=self.handlers(version), **values)

    def handlers(self, version: int) -> Mapping[str, Callable[..., object]]:
        """Methods of a version of the class, by name."""
        if version == 0:
            return {"unwrap": self.unwrap, "global_key_transfer": self.transfer}
        methods: tuple[Callable[[Any], object], ...] = (
            self.key_agreement,
            self.generate_key_pair,
            self.generate_certificate_request,
            self.import_certificate,
            self.export_certificate,
            self.remove_certificate,
        )
        named = {method.__name__: partial(refusing, method) for method in methods}
        return {"unwrap": self.unwrap, "key_transfer": self.transfer, **named}

    # What an association is opened with

    def association(self, base: Association) -> Association:
        """An association as it holds from now on: keys, policy and key pairs as they are kept."""
        material = self.store.material
        return replace(
            base,
            keys=material.keys,
            policy=Policy(base.policy | material.policy),
            pairs=self.pairs(base.pairs),
            counter=material.counter,
            broadcast_counter=material.broadcast_counter,
        )

    def pairs(self, base: KeyPairs = NO_PAIRS) -> KeyPairs:
        """Key pairs, and the client's keys from its certificates; what `base` states is there where none is kept."""
        held = self.store.material.pairs
        client = CertificateEntity.CLIENT
        signature = self.key_of(client, CertificateType.DIGITAL_SIGNATURE) or base.peer_signature
        agreement = self.key_of(client, CertificateType.KEY_AGREEMENT) or base.peer_agreement
        return replace(
            base,
            signature=held.get(KeyPairUse.DIGITAL_SIGNATURE, base.signature),
            agreement=held.get(KeyPairUse.KEY_AGREEMENT, base.agreement),
            peer_signature=signature,
            peer_agreement=agreement,
        )

    # Policy and symmetric keys

    def raise_policy(self, policy: int) -> None:
        """Keep a raised policy; one that nobody could meet is refused."""
        pairs, asked = self.pairs(), Policy(policy)
        signs = (asked.request | asked.response) & SIGNED
        if signs and (pairs.signature is None or pairs.peer_signature is None):
            raise ActionError(ActionResult.OTHER_REASON, "a policy of signatures needs the signature keys of both ends")
        self.store.keep(replace(self.store.material, policy=policy))

    def unwrap(self, wrapped: bytes) -> bytes:
        """Open a key that was wrapped under the master key."""
        return unwrap(need(self.store.material.keys.master, "master key"), wrapped)

    def transfer(self, transfers: Sequence[KeyTransfer]) -> None:
        """Keep keys that have been unwrapped."""
        check_once(transfers)
        self.store.keep(self.store.material.with_keys({int(key_id): key for key_id, key in transfers}))

    def key_agreement(self, offers: Sequence[KeyAgreement]) -> list[KeyAgreement]:
        """Agree on keys; all that the client offers, or none."""
        pairs = self.pairs()
        signer = need(pairs.peer_signature, "digital signature key of the client")
        own = need(pairs.signature, "digital signature key of the server")
        check_once(offers)
        ours = [Offer.draw(self.suite, key_id, self._random) for key_id, _ in offers]
        keys = {
            int(offer.key_id): offer.accept(data, signer, self.client_title, self.server_title)
            for offer, (_, data) in zip(ours, offers, strict=True)
        }
        answers = [KeyAgreement(offer.key_id, offer.data(own)) for offer in ours]
        self.store.keep(self.store.material.with_keys(keys))
        return answers

    # Key pairs and certificates

    def generate_key_pair(self, use: KeyPairUse) -> None:
        """Make a key pair; it serves once a certificate for it is imported, the old one until then."""
        key = PrivateKey.draw(curve_of(self.suite), self._random)
        material = self.store.material
        self.store.keep(replace(material, pending={**material.pending, use: key}))

    def generate_certificate_request(self, use: KeyPairUse) -> bytes:
        """Ask for a certificate for the newest key pair of a use."""
        material = self.store.material
        key = material.pending.get(use) or material.pairs.get(use)
        return request(self.server_title, need(key, f"key pair for {use.name.lower().replace('_', ' ')}"))

    def import_certificate(self, der: bytes) -> None:
        """Take a certificate that an authority we hold has issued; the first authority is taken as it is."""
        certificate, held = Certificate.decode(der), self.held()
        authorities = [one for one in held if one.is_authority]
        if authorities:
            certificate.check_issuer(authorities)
        elif not certificate.is_authority:
            message = "certificate is issued by no authority that is trusted here"
            raise SecurityError(message)
        if self._now is not None:
            certificate.check_time(self._now())
        material = self._using(certificate)
        kept = tuple(one for one in material.certificates if one != der)
        if len(kept) >= MOST_CERTIFICATES:
            raise SecurityError(f"there is room for {MOST_CERTIFICATES} certificates")
        self.store.keep(replace(material, certificates=(*kept, der)))

    def export_certificate(self, name: CertificateIdentification) -> bytes:
        """Give a certificate; the newest where several are meant."""
        return self.named(name).der

    def remove_certificate(self, name: CertificateIdentification) -> None:
        """Forget a certificate."""
        gone, material = self.named(name).der, self.store.material
        kept = tuple(one for one in material.certificates if one != gone)
        self.store.keep(replace(material, certificates=kept))

    def certificates(self) -> list[CertificateInfo]:
        """List what is held (attribute 6)."""
        return [one.info(self.client_title, self.server_title) for one in self.held()]

    def held(self) -> list[Certificate]:
        """All certificates, oldest first."""
        return [Certificate.decode(der) for der in self.store.material.certificates]

    def named(self, name: CertificateIdentification) -> Certificate:
        """The newest certificate that an identification means."""
        for one in reversed(self.held()):
            if one.is_named(name, self.client_title, self.server_title):
                return one
        raise ActionError(ActionResult.OBJECT_UNAVAILABLE, "there is no such certificate")

    def key_of(self, entity: CertificateEntity, use: CertificateType) -> PublicKey | None:
        """Key of the newest certificate of an entity for a use."""
        for one in reversed(self.held()):
            if one.entity(self.client_title, self.server_title) is entity and one.type is use:
                return one.public_key
        return None

    def _using(self, certificate: Certificate) -> SecurityMaterial:
        """What is held, with the key pair in use that a certificate of our own is about."""
        material, public = self.store.material, certificate.public_key
        if certificate.entity(self.client_title, self.server_title) is not CertificateEntity.SERVER:
            return material
        for use, key in material.pending.items():
            if key.public == public and certificate.type == int(use):
                pending = {other: one for other, one in material.pending.items() if other is not use}
                return replace(material, pairs={**material.pairs, use: key}, pending=pending)
        if not any(key.public == public for key in material.pairs.values()):
            message = "certificate is about no key pair of this device"
            raise SecurityError(message)
        return material


class Associations(Mapping[int, Association]):
    """Associations of a server that follow its key management; those without keys stay as they are."""

    def __init__(self, base: Mapping[int, Association], management: KeyManagement) -> None:
        self._base = base
        self._management = management

    def __getitem__(self, client_sap: int) -> Association:
        association = self._base[client_sap]
        return association if association.keys is None else self._management.association(association)

    def __iter__(self) -> Iterator[int]:
        return iter(self._base)

    def __len__(self) -> int:
        return len(self._base)


def check_once(keys: Sequence[KeyTransfer] | Sequence[KeyAgreement]) -> None:
    """Refuse a list that names a key twice."""
    if len({key.key_id for key in keys}) != len(keys):
        raise ActionError(ActionResult.TYPE_UNMATCHED, "a key is named twice")


def refusing(method: Callable[[Any], object], parameter: object) -> object:
    """Carry out a method; what security refuses is refused to the client."""
    try:
        return method(parameter)
    except (SecurityError, DecodeError) as error:
        raise ActionError(ActionResult.OTHER_REASON, str(error)) from error
