"""Pushes in general-ciphering and general-signing: every kind of key there and back, and what is refused."""

from random import Random
from typing import Any

import pytest

from openami.dlms.push import Acceptance, Listener, MemoryCounters, Opener, Pushed, Sealer, Unreadable
from openami.dlms.push.deframer import Deframer
from openami.dlms.push.framing import enframe
from openami.dlms.security import Form, Keys, Policy, SendCounter, Suite
from openami.dlms.security.curve import PrivateKey, curve_of
from openami.dlms.security.envelope import KeyKind, Route
from openami.dlms.security.pairs import NO_PAIRS, KeyPairs
from openami.dlms.security.suite import SIGNED
from openami.dlms.xdlms import DataNotificationConfirm, decode
from pair import CLIENT_TITLE, SERVER_TITLE
from pushes import WRAPPED, hear, notification, one

SUITE_0, SUITE_1, SUITE_2 = Suite
AE, E = 0x30, 0x20
PRESENT = 1
"""The octet that says that key-info is there, says so with any value but 0."""
ROUTES = [
    *(Route(kind, signing) for kind in KeyKind for signing in (None, "outside", "inside")),
    Route(None, "outside"),
    Route(Form.GENERAL_GLO, "outside"),
    Route(Form.GENERAL_GLO, "inside"),
]


def keys_for(suite: Suite) -> Keys:
    return Keys(*(bytes((n,)) * suite.key_length for n in (1, 2, 3, 4)))


def pairs_of(suite: Suite) -> tuple[KeyPairs, KeyPairs]:
    """Key pairs of the meter and of the head-end, which know each other."""
    if suite is SUITE_0:
        return NO_PAIRS, NO_PAIRS
    dice = Random(4)
    held = [[PrivateKey.draw(curve_of(suite), dice.randbytes) for _ in range(2)] for _ in range(2)]
    meter, head_end = (
        KeyPairs(signature=own[0], agreement=own[1], peer_signature=peer[0].public, peer_agreement=peer[1].public)
        for own, peer in ((held[0], held[1]), (held[1], held[0]))
    )
    return meter, head_end


PAIRS = {suite: pairs_of(suite) for suite in Suite}


def meters(suite: Suite, route: Form | Route, protection: int | None = None, **changes: Any) -> Sealer:
    """What a meter protects its pushes with."""
    signed = SIGNED if isinstance(route, Route) and route.signing else 0
    facts = {"protection": AE | signed if protection is None else protection, "suite": suite, "form": route}
    facts |= {"peer": CLIENT_TITLE, "pairs": PAIRS[suite][0], "random": Random(1).randbytes}
    counter = SendCounter(changes.pop("start", 1))
    return Sealer(keys_for(suite), SERVER_TITLE, counter.take, **(facts | changes))


def head_ends(suite: Suite, **changes: Any) -> Listener:
    """A listener that knows the meter by its keys and key pairs."""
    facts = {
        "keys": lambda title: keys_for(suite) if title == SERVER_TITLE else None,
        "pairs": lambda title: PAIRS[suite][1] if title == SERVER_TITLE else None,
        "random": Random(2).randbytes,
        "own_title": CLIENT_TITLE,
        "send_counter": lambda _title: 77,
    }
    return Listener(Acceptance(**(facts | changes)))


def sent(seal: Sealer, **facts: Any) -> bytes:
    return enframe(WRAPPED, seal.seal(notification(5, **facts).encode()))[0]


def refusal(ear: Listener, data: bytes) -> str:
    [event] = hear(ear, data)
    assert isinstance(event, Unreadable), event
    return event.reason


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.form}-{route.signing}")
@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
def test_a_push_by_every_route_is_opened_and_confirmed_the_same_way(suite: Suite, route: Route) -> None:
    seal, ear = meters(suite, route), head_ends(suite, least=Policy.NONE)
    push = one(hear(ear, sent(seal, confirmed=True)))
    assert (push.title, push.notification) == (SERVER_TITLE, notification(5, confirmed=True))
    assert push.protection.authenticated
    assert push.protection.encrypted is (route.form is not None)
    assert push.protection.signed is (route.signing is not None)
    assert push.protection.suite is suite
    assert push.unconfirmed == ""
    [(_, answer)] = Deframer().receive(ear.outgoing()[0])
    opener = Opener(
        keys=lambda title: keys_for(suite) if title == CLIENT_TITLE else None,
        pairs=lambda _title: PAIRS[suite][0],
        counters=MemoryCounters(),
        own_title=SERVER_TITLE,
    )
    plain, title, protection = opener.open(answer, b"")
    assert decode(plain) == DataNotificationConfirm(push.notification.long_invoke)  # type: ignore[union-attr]
    assert title == CLIENT_TITLE
    assert protection[:3] == push.protection[:3]


@pytest.mark.parametrize("kind", [KeyKind.IDENTIFIED, KeyKind.WRAPPED, KeyKind.BROADCAST])
def test_suite_0_knows_general_ciphering_too(kind: KeyKind) -> None:
    assert one(hear(head_ends(SUITE_0), sent(meters(SUITE_0, Route(kind))))).protection.authenticated


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.form}-{route.signing}")
def test_a_push_by_every_route_counts_once(route: Route) -> None:
    ear, data = head_ends(SUITE_1), sent(meters(SUITE_1, route))
    assert one(hear(ear, data))
    assert "is not above" in refusal(ear, data)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.form}-{route.signing}")
def test_a_changed_octet_is_found_anywhere(route: Route) -> None:
    data = sent(meters(SUITE_1, route))
    for place in range(8, len(data), 3):
        changed = bytearray(data)
        changed[place] ^= 0x10
        taken = [event for event in hear(head_ends(SUITE_1), bytes(changed)) if isinstance(event, Pushed)]
        assert not taken or data[place] == PRESENT, place
        assert all(event.notification == notification(5) for event in taken)


def test_a_forgery_spends_no_counter() -> None:
    counters = MemoryCounters()
    data = bytearray(sent(meters(SUITE_1, Route(KeyKind.IDENTIFIED, "outside"), start=900)))
    data[-1] ^= 1
    refusal(head_ends(SUITE_1, counters=counters), bytes(data))
    assert one(hear(head_ends(SUITE_1, counters=counters), sent(meters(SUITE_1, Route(KeyKind.IDENTIFIED)))))


def test_encryption_alone_proves_nothing() -> None:
    data = sent(meters(SUITE_1, Route(KeyKind.IDENTIFIED), E))
    assert refusal(head_ends(SUITE_1), data).endswith("it bears no authentication tag")
    ear = head_ends(SUITE_1, unauthenticated=True)
    assert [one(hear(ear, data)).protection.authenticated for _ in range(2)] == [False, False]
    without = Keys(keys_for(SUITE_1).encryption, b"")
    tagged = sent(meters(SUITE_1, Route(KeyKind.IDENTIFIED)))
    assert "no authentication key is known" in refusal(head_ends(SUITE_1, keys=lambda _: without), tagged)


def test_a_signature_alone_needs_no_symmetric_key() -> None:
    data = sent(meters(SUITE_2, Route(None, "outside")))
    push = one(hear(head_ends(SUITE_2, keys=lambda _title: None), data))
    assert (push.protection.authenticated, push.protection.signed, push.protection.encrypted) == (True, True, False)
    assert "there is no digital signature key of the peer" in refusal(
        head_ends(SUITE_2, pairs=lambda _title: None, keys=lambda _title: keys_for(SUITE_2)), data
    )
    assert refusal(head_ends(SUITE_2, pairs=lambda _title: None, keys=lambda _title: None), data)


def test_a_policy_may_ask_for_signatures() -> None:
    least = Policy.SIGNED_RESPONSE | Policy.ENCRYPTED_RESPONSE
    assert one(hear(head_ends(SUITE_1, least=least), sent(meters(SUITE_1, Route(KeyKind.STATIC, "inside")))))
    for route in (Route(KeyKind.STATIC), Route(None, "outside"), Form.GENERAL_GLO):
        assert "less protected" in refusal(head_ends(SUITE_1, least=least), sent(meters(SUITE_1, route)))


def test_what_is_for_somebody_else_is_refused_where_we_have_a_title() -> None:
    data = sent(meters(SUITE_1, Route(KeyKind.IDENTIFIED), peer=b"OAM99999"))
    assert refusal(head_ends(SUITE_1), data).startswith("recipient 4f414d3939393939")
    assert one(hear(head_ends(SUITE_1, own_title=None), data)).unconfirmed == ""
    assert "no keys for system title" in refusal(head_ends(SUITE_1, keys=lambda _title: None), data)


@pytest.mark.parametrize("apdu", ["dd", "df", "dd0000000000", "dd000000000000", "dd00000000000000", "df00000000000000"])
def test_short_layers_are_refused(apdu: str) -> None:
    assert refusal(head_ends(SUITE_1), enframe(WRAPPED, bytes.fromhex(apdu))[0])


def test_the_published_example_is_read_up_to_its_content(dlms_vectors: dict[str, Any]) -> None:
    """An ACCESS request, not a push: its keys are agreed upon with key pairs that are not published here."""
    vector = dlms_vectors["general-ciphering-agreed-key"]
    [event] = hear(head_ends(SUITE_1), *enframe(WRAPPED, bytes.fromhex(vector["hex"])))
    assert isinstance(event, Unreadable)
    assert event.reason.startswith("no keys for system title")
