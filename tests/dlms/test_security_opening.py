"""Who is let in, and who meets whom: every mechanism between our two ends, with keys and with certificates."""

from dataclasses import replace
from random import Random

import pytest

from openami.core.errors import AmiError, AssociationError, SecurityError
from openami.dlms.acse import AARE, AARQ, Diagnostic
from openami.dlms.client import Associated, Failed, State
from openami.dlms.security import P256, KeyPairs, PrivateKey, PublicKey
from openami.dlms.server import Opened, Refused
from pair import CLIENT_TITLE, CLOCK, SERVER_TITLE, TO_CLIENT, TO_SERVER, wrap
from secured import AE, GENERAL, HASHES, NONE, PAIRS, SUITE_1, SUITE_2, WAYS, Way

OPENINGS = [Way(5), Way(6, policy=NONE), Way(7, SUITE_1), Way(7, SUITE_1, ciphering=GENERAL, signing="outside")]


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
