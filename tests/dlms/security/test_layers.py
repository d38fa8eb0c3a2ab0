"""General-ciphering and signatures between two ends: every kind of key, every layer, and all that is refused."""

import hashlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openami.core.errors import AmiError, DecodeError, SecurityError
from openami.dlms.security.channel import Channel, Ciphering, PolicyError
from openami.dlms.security.cipher import Cipher
from openami.dlms.security.counters import CounterError, ReceiveCounter, SendCounter
from openami.dlms.security.curve import PrivateKey, curve_of
from openami.dlms.security.envelope import Form, KeyKind, Route
from openami.dlms.security.general import AgreedKey, GeneralCiphering, GeneralSigning, Head, WrappedKey
from openami.dlms.security.keys import Keys, unwrap, wrap
from openami.dlms.security.layers import Extension
from openami.dlms.security.material import Material
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs
from openami.dlms.security.suite import SIGNED, Suite

ONE, OTHER = b"OAM\x00\x00\x00\x00\x01", b"OAM\x00\x00\x00\x00\x02"
GET = bytes.fromhex("c001c100080000010000ff0200")
SUITE_0, SUITE_1, SUITE_2 = Suite
SUITES = [SUITE_1, SUITE_2]
AE = 0x30
KINDS = [KeyKind.IDENTIFIED, KeyKind.BROADCAST, KeyKind.WRAPPED, KeyKind.ONE_PASS, KeyKind.STATIC]


def pairs_of(suite: Suite) -> tuple[KeyPairs, KeyPairs]:
    """Key pairs of two ends that know each other."""
    dice = Random(4)
    held = [[PrivateKey.draw(curve_of(suite), dice.randbytes) for _ in range(2)] for _ in range(2)]
    both = [(own, peer) for own, peer in (held, held[::-1])]
    one, other = (
        KeyPairs(signature=own[0], agreement=own[1], peer_signature=peer[0].public, peer_agreement=peer[1].public)
        for own, peer in both
    )
    return one, other


PAIRS = {SUITE_0: (NO_PAIRS, NO_PAIRS), **{suite: pairs_of(suite) for suite in SUITES}}


class End(Ciphering):
    """One end with everything it may need."""

    def __init__(self, suite: Suite, side: int, *, least: int = 0, counter: int = 1, **changes: object) -> None:
        titles = (ONE, OTHER) if side == 0 else (OTHER, ONE)
        length = suite.key_length
        keys = Keys(*(bytes((n,)) * length for n in (1, 2, 3, 4)))
        self.counters: dict[str, ReceiveCounter] = {}
        self.send = SendCounter(counter)
        channel = Channel(Cipher(keys.encryption, keys.authentication), suite, self.send.take, self.received("global"))
        super().__init__(channel, *titles, least)
        facts = {"keys": keys, "pairs": PAIRS[suite][side], "random": Random(side).randbytes, **changes}
        self.extend = lambda _: Extension(
            self, Material(suite=suite, take=self.send.take, received=self.received, **facts)
        )

    def received(self, name: str) -> ReceiveCounter:
        return self.counters.setdefault(name, ReceiveCounter())


def ends(suite: Suite, **facts: object) -> tuple[End, End]:
    return End(suite, 0, **facts), End(suite, 1, **facts)


@pytest.mark.parametrize("control", [0x10, 0x20, 0x30])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suite", SUITES)
def test_every_kind_of_key_arrives_and_goes_back(suite, kind, control):
    client, server = ends(suite)
    for _ in range(3):
        plain, route, found = server.open(client.seal(GET, Route(kind), control))
        assert (plain, found) == (GET, control)
        assert route.form is (KeyKind.IDENTIFIED if kind is KeyKind.BROADCAST else kind)
        answer = server.seal(b"\xc4answer", route, found)
        assert GeneralCiphering.decode(answer).head.transaction_id == route.transaction_id
        assert client.open(answer) == (b"\xc4answer", route, control)


@pytest.mark.parametrize("kind", [KeyKind.IDENTIFIED, KeyKind.WRAPPED, KeyKind.BROADCAST])
def test_suite_0_has_the_kinds_that_need_no_key_pairs(kind):
    client, server = ends(SUITE_0)
    assert server.open(client.seal(GET, Route(kind), AE))[0] == GET


@pytest.mark.parametrize("kind", [KeyKind.ONE_PASS, KeyKind.STATIC])
def test_suite_0_agrees_on_no_key(kind):
    with pytest.raises(SecurityError):
        End(SUITE_0, 0).seal(GET, Route(kind), AE)


ROUTES = [
    Route(None, "outside"),
    Route(Form.GLO, "outside"),
    Route(Form.GENERAL_GLO, "outside"),
    Route(Form.GENERAL_GLO, "inside"),
    *(Route(kind, signing) for kind in KINDS for signing in ("outside", "inside")),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.form}-{route.signing}")
@pytest.mark.parametrize("suite", SUITES)
def test_signed_apdus_arrive_and_go_back(suite, route):
    control = SIGNED | (AE if route.form is not None else 0)
    client, server = ends(suite, least=SIGNED)
    plain, found, protection = server.open(client.seal(GET, route, control))
    assert (plain, protection, found.signing) == (GET, control, route.signing)
    answer = server.seal(b"\xc4answer", found, protection)
    assert client.open(answer)[0] == b"\xc4answer"


def test_what_is_authenticated_besides_is_the_head_with_lengths():
    client, _ = ends(SUITE_1)
    route = Route(KeyKind.IDENTIFIED, None, b"\1\2", b"\3" * 12, b"other")
    found = GeneralCiphering.decode(client.seal(GET, route, AE))
    assert found.head == Head(b"\1\2", ONE, OTHER, b"\3" * 12, b"other")
    aad = b"\2\1\2" + b"\x08" + ONE + b"\x08" + OTHER + b"\x0c" + b"\3" * 12 + b"\5other"
    assert Cipher(b"\1" * 16, b"\2" * 16 + aad).unprotect(ONE, found.ciphered_content) == GET


def test_the_wrapped_key_is_new_each_time_and_opens_under_the_master_key():
    client, _ = ends(SUITE_2)
    infos = [GeneralCiphering.decode(client.seal(GET, Route(KeyKind.WRAPPED), AE)).key_info for _ in range(2)]
    keys = [unwrap(b"\3" * 32, info.key_ciphered_data) for info in infos]
    assert [len(key) for key in keys] == [32, 32]
    assert keys[0] != keys[1]


@pytest.mark.parametrize(("suite", "digest"), [(SUITE_1, hashlib.sha256), (SUITE_2, hashlib.sha384)])
def test_the_static_key_takes_the_transaction_as_nonce(suite, digest):
    client, _ = ends(suite)
    found = GeneralCiphering.decode(client.seal(GET, Route(KeyKind.STATIC), AE))
    assert found.key_info == AgreedKey(b"\2", b"")
    own, transaction = PAIRS[suite][0], found.head.transaction_id
    z = own.agreement.agree(own.peer_agreement)
    algorithm = b"\1" if suite is SUITE_2 else b"\0"
    info = bytes.fromhex("608574050803") + algorithm + ONE + bytes((len(transaction),)) + transaction + OTHER
    key = digest(b"\0\0\0\1" + z + info).digest()[: suite.key_length]
    aad = b"\2" * suite.key_length + found.head.encode()
    assert Cipher(key, aad).unprotect(ONE, found.ciphered_content) == GET


@pytest.mark.parametrize("route", [*map(Route, KINDS), *ROUTES], ids=lambda route: f"{route.form}-{route.signing}")
def test_a_replay_is_refused(route):
    client, server = ends(SUITE_1)
    control = (SIGNED if route.signing else 0) | (AE if route.form is not None else 0)
    apdus = [client.seal(GET, route, control) for _ in range(2)]
    server.open(apdus[1])
    for apdu in apdus:
        with pytest.raises(CounterError):
            server.open(apdu)
    assert server.open(client.seal(GET, route, control))[0] == GET


@pytest.mark.parametrize("route", [*map(Route, KINDS), *ROUTES], ids=lambda route: f"{route.form}-{route.signing}")
def test_every_changed_octet_is_refused(route):
    control = (SIGNED if route.signing else 0) | (AE if route.form is not None else 0)
    client, server = ends(SUITE_1, least=control)
    apdu = client.seal(GET, route, control)
    for place in range(len(apdu)):
        forged = apdu[:place] + bytes((apdu[place] ^ 1,)) + apdu[place + 1 :]
        with pytest.raises((SecurityError, DecodeError)):
            server.open(forged)
    assert server.open(apdu)[0] == GET


def test_less_than_the_policy_is_refused():
    client, server = End(SUITE_1, 0), End(SUITE_1, 1, least=AE | SIGNED)
    for route, control in (
        (Form.GLO, AE),
        (Form.GENERAL_GLO, AE),
        (Route(KeyKind.ONE_PASS), AE),
        (Route(None, "outside"), SIGNED),
        (Route(KeyKind.IDENTIFIED, "outside"), 0x10 | SIGNED),
        (Route(KeyKind.IDENTIFIED, "inside"), 0x20 | SIGNED),
        (Route(Form.GENERAL_GLO, "inside"), 0x10 | SIGNED),
    ):
        with pytest.raises(PolicyError):
            server.open(client.seal(GET, route, control))


def test_a_stranger_s_signature_and_another_recipient_are_refused():
    client, server = ends(SUITE_1)
    signature = PrivateKey.draw(curve_of(SUITE_1), Random(99).randbytes)
    stranger = End(SUITE_1, 0, pairs=KeyPairs(signature=signature, peer_agreement=PAIRS[SUITE_1][0].peer_agreement))
    for route in (Route(None, "outside"), Route(Form.GENERAL_GLO, "inside"), Route(KeyKind.ONE_PASS)):
        with pytest.raises(SecurityError, match="signature"):
            server.open(stranger.seal(GET, route, AE | SIGNED))
    client.peer_title = b"OAM\x00\x00\x00\x00\x09"
    for route in (Route(None, "outside"), Route(KeyKind.WRAPPED)):
        with pytest.raises(SecurityError, match="recipient"):
            server.open(client.seal(GET, route, AE | SIGNED))


@pytest.mark.parametrize("kind", [KeyKind.IDENTIFIED, KeyKind.STATIC, None])
def test_what_we_sent_is_refused_when_it_comes_back(kind):
    client, _ = ends(SUITE_1)
    with pytest.raises(SecurityError, match="originator"):
        client.open(client.seal(GET, Route(kind, "outside"), SIGNED | (AE if kind else 0)))


def test_layers_that_come_twice_are_refused():
    client, server = ends(SUITE_1)
    signed = Route(None, "outside")
    once = client.seal(GET, signed, SIGNED)
    ciphered = client.seal(GET, Form.GENERAL_GLO, AE)
    for apdu, words in (
        (client.seal(once, signed, SIGNED), "signed twice"),
        (client.seal(once, Route(Form.GENERAL_GLO, "outside"), AE | SIGNED), "signed twice"),
        (client.seal(ciphered, Route(KeyKind.WRAPPED, "inside"), AE | SIGNED), "ciphered twice"),
        (client.seal(ciphered, Route(Form.GENERAL_GLO, "inside"), AE | SIGNED), "ciphered twice"),
    ):
        with pytest.raises(SecurityError, match=words):
            server.open(apdu)


def test_nothing_inside_is_refused():
    client, server = ends(SUITE_1)
    for route in (Route(None, "outside"), Route(KeyKind.STATIC), Route(KeyKind.IDENTIFIED, "inside")):
        with pytest.raises(DecodeError, match="nothing is"):
            server.open(client.seal(b"", route, SIGNED | AE))


def test_a_signature_alone_needs_a_transaction_that_is_news():
    client, server = ends(SUITE_1)
    for transaction, words in ((b"", "transaction id ,"), (b"\1" * 9, "transaction id 0101"), (b"\xff" * 8, "ffff")):
        head = Head(transaction, ONE, OTHER)
        signature = PAIRS[SUITE_1][0].signature.sign(head.encode() + bytes((len(GET),)) + GET)
        with pytest.raises(SecurityError, match=words):
            server.open(GeneralSigning(head, GET, signature).encode())
    first, second = (client.seal(GET, Route(None, "outside"), SIGNED) for _ in range(2))
    server.open(second)
    with pytest.raises(CounterError) as old:
        server.open(first)
    assert old.value.expected == 3


def test_transactions_of_either_end_rise_above_all_before():
    client, server = End(SUITE_1, 0), End(SUITE_1, 1, counter=500)
    signed = Route(None, "outside")
    early = server.seal(b"\xc4", signed, SIGNED)
    client.received("signature").accept(10**6)
    _, route, control = server.open(client.seal(GET, signed, SIGNED))
    answer = server.seal(b"\xc4", route, control)
    assert client.open(answer)[0] == b"\xc4"
    assert client.open(server.seal(b"\x0f", signed, SIGNED))[0] == b"\x0f"
    client.seal(GET, signed, SIGNED)
    for old in (early, answer):
        with pytest.raises(CounterError):
            client.open(old)


def test_missing_keys_are_named():
    bare = KeyPairs()
    keys = Keys(b"\1" * 16, b"\2" * 16)
    client, poor = End(SUITE_1, 0), End(SUITE_1, 1, pairs=bare, keys=keys)
    for route, words in (
        (Route(KeyKind.BROADCAST), "broadcast key"),
        (Route(KeyKind.WRAPPED), "master key"),
        (Route(KeyKind.ONE_PASS), "digital signature key of the peer"),
        (Route(KeyKind.STATIC), "key agreement key of our own"),
        (Route(None, "outside"), "digital signature key of the peer"),
    ):
        with pytest.raises(SecurityError, match=words):
            poor.open(client.seal(GET, route, AE if route.form else SIGNED))
        with pytest.raises(SecurityError, match="there is no"):
            poor.seal(GET, route, AE | SIGNED)


def test_a_wrapped_key_of_another_length_or_name_is_refused():
    client, server = ends(SUITE_1)
    found = GeneralCiphering.decode(client.seal(GET, Route(KeyKind.WRAPPED), AE))
    for info in (WrappedKey(0, wrap(b"\3" * 16, bytes(32))), WrappedKey(1, found.key_info.key_ciphered_data)):
        with pytest.raises((SecurityError, DecodeError)):
            server.open(GeneralCiphering(found.head, info, found.ciphered_content).encode())


def test_agreements_of_other_parameters_are_refused():
    client, server = ends(SUITE_1)
    found = GeneralCiphering.decode(client.seal(GET, Route(KeyKind.STATIC), AE))
    for info in (AgreedKey(b"\3"), AgreedKey(b""), AgreedKey(b"\2", b"\0"), AgreedKey(b"\1", bytes(127))):
        with pytest.raises((SecurityError, DecodeError)):
            server.open(GeneralCiphering(found.head, info, found.ciphered_content).encode())


def test_without_key_info_the_global_key_is_meant():
    client, server = ends(SUITE_1)
    found = GeneralCiphering.decode(client.seal(GET, Route(KeyKind.IDENTIFIED), AE))
    assert server.open(GeneralCiphering(found.head, None, found.ciphered_content).encode())[0] == GET


@pytest.mark.parametrize("form", [Form.GLO, Form.GENERAL_GLO])
def test_the_broadcast_key_is_named_by_its_bit_and_answered_under_the_other(form):
    client, server = ends(SUITE_0)
    apdu = client.seal(GET, form, AE | 0x40)
    assert apdu[2 if form is Form.GLO else 11] == 0x70
    plain, back, control = server.open(apdu)
    assert (plain, back, control) == (GET, form, AE)
    with pytest.raises(CounterError):
        server.open(apdu)
    with pytest.raises(SecurityError, match="no broadcast key"):
        End(SUITE_0, 1, keys=Keys(bytes(16), bytes(16))).open(apdu)


def test_global_and_broadcast_key_count_apart():
    client, server = ends(SUITE_0)
    first, second = client.seal(GET, Form.GLO, AE | 0x40), client.seal(GET, Form.GLO, AE)
    server.open(second)
    assert server.open(first)[0] == GET
    assert {name: counter.last for name, counter in server.counters.items()} == {"global": 2, "broadcast": 1}


@pytest.mark.parametrize("route", [*map(Route, KINDS), *ROUTES], ids=lambda route: f"{route.form}-{route.signing}")
@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("limit", [400, 512, 600, 700, 1200, 65535])
def test_what_fits_the_room_fits_the_limit(suite, route, limit):
    control = (SIGNED if route.signing else 0) | (AE if route.form is not None else 0)
    client = End(suite, 0)
    room = client.room(route, control, limit)
    sealed = client.seal(GET[:1] * room, route, control)
    assert limit - 8 <= len(sealed) <= limit


@given(apdu=st.binary(max_size=200))
def test_any_octets_are_refused(apdu):
    server = End(SUITE_1, 1)
    for tag in (b"\xdd", b"\xdf"):
        with pytest.raises(AmiError):
            server.open(tag + apdu)
