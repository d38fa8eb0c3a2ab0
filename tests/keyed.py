"""A server whose keys are changed in service, and an authority that issues certificates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.device import LogicalDevice
from openami.cosem.key_management import Associations, KeyManagement, MemoryStore, SecurityMaterial
from openami.cosem.security_setup import KeyPairUse, KeyTransfer, SecuritySetup, SecuritySetupv1
from openami.dlms.client import Acted
from openami.dlms.security import KeyId, Keys, Policy, PrivateKey, SendCounter, Suite, wrap
from openami.dlms.security.curve import curve_of
from openami.dlms.server import Association
from openami.dlms.xdlms import ActionResult
from pair import CLIENT_TITLE, SERVER_TITLE, MemoryCounters, Pair
from secured import PAIRS, Way, keys_of

NAME = "0.0.43.0.0.255"
NOW = datetime(2026, 11, 20, tzinfo=UTC)
DS, KA, _ = KeyPairUse


class Separate(MemoryCounters):
    """A store that keeps the counters to send by name, as a real one does."""

    def __init__(self) -> None:
        super().__init__()
        self.sends: dict[str, SendCounter] = {}

    def next_send(self, client_sap: int, key: str) -> int:
        return self.sends.setdefault(key, SendCounter(1)).take()


class Meter:
    """A server with a Security setup that is live, and a client that knows its keys."""

    def __init__(
        self, suite: Suite = Suite.AES_GCM_128, version: int = 0, *, policy: int = 0, client_known: bool = True
    ) -> None:
        self.suite, self.version = suite, version
        self.way = Way(5, suite)
        self.keys = keys_of(suite)
        one, other = PAIRS[suite]
        held = {} if suite is Suite.AES_GCM_128 else {DS: other.signature, KA: other.agreement}
        self.store = MemoryStore(SecurityMaterial(self.keys, policy, pairs=held))
        self.management = KeyManagement(
            self.store,
            client_title=CLIENT_TITLE,
            server_title=SERVER_TITLE,
            random=Random(9).randbytes,
            suite=suite,
            now=lambda: NOW,
        )
        self.setup = self.management.setup(NAME, version=version)
        objects = {(64, OBIS.parse(NAME)): self.setup}
        rights = {
            key: Rights(
                dict.fromkeys(item.attributes, AttributeAccess.READ),
                dict.fromkeys(item.methods, MethodAccess.ACCESS),
            )
            for key, item in objects.items()
        }
        self.device = LogicalDevice(objects, AccessTable({1: rights}))
        base = self.way.association(policy=Policy.NONE)
        if not client_known:
            base = replace(base, pairs=replace(base.pairs, peer_signature=None, peer_agreement=None))
        self.base = {1: base, 16: Association(16)}
        self.counters = Separate()
        self.client_known = client_known
        self.counter = 1
        self.ours = one

    def pair(self, **changes: Any) -> Pair:
        """A connection; the client as it was told."""
        held = self.store.material.keys
        facts = {"keys": Keys(held.encryption, held.authentication), **changes}
        pair = Pair(
            self.way.security(**facts),
            client_sap=1,
            associations=Associations(self.base, self.management),
            answer=self.device.answer,
            server={"counters": self.counters},
            client={"send_counter": SendCounter(self.counter)},
        )
        self.counter += 100
        return pair

    def act(self, pair: Pair, method: Any, value: Any) -> tuple[ActionResult, Any]:
        """Invoke a method over the wire; result and what it returned."""
        event = pair.ask(pair.client.action([(method.at(NAME), method.codec.encode(value))], now=pair.now))
        assert isinstance(event, Acted), event
        [(result, data)] = event.results
        return result, method.returns.decode(data)[0] if method.returns and data else data

    def transfer(self, pair: Pair, *keys: tuple[int, bytes], kek: bytes | None = None) -> ActionResult:
        """key_transfer of keys wrapped under the master key."""
        cls = SecuritySetup if self.version == 0 else SecuritySetupv1
        method = cls.global_key_transfer if self.version == 0 else cls.key_transfer
        master = self.store.material.keys.master if kek is None else kek
        transfers = [KeyTransfer(KeyId(key_id), wrap(master, key)) for key_id, key in keys]
        return self.act(pair, method, transfers)[0]


class Authority:
    """Issues certificates on a curve."""

    def __init__(self, suite: Suite, name: str = "Authority", seed: int = 33) -> None:
        self.key = PrivateKey.draw(curve_of(suite), Random(seed).randbytes)
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.number = seed << 8
        self.der = self.issue(None, self.key.public.key, "key_cert_sign")

    def issue(self, title: bytes | None, key: Any, usage: str, **changes: Any) -> bytes:
        """A certificate for the bearer of a title."""
        self.number += 1
        subject = self.name if title is None else x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, title.hex())])
        facts: dict[str, Any] = {"at": NOW, "number": self.number, "alternative": None} | changes
        usages = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(facts["number"])
            .not_valid_before(facts["at"] - timedelta(days=1))
            .not_valid_after(facts["at"] + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=title is None, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**(usages | {usage: True})), critical=True)
        )
        if facts["alternative"]:
            names = x509.SubjectAlternativeName([x509.DNSName(facts["alternative"])])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.key.key, self.key.curve.hash).public_bytes(Encoding.DER)

    def answer(self, der: bytes, usage: str) -> bytes:
        """A certificate for a request."""
        asked = x509.load_der_x509_csr(der)
        assert asked.is_signature_valid
        [name] = asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return self.issue(bytes.fromhex(str(name.value)), asked.public_key(), usage)
