"""Our client against our server in every way that security knows: what gets through, and what never does."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openami.core.errors import AmiError, AssociationError, SecurityError
from openami.dlms.acse import AARE, AARQ, Diagnostic
from openami.dlms.client import Associated, Failed, Released, State
from openami.dlms.security import (
    P256,
    CounterError,
    Form,
    KeyPairs,
    Policy,
    PolicyError,
    PrivateKey,
    PublicKey,
    Suite,
)
from openami.dlms.security.suite import SIGNED
from openami.dlms.server import Opened, Refused
from openami.dlms.server.opening import Opening
from openami.dlms.xdlms import ExceptionResponse, ServiceErrorCode, get_request_normal
from pair import CLIENT_TITLE, CLOCK, ECHO, PROFILE, REGISTER, SERVER_TITLE, Pair, forger, hls5, wrap
from secured import PAIRS, SECRET, Way, keys_of

SUITE_0, SUITE_1, SUITE_2 = Suite
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
every_way = pytest.mark.parametrize("way", WAYS + FORMS, ids=str)
every_form = pytest.mark.parametrize("way", FORMS, ids=str)
TO_SERVER, TO_CLIENT = 0, 1


@every_way
def test_a_whole_session(way):
    joined = way.pair().associate()
    assert joined.get(CLOCK, REGISTER) == [joined.store.values[CLOCK], joined.store.values[REGISTER]]
    long = b"\x09\x82\x07\xd0" + bytes(2000)
    assert joined.ask(joined.client.action([(ECHO, long)])).results == [(0, long)]
    assert isinstance(joined.ask(joined.client.release()), Released)
    assert joined.associate().get(CLOCK) == [joined.store.values[CLOCK]]
    assert not [event for event in joined.server_events if isinstance(event, Refused)]


@pytest.mark.parametrize("cut", ["byte by byte", "with a tail"])
@pytest.mark.parametrize("way", FORMS[::5], ids=str)
def test_however_it_is_cut(way, cut):
    joined = way.pair(cut=cut).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]


@every_form
@pytest.mark.parametrize("max_pdu", [700, 1200])
def test_blocks_fit_what_the_other_end_takes(way, max_pdu):
    limits = {"max_pdu": max_pdu}
    joined = Pair(way.security(), client_sap=1, associations={1: way.association()}, client=limits, server=limits)
    joined.associate()
    value = b"\x09\x82\x13\x88" + Random(3).randbytes(5000)
    joined.store.values[PROFILE] = b"\x00"
    assert joined.ask(joined.client.set([(PROFILE, None, value)])).results == [0]
    assert joined.get(PROFILE) == [value]
    assert max(map(len, joined.sent[0][2:] + joined.sent[1][2:])) <= max_pdu + 8


@every_way
def test_nothing_secret_goes_over_the_wire(way):
    joined = way.pair().associate()
    joined.get(CLOCK)
    joined.ask(joined.client.release())
    seen = b"".join(joined.sent[0] + joined.sent[1])
    keys = keys_of(way.suite)
    secrets = [SECRET, keys.encryption, keys.authentication, keys.master, keys.broadcast]
    if way.policy is AE:
        secrets += [joined.store.values[CLOCK], bytes(CLOCK.logical_name)]
    for held in PAIRS[way.suite]:
        secrets += [key.octets for key in (held.signature, held.agreement) if key]
    for secret in secrets:
        assert secret not in seen


@every_way
def test_no_repr_shows_a_secret(way):
    keys, shown = keys_of(way.suite), f"{way.security()!r} {way.association()!r} {way.security()}"
    held = [key for pairs in PAIRS[way.suite] for key in (pairs.signature, pairs.agreement) if key]
    for secret in (SECRET, keys.encryption, keys.authentication, keys.master, keys.broadcast):
        assert secret.hex() not in shown
        assert repr(secret)[2:-1] not in shown
    for key in held:
        assert key.octets.hex() not in shown


@pytest.mark.parametrize("way", [way for way in WAYS if way.mechanism != 5], ids=str)
@pytest.mark.parametrize("place", [-1, -14])
def test_a_changed_reply_of_either_end_opens_nothing(way, place):
    for direction in (TO_SERVER, TO_CLIENT):
        joined = way.pair()
        joined.client.associate()
        joined.to_server()
        joined.to_client()
        joined.tamper[direction] = lambda data: data[:place] + bytes((data[place] ^ 1,)) + data[place:][1:]
        [failed] = [event for event in joined.run() if isinstance(event, Failed)]
        assert isinstance(failed.error, (AssociationError, SecurityError)), failed
        assert joined.client.state is State.IDLE
        assert not [event for event in joined.events if isinstance(event, Associated)]
        if direction == TO_SERVER:
            assert not [event for event in joined.server_events if isinstance(event, Opened)]


@pytest.mark.parametrize("mechanism", HASHES)
def test_a_client_with_another_secret_is_refused(mechanism):
    joined = Way(mechanism, policy=NONE).pair(client={"secret": b"another one"})
    error = joined.failure(joined.client.associate())
    assert isinstance(error, AssociationError)
    assert joined.server_events == [Refused(1, "authentication failure")]
    assert "another one" not in str(error)


@pytest.mark.parametrize("suite", [SUITE_1, SUITE_2])
def test_a_client_with_another_key_pair_is_refused(suite):
    curve = PAIRS[suite][0].signature.curve
    forged = replace(PAIRS[suite][0], signature=PrivateKey.draw(curve, Random(77).randbytes))
    joined = Way(7, suite, NONE).pair(client={"pairs": forged})
    assert isinstance(joined.failure(joined.client.associate()), AssociationError)
    honest = Way(7, suite, NONE).pair(server={"pairs": replace(PAIRS[suite][1], signature=forged.signature)})
    assert isinstance(honest.failure(honest.client.associate()), SecurityError)


@pytest.mark.parametrize("way", [Way(2, policy=NONE), Way(6, policy=NONE), Way(7, SUITE_1, NONE)], ids=str)
def test_either_end_refuses_its_own_challenge(way):
    joined = way.pair()

    def reflect(data):
        own = AARQ.decode(joined.sent[0][0][8:]).calling_authentication_value
        return wrap(replace(AARE.decode(data[8:]), responding_authentication_value=own).encode())

    joined.tamper[TO_CLIENT] = reflect
    assert "own challenge" in str(joined.failure(joined.client.associate()))


@pytest.mark.parametrize(("way", "length"), [(Way(6, policy=NONE), 7), (Way(7, SUITE_1, NONE), 31)], ids=str)
def test_short_challenges_are_refused_by_either_end(way, length):
    joined = way.pair()
    joined.tamper[TO_CLIENT] = lambda data: wrap(
        replace(AARE.decode(data[8:]), responding_authentication_value=bytes(length)).encode()
    )
    assert "allowed are" in str(joined.failure(joined.client.associate()))
    other = way.pair()
    other.tamper[TO_SERVER] = lambda data: wrap(
        replace(AARQ.decode(data[8:]), calling_authentication_value=bytes(length)).encode()
    )
    error = other.failure(other.client.associate())
    assert error.diagnostic is Diagnostic.AUTHENTICATION_FAILURE


@pytest.mark.parametrize("way", [Way(6, policy=NONE), Way(7, SUITE_1, NONE)], ids=str)
def test_titles_are_needed_where_they_enter_the_reply(way):
    joined = way.pair()
    joined.tamper[TO_SERVER] = lambda data: wrap(replace(AARQ.decode(data[8:]), calling_ap_title=None).encode())
    assert joined.failure(joined.client.associate()).diagnostic is Diagnostic.CALLING_AP_TITLE_NOT_RECOGNIZED
    borrowed = way.pair()
    borrowed.tamper[TO_SERVER] = lambda data: data.replace(CLIENT_TITLE, b"OAM\0\0\0\0\7")
    borrowed.client.associate()
    assert not [event for event in borrowed.run() if isinstance(event, Associated)]


# Messages on their way


def sealed_get(joined):
    """The client's next GET, as it leaves, and its id."""
    request = joined.client.get([(CLOCK, None)], now=joined.now)
    [data] = joined.client.outgoing()
    return request, data


@every_form
def test_every_changed_octet_of_a_request_is_refused(way):
    joined = way.pair().associate()
    _, data = sealed_get(joined)
    apdu = data[8:]
    for place in range(len(apdu)):
        answer = joined.strike(apdu[:place] + bytes((apdu[place] ^ 1,)) + apdu[place + 1 :])
        assert answer[:1] in {b"\xd8", b""} or AARE.decode(answer).result, answer.hex()
        if apdu[place] ^ 1 == 0x60:
            return
    assert not [event for event in joined.server_events if type(event).__name__ == "GetRequest"]
    joined.client.receive(wrap(bytes.fromhex("d80202"), 1, 1), joined.now)
    _, data = sealed_get(joined)
    assert joined.strike(data[8:])[:1] != b"\xd8"


@every_form
def test_every_changed_octet_of_an_answer_is_refused(way):
    joined = way.pair().associate()
    _, data = sealed_get(joined)
    answer = joined.strike(data[8:])
    for place in range(1, len(answer)):
        forged = answer[:place] + bytes((answer[place] ^ 1,)) + answer[place + 1 :]
        [event] = joined.client.receive(wrap(forged, 1, 1), joined.now)
        assert isinstance(event, Failed), (place, event)
        assert isinstance(event.error, AmiError)
        joined.client.get([(CLOCK, None)], now=joined.now)
        joined.client.outgoing()


@every_form
def test_a_replayed_request_is_refused(way):
    joined = way.pair().associate()
    _, first = sealed_get(joined)
    assert joined.strike(first[8:])[:1] != b"\xd8"
    again = ExceptionResponse.decode(joined.strike(first[8:]))
    assert again.service_error is ServiceErrorCode.INVOCATION_COUNTER_ERROR
    assert again.invocation_counter


@every_form
def test_a_replayed_answer_is_refused(way):
    joined = way.pair().associate()
    _, first = sealed_get(joined)
    answer = wrap(joined.strike(first[8:]), 1, 1)
    assert type(joined.client.receive(answer, joined.now)[0]).__name__ == "Got"
    joined.client.get([(CLOCK, None)], now=joined.now)
    joined.client.outgoing()
    [event] = joined.client.receive(answer, joined.now)
    assert isinstance(event, Failed)
    if way.policy is AE:
        assert isinstance(event.error, CounterError)


@every_form
def test_what_comes_in_clear_is_refused_by_either_end(way):
    joined = way.pair().associate()
    refused = ExceptionResponse.decode(joined.strike(get_request_normal(0xC1, CLOCK, None)))
    assert refused.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE
    request, _ = sealed_get(joined)
    [event] = joined.client.receive(wrap(b"\xc4\x01\xc1\x00\x00", 1, 1), joined.now)
    assert event.id == request
    assert isinstance(event.error, SecurityError)


# Policies


def test_a_client_that_protects_less_than_the_policy_is_rejected():
    for policy, less in ((AE, Policy.A), (AE, Policy.E), (AE, NONE), (Policy.A, Policy.E)):
        joined = Way(5, policy=policy).pair(client={"policy": less})
        error = joined.failure(joined.client.associate())
        assert isinstance(error, AssociationError)


@pytest.mark.parametrize(("form", "control"), [(Form.GLO, 0x10), (Form.GLO, 0x20), (Form.GENERAL_GLO, 0)])
def test_an_answer_that_is_protected_less_is_refused(form, control):
    joined = Pair(hls5(), client_sap=1).associate()
    joined.tamper[TO_CLIENT] = lambda _: wrap(
        forger(SERVER_TITLE, CLIENT_TITLE).seal(b"\xc4\x01\xc3\0\0", form, control)
    )
    assert isinstance(joined.failure(joined.client.get([(CLOCK, None)])), PolicyError)


@pytest.mark.parametrize("signing", ["outside", "inside"])
def test_an_answer_without_its_signature_is_refused(signing):
    joined = Way(7, SUITE_1, ciphering="general-glo", signing=signing).pair().associate()
    way_back = Opening._way_back
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Opening, "_way_back", lambda self, way: (Form.GENERAL_GLO, way_back(self, way)[1] & 0x30))
        error = joined.failure(joined.client.get([(CLOCK, None)]))
    assert isinstance(error, PolicyError)
    assert "not signed" in str(error)


@pytest.mark.parametrize("bits", range(64))
def test_every_policy_of_version_1_protects_what_it_says(bits):
    way = Way(7, SUITE_1, Policy(bits << 2))
    joined = way.pair(client={"keys": keys_of(SUITE_1)}, server={"keys": keys_of(SUITE_1)}).associate()
    assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
    request, answer = joined.sent[0][-1][8:], joined.sent[1][-1][8:]
    for apdu, plain, least in ((request, 0xC0, way.policy.request), (answer, 0xC4, way.policy.response)):
        assert (apdu[0] == 0xDF) == bool(least & SIGNED or (apdu is answer and request[0] == 0xDF))
        assert least == 0 or apdu[0] != plain
    assert isinstance(joined.ask(joined.client.release()), Released)


@pytest.mark.parametrize("bits", [0x04, 0x08, 0x10, 0x0C, 0x1C])
def test_a_server_refuses_requests_below_its_policy_of_version_1(bits):
    joined = Way(7, SUITE_1, Policy(bits)).pair(
        client={"policy": NONE, "ciphering": "glo"}, server={"keys": keys_of(SUITE_1)}
    )
    joined.tamper[TO_SERVER] = lambda data: wrap(replace(AARQ.decode(data[8:]), application_context=3).encode())
    assert isinstance(joined.failure(joined.client.associate()), AssociationError)
    mild = (
        Way(7, SUITE_1, Policy(bits))
        .pair(server={"keys": keys_of(SUITE_1)}, client={"keys": keys_of(SUITE_1)})
        .associate()
    )
    refused = ExceptionResponse.decode(mild.strike(get_request_normal(0xC1, CLOCK, None)))
    assert refused.service_error is ServiceErrorCode.OPERATION_NOT_POSSIBLE


def test_a_compressed_apdu_is_refused_as_a_service_that_is_not_there():
    joined = Way(5).pair().associate()
    _, data = sealed_get(joined)
    refused = ExceptionResponse.decode(joined.strike(data[8:10] + bytes((data[10] | 0x80,)) + data[11:]))
    assert refused.service_error is ServiceErrorCode.SERVICE_NOT_SUPPORTED
    assert "V.44" in joined.server_events[-1].reason


# Certificates in the AE-qualifier


def trust(known):
    """Certificates are names here: what a trusted one vouches for."""

    def read(title: bytes, certificate: bytes) -> PublicKey:
        if (title, certificate) not in known:
            message = "certificate of nobody we trust"
            raise SecurityError(message)
        return known[title, certificate]

    return read


def strangers(client_certificate=b"client's", server_certificate=b"server's"):
    """Client and server that know each other by certificates alone."""
    one, other = PAIRS[SUITE_1]
    return (
        KeyPairs(
            signature=one.signature,
            certificate=client_certificate,
            trust=trust({(SERVER_TITLE, b"server's"): other.signature.public}),
        ),
        KeyPairs(
            signature=other.signature,
            certificate=server_certificate,
            trust=trust({(CLIENT_TITLE, b"client's"): one.signature.public}),
        ),
    )


@pytest.mark.parametrize("signing", [None, "outside"])
def test_strangers_meet_by_certificates(signing):
    client, server = strangers()
    policy = NONE if signing is None else AE
    joined = Way(7, SUITE_1, policy, signing=signing).pair(client={"pairs": client}, server={"pairs": server})
    assert joined.associate().get(CLOCK) == [joined.store.values[CLOCK]]
    assert AARQ.decode(joined.sent[0][0][8:]).calling_ae_qualifier == b"client's"
    assert AARE.decode(joined.sent[1][0][8:]).responding_ae_qualifier == b"server's"


def test_strangers_without_a_trusted_certificate_do_not():
    client, server = strangers(client_certificate=b"forged")
    joined = Way(7, SUITE_1, NONE).pair(client={"pairs": client}, server={"pairs": server})
    error = joined.failure(joined.client.associate())
    assert error.diagnostic is Diagnostic.CALLING_AE_QUALIFIER_NOT_RECOGNIZED
    client, server = strangers(server_certificate=b"forged")
    joined = Way(7, SUITE_1, NONE).pair(client={"pairs": client}, server={"pairs": server})
    assert "nobody we trust" in str(joined.failure(joined.client.associate()))
    for missing in (0, 1):
        both = list(strangers())
        both[missing] = replace(both[missing], certificate=None)
        joined = Way(7, SUITE_1, NONE).pair(client={"pairs": both[0]}, server={"pairs": both[1]})
        assert isinstance(joined.failure(joined.client.associate()), (AssociationError, SecurityError))


def test_a_certificate_does_not_replace_a_key_that_is_known():
    client, server = strangers()
    known = PrivateKey.draw(P256, Random(5).randbytes).public
    joined = Way(7, SUITE_1, NONE).pair(
        client={"pairs": client}, server={"pairs": replace(server, peer_signature=known)}
    )
    assert isinstance(joined.failure(joined.client.associate()), AssociationError)


# Octets of any kind


@settings(max_examples=60)
@given(way=st.sampled_from(FORMS), tag=st.sampled_from([0xC8, 0xDB, 0xDC, 0xDD, 0xDF]), tail=st.binary(max_size=120))
def test_any_octets_are_answered_or_dropped(way, tag, tail):
    joined = way.pair().associate()
    answer = joined.strike(bytes((tag,)) + tail)
    assert answer[:1] == b"\xd8"
    joined.client.get([(CLOCK, None)])
    joined.client.outgoing()
    [event] = joined.client.receive(wrap(bytes((tag,)) + tail, 1, 1), joined.now)
    assert isinstance(event, Failed)


# The opening itself


OPENINGS = [Way(5), Way(6, policy=NONE), Way(7, SUITE_1), Way(7, SUITE_1, ciphering=GENERAL, signing="outside")]


@pytest.mark.parametrize("direction", [TO_SERVER, TO_CLIENT])
@pytest.mark.parametrize("way", OPENINGS, ids=str)
def test_a_changed_octet_of_the_opening_opens_nothing_weaker(way, direction):
    """Where the initiate-APDUs are protected, those who meet agree on everything; in clear, still on who they are."""
    probe = way.pair().associate()
    size = len(probe.sent[direction][0]) - 8
    for place in range(size):
        joined = way.pair()

        def tamper(data, joined=joined, place=place, direction=direction):
            joined.tamper[direction] = bytes
            return data[: 8 + place] + bytes((data[8 + place] ^ 1,)) + data[9 + place :]

        joined.tamper[direction] = tamper
        joined.client.associate()
        joined.run()
        associated = [event for event in joined.events if isinstance(event, Associated)]
        if not associated:
            joined.client.abort(AmiError("the test gives up"))
            continue
        assert way.policy is NONE or associated[0].response == probe.events[0].response
        if way.policy is NONE:
            continue
        assert joined.get(CLOCK) == [joined.store.values[CLOCK]]
        sent = joined.sent[0][-1][8:9] + joined.sent[1][-1][8:9]
        assert sent not in {b"\xc0\xc4", b""}
