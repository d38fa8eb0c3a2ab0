"""Protected pushes: published ones open, forged and replayed ones do not, and what nobody can prove is called so."""

import pytest

from openami.core.errors import SecurityError
from openami.core.obis import OBIS
from openami.dlms.axdr import encode_length
from openami.dlms.push import MemoryCounters, Opener, Protection, Pushed, Unreadable
from openami.dlms.push.framing import enframe
from openami.dlms.security import Form, Keys, Policy, Suite
from openami.dlms.security.suite import AUTHENTICATED, ENCRYPTED
from openami.dlms.xdlms import AttributeDescriptor, EventNotificationRequest
from pair import AK, EK, SERVER_TITLE
from pushes import KEYS, RAW, WRAPPED, hear, keys_of, knows, listener, notification, one, sealer

CIPHERED = {
    "udp-wrapper-push-00": 485,
    "push-hdlc-kamstrup-omnipower": 17784996,
    "push-hdlc-landis-gyr-e450": 1539018,
}
AE = AUTHENTICATED | ENCRYPTED
WITHOUT_AK = Keys(EK, b"")
EVENT = EventNotificationRequest(None, AttributeDescriptor(1, OBIS.parse("0.0.97.98.0.255"), 2), b"\x06\0\0\0\1")


def wrapped(seal=None, push=None):
    """A push of our own meter as it is sent."""
    return enframe(WRAPPED, (seal or sealer()).seal((push or notification()).encode()))[0]


def refusal(events):
    """Why the one push among events was refused."""
    [event] = events
    assert isinstance(event, Unreadable), event
    return event.reason


@pytest.mark.parametrize("name", sorted(CIPHERED))
def test_published_pushes_open_and_verify(dlms_vectors, name):
    vector = dlms_vectors[name]
    expected = vector["expected"]
    push = one(hear(listener(**keys_of(vector)), bytes.fromhex(vector["hex"])))
    assert push.title.hex() == expected["system_title"]
    assert push.protection == Protection(True, True, False, Form.GENERAL_GLO, 0x30, CIPHERED[name])
    assert push.protection.counter == expected["invocation_counter"]
    assert push.notification.encode().hex() == expected["plain"]


def test_what_is_sealed_is_what_was_published(dlms_vectors):
    vector = dlms_vectors["udp-wrapper-push-00"]
    keys = keys_of(vector)["keys"](bytes.fromhex(vector["expected"]["system_title"]))
    assert keys is not None
    title = bytes.fromhex(vector["expected"]["system_title"])
    own = type(sealer())(keys, title, lambda: vector["expected"]["invocation_counter"])
    sealed = own.seal(bytes.fromhex(vector["expected"]["plain"]))
    assert sealed == bytes.fromhex(vector["hex"])[8:]


def test_the_series_published_is_taken_in_its_order_only(dlms_vectors):
    vectors = [dlms_vectors[f"udp-wrapper-push-0{number}"] for number in range(4)]
    ear = listener(**keys_of(vectors[0]))
    series = [bytes.fromhex(vector["hex"]) for vector in vectors]
    assert all(isinstance(event, Pushed) for event in hear(ear, *series))
    for datagram in series:
        assert refusal(hear(ear, datagram)).endswith("is not above 488")


@pytest.mark.parametrize("place", [8, 10, 19, 21, 25, -1])
def test_a_changed_octet_is_found(place):
    data = bytearray(wrapped())
    data[place] ^= 1
    reason = refusal(hear(listener(), bytes(data)))
    assert EK.hex() not in reason


def test_a_forged_push_spends_no_counter():
    ear, forged = listener(), bytearray(wrapped(sealer(start=900)))
    forged[-1] ^= 1
    assert "authentication tag is wrong" in refusal(hear(ear, bytes(forged)))
    assert one(hear(ear, wrapped(sealer(start=1)))).protection.counter == 1


def test_counters_outlive_a_connection_where_the_store_does():
    counters = MemoryCounters()
    assert one(hear(listener(counters=counters), wrapped(sealer(start=7))))
    assert "is not above 7" in refusal(hear(listener(counters=counters), wrapped(sealer(start=7))))
    assert counters.received(SERVER_TITLE, "global") == 7


def test_meters_count_each_for_itself():
    other = type(sealer())(KEYS, b"OAM00003", lambda: 1)
    ear = listener(keys=lambda _: KEYS)
    assert {push.title for push in hear(ear, wrapped(), wrapped(other))} == {SERVER_TITLE, b"OAM00003"}


@pytest.mark.parametrize(
    ("seal", "keys", "said"),
    [
        (sealer(protection=ENCRYPTED), KEYS, "it bears no authentication tag"),
        (sealer(), WITHOUT_AK, "no authentication key is known"),
    ],
)
def test_what_nobody_can_prove_is_refused_unless_allowed_and_then_said(seal, keys, said):
    data = wrapped(seal)
    assert refusal(hear(listener(keys=lambda _: keys), data)).endswith(said)
    ear = listener(keys=lambda _: keys, unauthenticated=True)
    push = one(hear(ear, data))
    assert push.notification == notification()
    assert not push.protection.authenticated
    assert push.protection.encrypted
    assert one(hear(ear, data)), "its counter proves nothing"
    assert not ear.title, "nor does its title"


def test_a_wrong_tag_is_refused_even_where_tags_are_not_asked_for():
    data = bytearray(wrapped())
    data[-1] ^= 1
    assert "authentication tag" in refusal(hear(listener(unauthenticated=True), bytes(data)))


@pytest.mark.parametrize(
    ("protection", "least", "taken"),
    [
        (None, Policy.NONE, True),
        (None, Policy.A, False),
        (AUTHENTICATED, Policy.A, True),
        (AUTHENTICATED, Policy.AE, False),
        (ENCRYPTED, Policy.E, True),
        (ENCRYPTED, Policy.AE, False),
        (AE, Policy.AE, True),
    ],
)
def test_a_push_is_protected_as_asked_for(protection, least, taken):
    data = wrapped(sealer(protection=protection)) if protection else enframe(WRAPPED, notification().encode())[0]
    [event] = hear(listener(least=least, unauthenticated=True), data)
    assert isinstance(event, Pushed) is taken


def test_keys_without_authentication_do_not_meet_a_policy_that_asks_for_it():
    ear = listener(keys=lambda _: WITHOUT_AK, unauthenticated=True, least=Policy.AE)
    assert "less protected" in refusal(hear(ear, wrapped()))


def test_suite_2_asks_for_long_keys():
    keys = Keys(bytes(32), bytes(range(32)))
    own = type(sealer())(keys, SERVER_TITLE, lambda: 1, suite=Suite.ECDH_ECDSA_AES_GCM_256_SHA_384)
    assert one(hear(listener(keys=lambda _: keys), wrapped(own))).protection.control == 0x32
    assert "does not fit a key of 16 octets" in refusal(hear(listener(), wrapped(own)))


def test_the_broadcast_key_has_a_counter_of_its_own():
    keys = Keys(EK, AK, broadcast=bytes(range(16, 32)))
    own = type(sealer())(keys, SERVER_TITLE, lambda: 5, protection=AE | 0x40)
    counters = MemoryCounters()
    push = one(hear(listener(keys=lambda _: keys, counters=counters), wrapped(own)))
    assert (push.protection.authenticated, push.protection.control) == (True, 0x70)
    assert (counters.received(SERVER_TITLE, "broadcast"), counters.received(SERVER_TITLE, "global")) == (5, -1)
    assert "there is no broadcast key" in refusal(hear(listener(), wrapped(own)))


def test_a_compressed_push_is_refused():
    data = bytearray(wrapped(sealer(protection=AE)))
    data[19] |= 0x80
    assert "compressed" in refusal(hear(listener(), bytes(data)))


@pytest.mark.parametrize("form", [Form.GLO, Form.DED])
def test_events_under_a_service_tag_need_a_title_from_elsewhere(form):
    data = wrapped(sealer(form=form), EVENT)
    assert refusal(hear(listener(), data)) == "ciphered push of no known system title"
    push = one(hear(listener(title=SERVER_TITLE), data))
    assert (push.title, push.notification, push.protection.form) == (SERVER_TITLE, EVENT, form)
    ear = listener()
    assert one(hear(ear, wrapped())).title == SERVER_TITLE
    assert one(hear(ear, wrapped(sealer(start=2, form=form), EVENT))).title == SERVER_TITLE


def test_a_service_tag_must_fit_what_is_inside():
    sealed = bytearray(sealer(form=Form.GLO).seal(EVENT.encode()))
    sealed[0] = 200
    assert "does not fit what is inside" in refusal(
        hear(listener(title=SERVER_TITLE), enframe(WRAPPED, bytes(sealed))[0])
    )


def test_general_ded_ciphering_is_opened_with_the_global_key():
    """Meters that push have no association, so no dedicated key either; some use the tag nevertheless."""
    assert one(hear(listener(), wrapped(sealer(form=Form.GENERAL_DED)))).protection.form is Form.GENERAL_DED


def test_nothing_is_authenticated_without_a_key_for_it():
    with pytest.raises(SecurityError, match="without an authentication key"):
        type(sealer())(WITHOUT_AK, SERVER_TITLE, lambda: 1).seal(notification().encode())


@pytest.mark.parametrize("protected", ["", "30", "3000000001", "0f00000001aa", "3000000001" + "00" * 11])
def test_short_and_odd_envelopes_are_refused(protected):
    body = bytes.fromhex(protected)
    apdu = b"\xdb\x08" + SERVER_TITLE + bytes((len(body),)) + body
    [event] = hear(listener(unauthenticated=True, datagrams=True), enframe(RAW, apdu)[0])
    assert isinstance(event, Unreadable)


@pytest.mark.parametrize("length", [1, 7, 9, 200])
def test_a_system_title_has_eight_octets(length):
    own = type(sealer())(KEYS, bytes(8), lambda: 1).seal(notification().encode())
    apdu = b"\xdb" + encode_length(length) + bytes(length) + own[10:]
    reason = refusal(hear(listener(keys=lambda _title: KEYS), *enframe(WRAPPED, apdu)))
    assert reason == f"system title of {length} octets, expected 8"


def test_an_opener_says_nothing_of_keys():
    assert EK.hex() not in repr(Opener(keys=knows, counters=MemoryCounters()))
    assert repr(EK) not in repr(sealer())
