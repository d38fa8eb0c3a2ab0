"""Keys changed in service: our client and server joined, every method of Security setup, every refusal."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from cryptography import x509

from keyed import NAME, NOW, Authority, Meter
from openami.core.errors import ActionError, AssociationError, SecurityError
from openami.cosem.certificates import Certificate, request, trust
from openami.cosem.key_management import Associations
from openami.cosem.security_setup import (
    CertificateIdentification,
    EntityIdentification,
    IdentificationType,
    KeyAgreement,
    KeyPairUse,
    KeyTransfer,
    SecuritySetup,
    SecuritySetupv1,
    SerialIdentification,
)
from openami.dlms.client import Got
from openami.dlms.data import OCTET_STRING
from openami.dlms.security import KeyId, Keys, Policy, PrivateKey, Suite, wrap
from openami.dlms.security.agreement import Offer
from openami.dlms.security.curve import curve_of
from openami.dlms.xdlms import ActionResult
from pair import CLIENT_TITLE, SERVER_TITLE, Pair
from secured import PAIRS, Way

SUITE_0, SUITE_1, SUITE_2 = Suite
UNICAST, BROADCAST, AUTHENTICATION, MASTER = KeyId
DS, KA, TLS = KeyPairUse


versions = pytest.mark.parametrize(
    ("suite", "version"), [(SUITE_0, 0), (SUITE_0, 1), (SUITE_1, 1), (SUITE_2, 1)], ids=str
)


def fresh(suite: Suite, seed: int) -> bytes:
    return Random(1000 + seed).randbytes(suite.key_length)


# Transfer: named after Key_Tx_P1 to P3, N1 and N2 of the Yellow Book


@versions
@pytest.mark.parametrize("names", [(UNICAST,), (AUTHENTICATION,), (UNICAST, AUTHENTICATION), (0, 1, 2, 3)], ids=str)
def test_transferred_keys_hold_from_the_next_association_on(suite, version, names):
    meter = Meter(suite, version)
    before = meter.store.material.keys
    pair = meter.pair().associate()
    new = {key_id: fresh(suite, key_id) for key_id in names}
    assert meter.transfer(pair, *new.items()) is ActionResult.SUCCESS
    held = meter.store.material.keys
    fields = ("encryption", "broadcast", "authentication", "master")
    for key_id, field in enumerate(fields):
        assert getattr(held, field) == new.get(key_id, getattr(before, field))
    assert isinstance(read_policy(meter, pair), Got), "the association goes on under its own keys"
    refused = meter.pair(keys=Keys(before.encryption, before.authentication))
    assert isinstance(refused.failure(refused.client.associate()), AssociationError)
    assert isinstance(read_policy(meter, meter.pair().associate()), Got)


def read_policy(meter: Meter, pair: Pair) -> Any:
    return pair.ask(pair.client.get([(SecuritySetup.security_policy.at(NAME), None)], now=pair.now))


@versions
def test_a_new_master_key_wraps_what_follows(suite, version):
    meter = Meter(suite, version)
    pair, old = meter.pair().associate(), meter.keys.master
    master = fresh(suite, 3)
    assert meter.transfer(pair, (MASTER, master)) is ActionResult.SUCCESS
    assert meter.transfer(pair, (UNICAST, fresh(suite, 1)), kek=old) is ActionResult.OTHER_REASON
    assert meter.transfer(pair, (UNICAST, fresh(suite, 1)), kek=master) is ActionResult.SUCCESS


@versions
def test_a_wrong_key_id_a_wrong_wrapping_and_a_wrong_length_change_nothing(suite, version):
    meter = Meter(suite, version)
    before = meter.store.material
    pair = meter.pair().associate()
    method = type(meter.setup).methods[2]
    good = method.codec.encode([KeyTransfer(UNICAST, wrap(meter.keys.master, fresh(suite, 1)))])
    for wrong in (4, 255):
        data = good.replace(b"\x16\x00", bytes((0x16, wrong)))
        event = pair.ask(pair.client.action([(method.at(NAME), data)], now=pair.now))
        assert event.results == [(ActionResult.TYPE_UNMATCHED, None)]
    kek = bytes(suite.key_length)
    right, forged = (UNICAST, fresh(suite, 1)), (AUTHENTICATION, fresh(suite, 2))
    assert meter.transfer(pair, right, kek=kek) is ActionResult.OTHER_REASON
    both = [KeyTransfer(right[0], wrap(meter.keys.master, right[1])), KeyTransfer(forged[0], wrap(kek, forged[1]))]
    assert meter.act(pair, method, both)[0] is ActionResult.OTHER_REASON, "all or nothing"
    assert meter.transfer(pair, (UNICAST, bytes(suite.key_length + 8))) is ActionResult.TYPE_UNMATCHED
    assert meter.transfer(pair, right, right) is ActionResult.TYPE_UNMATCHED, "a key named twice"
    assert meter.store.material == before
    assert isinstance(read_policy(meter, meter.pair().associate()), Got)


def test_counters_begin_anew_only_with_a_new_encryption_key():
    meter = Meter()
    pair = meter.pair().associate()
    assert meter.transfer(pair, (AUTHENTICATION, fresh(SUITE_0, 2))) is ActionResult.SUCCESS
    assert meter.store.material.counter == "global"
    meter.counter = 1
    stale = meter.pair()
    assert "counter" in str(stale.failure(stale.client.associate()))
    meter.counter = 1000
    pair = meter.pair().associate()
    assert meter.transfer(pair, (UNICAST, fresh(SUITE_0, 1))) is ActionResult.SUCCESS
    meter.counter = 0
    again = meter.pair().associate()
    assert isinstance(read_policy(meter, again), Got)
    assert meter.counters.last[1, "global 1"] < 10
    assert meter.counters.sends["global 1"].next < 10
    before = meter.counters.sends["global"].next
    read_policy(meter, pair)
    assert meter.counters.sends["global"].next == before + 1, "the old association never touches the new key's counter"


def test_a_device_without_a_master_key_takes_no_keys():
    meter = Meter()
    meter.store.material = replace(meter.store.material, keys=Keys(meter.keys.encryption, meter.keys.authentication))
    pair = meter.pair().associate()
    assert meter.transfer(pair, (UNICAST, fresh(SUITE_0, 1)), kek=bytes(16)) is ActionResult.OTHER_REASON


def test_clients_without_keys_are_none_of_its_business():
    meter = Meter()
    associations = Associations(meter.base, meter.management)
    assert associations[16] is meter.base[16]
    assert list(associations) == [1, 16]
    assert len(associations) == 2
    with pytest.raises(KeyError):
        associations[2]


# Policy: named after SecPol_1 to SecPol_3


@versions
def test_a_raised_policy_holds_from_the_next_association_on(suite, version):
    meter = Meter(suite, version)
    activate = SecuritySetup.security_activate if version == 0 else SecuritySetupv1.security_activate
    policy = Policy.A if version == 0 else Policy.AUTHENTICATED_REQUEST
    pair = meter.pair(policy=Policy.AE).associate()
    assert meter.act(pair, activate, policy)[0] is ActionResult.SUCCESS
    weak = meter.pair(policy=Policy.E)
    assert isinstance(weak.failure(weak.client.associate()), AssociationError)
    strong = meter.pair(policy=Policy.A).associate()
    assert meter.act(strong, activate, Policy.NONE)[0] is ActionResult.READ_WRITE_DENIED
    higher = policy | (Policy.E if version == 0 else Policy.ENCRYPTED_REQUEST)
    assert meter.act(strong, activate, higher)[0] is ActionResult.SUCCESS
    weak = meter.pair(policy=Policy.A)
    assert isinstance(weak.failure(weak.client.associate()), AssociationError)
    assert isinstance(read_policy(meter, meter.pair(policy=Policy.AE).associate()), Got)


@versions
def test_a_policy_of_unknown_bits_is_refused(suite, version):
    meter = Meter(suite, version)
    pair = meter.pair().associate()
    wrong = 4 if version == 0 else 1
    activate = SecuritySetup.security_activate if version == 0 else SecuritySetupv1.security_activate
    assert meter.act(pair, activate, wrong)[0] is ActionResult.TYPE_UNMATCHED
    assert meter.store.material.policy == 0


def test_a_policy_of_signatures_needs_the_keys_of_both_ends():
    meter = Meter(SUITE_0, 1)
    pair = meter.pair().associate()
    activate = SecuritySetupv1.security_activate
    assert meter.act(pair, activate, Policy.SIGNED_REQUEST)[0] is ActionResult.OTHER_REASON
    assert meter.store.material.policy == 0


# Agreement


def offers(meter: Meter, *names: KeyId) -> list[Offer]:
    return [Offer.draw(meter.suite, key_id, Random(70 + key_id).randbytes) for key_id in names]


def certify_client(meter: Meter) -> None:
    """Let the meter know the client's signature key by a certificate."""
    authority = Authority(meter.suite)
    meter.management.import_certificate(authority.der)
    der = authority.issue(CLIENT_TITLE, meter.ours.signature.public.key, "digital_signature")
    meter.management.import_certificate(der)


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
@pytest.mark.parametrize("names", [(UNICAST,), (UNICAST, AUTHENTICATION, MASTER)], ids=str)
def test_agreed_keys_hold_from_the_next_association_on(suite, names):
    meter = Meter(suite, 1)
    certify_client(meter)
    pair = meter.pair().associate()
    ours = offers(meter, *names)
    signature = meter.ours.signature
    result, answers = meter.act(
        pair, SecuritySetupv1.key_agreement, [KeyAgreement(offer.key_id, offer.data(signature)) for offer in ours]
    )
    assert result is ActionResult.SUCCESS
    keys = {
        offer.key_id: offer.accept(answer.key_data, meter.ours.peer_signature, CLIENT_TITLE, SERVER_TITLE)
        for offer, answer in zip(ours, answers, strict=True)
    }
    held = meter.store.material.keys
    fields = {UNICAST: held.encryption, AUTHENTICATION: held.authentication, MASTER: held.master}
    assert {key_id: fields[key_id] for key_id in names} == keys
    assert isinstance(read_policy(meter, meter.pair().associate()), Got)


def test_offers_that_are_not_the_client_s_change_nothing():
    meter = Meter(SUITE_1, 1)
    before = meter.store.material.keys
    pair = meter.pair().associate()
    [offer] = offers(meter, UNICAST)
    good = offer.data(meter.ours.signature)
    agreement = SecuritySetupv1.key_agreement
    assert meter.act(pair, agreement, [KeyAgreement(UNICAST, good)])[0] is ActionResult.OTHER_REASON, "unknown client"
    certify_client(meter)
    stranger = PrivateKey.draw(curve_of(SUITE_1), Random(1).randbytes)
    for data in (offer.data(stranger), good[:-1] + bytes((good[-1] ^ 1,)), good[1:], b"", bytes(128)):
        assert meter.act(pair, agreement, [KeyAgreement(UNICAST, data)])[0] is ActionResult.OTHER_REASON
    for wrong in ([(AUTHENTICATION, good)], [(UNICAST, good), (AUTHENTICATION, good)]):
        both = [KeyAgreement(key_id, data) for key_id, data in wrong]
        assert meter.act(pair, agreement, both)[0] is ActionResult.OTHER_REASON
    twice = [KeyAgreement(UNICAST, good)] * 2
    assert meter.act(pair, agreement, twice)[0] is ActionResult.TYPE_UNMATCHED
    assert meter.store.material.keys == before


def test_suite_0_agrees_on_nothing():
    meter = Meter(SUITE_0, 1)
    pair = meter.pair().associate()
    data = [KeyAgreement(UNICAST, bytes(128))]
    assert meter.act(pair, SecuritySetupv1.key_agreement, data)[0] is ActionResult.OTHER_REASON


# Key pairs and certificates


SIGNS, AGREES = "digital_signature", "key_agreement"


def by_entity(entity: int, kind: int, title: bytes) -> CertificateIdentification:
    return CertificateIdentification(IdentificationType.ENTITY, EntityIdentification(entity, kind, title))


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
@pytest.mark.parametrize(("use", "usage"), [(DS, SIGNS), (KA, AGREES)])
def test_a_new_key_pair_serves_once_its_certificate_has_come(suite, use, usage):
    meter, authority = Meter(suite, 1), Authority(suite)
    pair = meter.pair().associate()
    old = meter.store.material.pairs[use]
    assert meter.act(pair, SecuritySetupv1.import_certificate, authority.der)[0] is ActionResult.SUCCESS
    assert meter.act(pair, SecuritySetupv1.generate_key_pair, use)[0] is ActionResult.SUCCESS
    assert meter.store.material.pairs[use] is old
    result, asked = meter.act(pair, SecuritySetupv1.generate_certificate_request, use)
    assert result is ActionResult.SUCCESS
    certificate = authority.answer(asked, usage)
    assert meter.act(pair, SecuritySetupv1.import_certificate, certificate)[0] is ActionResult.SUCCESS
    new = meter.store.material.pairs[use]
    assert new.public != old.public
    assert Certificate.decode(certificate).public_key == new.public
    assert meter.store.material.pending == {}
    result, exported = meter.act(pair, SecuritySetupv1.export_certificate, by_entity(0, int(use), SERVER_TITLE))
    assert (result, exported) == (ActionResult.SUCCESS, certificate)


def test_the_list_of_certificates_and_both_ways_to_name_one():
    meter, authority = Meter(SUITE_1, 1), Authority(SUITE_1)
    key = meter.ours.signature.public.key
    client = authority.issue(CLIENT_TITLE, key, SIGNS, number=0x80, alternative="hes.example")
    for der in (authority.der, client):
        meter.management.import_certificate(der)
    pair = meter.pair().associate()
    event = pair.ask(pair.client.get([(SecuritySetupv1.certificates.at(NAME), None)], now=pair.now))
    listed = SecuritySetupv1.certificates.codec.decode(event.results[0])[0]
    assert [(info.certificate_entity, info.certificate_type) for info in listed] == [(2, 3), (1, 0)]
    issuer = authority.name.public_bytes()
    assert (listed[1].serial_number, listed[1].issuer) == (b"\x00\x80", issuer)
    assert b"hes.example" in listed[1].subject_alt_name
    for issuer_name in (issuer, b"CN=Authority"):
        name = CertificateIdentification(IdentificationType.SERIAL, SerialIdentification(b"\x80", issuer_name))
        assert meter.act(pair, SecuritySetupv1.export_certificate, name) == (ActionResult.SUCCESS, client)
    named = by_entity(1, 0, CLIENT_TITLE)
    assert meter.act(pair, SecuritySetupv1.remove_certificate, named)[0] is ActionResult.SUCCESS
    assert meter.store.material.certificates == (authority.der,)
    for method in (SecuritySetupv1.export_certificate, SecuritySetupv1.remove_certificate):
        assert meter.act(pair, method, named)[0] is ActionResult.OBJECT_UNAVAILABLE
    assert meter.act(pair, SecuritySetupv1.export_certificate, by_entity(2, 3, b""))[1] == authority.der


def test_certificates_that_are_refused():
    meter, authority = Meter(SUITE_1, 1), Authority(SUITE_1)
    other = Authority(SUITE_1, "Somebody", seed=44)
    pair = meter.pair().associate()

    def take(der: bytes) -> ActionResult:
        return meter.act(pair, SecuritySetupv1.import_certificate, der)[0]

    key = meter.ours.signature.public.key
    good = authority.issue(CLIENT_TITLE, key, SIGNS)
    assert take(good) is ActionResult.OTHER_REASON, "no authority yet"
    assert take(authority.der) is ActionResult.SUCCESS
    for der in (
        other.issue(CLIENT_TITLE, key, SIGNS),
        other.der,
        authority.issue(CLIENT_TITLE, key, SIGNS, at=NOW - timedelta(days=9)),
        authority.issue(CLIENT_TITLE, key, SIGNS, at=NOW + timedelta(days=9)),
        authority.issue(SERVER_TITLE, key, SIGNS),
        good[:-1] + bytes((good[-1] ^ 1,)),
        good[:-1],
        b"",
        b"no certificate",
    ):
        assert take(der) is ActionResult.OTHER_REASON
    assert meter.store.material.certificates == (authority.der,)
    assert take(good) is ActionResult.SUCCESS
    assert take(good) is ActionResult.SUCCESS
    assert len(meter.store.material.certificates) == 2


def test_there_is_room_for_so_many():
    meter, authority = Meter(SUITE_1, 1), Authority(SUITE_1)
    meter.management.import_certificate(authority.der)
    key = meter.ours.signature.public.key
    for _ in range(63):
        meter.management.import_certificate(authority.issue(CLIENT_TITLE, key, SIGNS))
    with pytest.raises(SecurityError, match="room for 64"):
        meter.management.import_certificate(authority.issue(CLIENT_TITLE, key, SIGNS))


def test_key_pairs_of_suite_0_and_uses_that_are_none():
    meter = Meter(SUITE_0, 1)
    pair = meter.pair().associate()
    assert meter.act(pair, SecuritySetupv1.generate_key_pair, DS)[0] is ActionResult.OTHER_REASON
    assert meter.act(pair, SecuritySetupv1.generate_certificate_request, TLS)[0] is ActionResult.OTHER_REASON
    event = pair.ask(pair.client.action([(SecuritySetupv1.generate_key_pair.at(NAME), b"\x16\x07")], now=pair.now))
    assert event.results == [(ActionResult.TYPE_UNMATCHED, None)]


def test_a_certificate_request_is_the_title_s():
    key = PAIRS[SUITE_2][1].signature
    asked = x509.load_der_x509_csr(request(SERVER_TITLE, key))
    assert asked.is_signature_valid
    assert asked.subject.rfc4514_string() == f"CN={SERVER_TITLE.hex().upper()}"
    assert asked.signature_hash_algorithm.name == "sha384"
    assert request(SERVER_TITLE, key) == request(SERVER_TITLE, key)


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
def test_strangers_meet_by_certificates_of_an_authority(suite):
    authority = Authority(suite)
    one, other = PAIRS[suite]
    believe = trust([authority.der], now=lambda: NOW)
    held = {
        title: authority.issue(title, pairs.signature.public.key, SIGNS)
        for title, pairs in ((CLIENT_TITLE, one), (SERVER_TITLE, other))
    }
    client = replace(one, peer_signature=None, certificate=held[CLIENT_TITLE], trust=believe)
    server = replace(other, peer_signature=None, certificate=held[SERVER_TITLE], trust=believe)
    way = Way(7, suite, Policy.NONE)
    way.pair(client={"pairs": client}, server={"pairs": server}).associate()
    for wrong in (
        held[SERVER_TITLE],
        authority.issue(CLIENT_TITLE, one.signature.public.key, AGREES),
        authority.issue(CLIENT_TITLE, one.signature.public.key, SIGNS, at=NOW - timedelta(days=5)),
        Authority(suite, seed=45).issue(CLIENT_TITLE, one.signature.public.key, SIGNS),
        b"nothing",
    ):
        pair = way.pair(client={"pairs": replace(client, certificate=wrong)}, server={"pairs": server})
        assert isinstance(pair.failure(pair.client.associate()), AssociationError)


def test_no_key_is_shown_pickled_or_said():
    meter = Meter(SUITE_1, 1)
    material = meter.store.material
    shown = f"{material!r} {meter.management!r} {meter.setup!r}"
    secrets = [meter.keys.encryption, meter.keys.authentication, meter.keys.master, meter.keys.broadcast]
    for secret in (*secrets, *(key.octets for key in material.pairs.values())):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
    wrapped = wrap(bytes(16), meter.keys.encryption)
    with pytest.raises(ActionError) as refused:
        meter.setup.invoke(2, b"\x01\x01\x02\x02\x16\x00" + OCTET_STRING.encode(wrapped))
    assert wrapped.hex() not in str(refused.value)
