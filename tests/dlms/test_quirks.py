"""Quirks: a meter with the habit is not understood without them, and is with them; the default is the standard."""

from dataclasses import fields, replace

import pytest

from openami.core.errors import AmiError, DefinitionError, RemoteProtocolError, SecurityError
from openami.core.obis import OBIS
from openami.core.time import DEVIATION_UNSET, CosemDateTime
from openami.dlms.acse import AARE, AARQ, ApplicationContext, Diagnostic, Mechanism
from openami.dlms.client import Associated, Failed, Released
from openami.dlms.quirks import STANDARD, Quirks
from openami.dlms.security import Policy, Security
from openami.dlms.server import Association
from openami.dlms.xdlms import (
    ActionRequestNormal,
    DataAccessResult,
    ExceptionResponse,
    MethodDescriptor,
    ServiceErrorCode,
    StateError,
)
from openami.dlms.xdlms.conformance import Conformance
from pair import ASSOCIATIONS, CLIENT_TITLE, CLOCK, NOWHERE, PASSWORD, REGISTER, SERVER_TITLE, Pair, Store, hls5, wrap

TO_SERVER, TO_CLIENT = 0, 1
ELSEWHERE = OBIS.parse("0.0.40.0.3.255")
NOT_ALLOWED = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON).encode()
PLAIN_GMAC = {1: replace(ASSOCIATIONS[1], policy=Policy.NONE, context=ApplicationContext.LN)}


def outcome(pair: Pair) -> Associated | AmiError:
    """What becomes of an association."""
    event = pair.ask(pair.client.associate(now=pair.now))
    return event.error if isinstance(event, Failed) else event


def test_the_default_is_the_standard():
    assert Quirks() == STANDARD
    stamp = CosemDateTime(2026, 11, 20, 5, 12, 0, 0, 0, -60, 0)
    assert STANDARD.turned(stamp) is stamp


@pytest.mark.parametrize("known", [Quirks.GURUX_C, Quirks.PIETRO_FIORENTINI_RSE])
def test_a_named_set_departs_in_one_habit(known):
    assert sum(getattr(known, field.name) != getattr(STANDARD, field.name) for field in fields(Quirks)) == 1


@pytest.mark.parametrize("wrong", [{"challenge_limit": 7}, {"challenge_limit": 65}, {"list_limit": 0}], ids=str)
def test_what_cannot_be_meant_is_refused(wrong):
    with pytest.raises(DefinitionError, match=next(iter(wrong))):
        Quirks(**wrong)


def test_the_opposite_deviation_is_turned_both_ways_and_an_unset_one_left():
    quirks = Quirks(opposite_deviation=True)
    stamp = CosemDateTime(2026, 11, 20, 5, 12, 0, 0, 0, 60, 0)
    assert quirks.turned(stamp) == replace(stamp, deviation=-60)
    assert quirks.turned(quirks.turned(stamp)) == stamp
    unset = replace(stamp, deviation=DEVIATION_UNSET)
    assert quirks.turned(unset) is unset


# The association object


def association_elsewhere(data: bytes) -> bytes:
    """A meter that takes f(StoC) at another object than the usual one."""
    try:
        request = ActionRequestNormal.decode(data[8:])
    except AmiError:
        return data
    is_there = request.method.logical_name == ELSEWHERE
    method = MethodDescriptor(15, STANDARD.association_object, 1 if is_there else 99)
    return wrap(replace(request, method=method).encode())


@pytest.mark.parametrize("knows", [False, True])
def test_the_association_object(knows):
    quirks = Quirks(association_object=ELSEWHERE) if knows else STANDARD
    security = hls5(policy=Policy.NONE)
    pair = Pair(security, client_sap=1, associations=PLAIN_GMAC, client={"quirks": quirks})
    pair.tamper[TO_SERVER] = association_elsewhere
    assert isinstance(outcome(pair), Associated if knows else AmiError)


# Challenges


def sixteen_octets(data: bytes) -> bytes:
    """A server with room for sixteen octets of a challenge, as the one of Gurux in C."""
    if data[8] != 0x60:
        return data
    aarq = AARQ.decode(data[8:])
    return wrap(replace(aarq, calling_authentication_value=aarq.calling_authentication_value[:16]).encode())


@pytest.mark.parametrize("knows", [False, True])
def test_the_challenge_limit(knows):
    quirks = Quirks.GURUX_C if knows else STANDARD
    pair = Pair(hls5(challenge_length=32), client_sap=1, client={"quirks": quirks})
    pair.tamper[TO_SERVER] = sixteen_octets
    assert isinstance(outcome(pair), Associated if knows else SecurityError)


def test_a_shorter_challenge_stays_as_it_is():
    pair = Pair(hls5(challenge_length=8), client_sap=1, client={"quirks": Quirks.GURUX_C}).associate()
    assert len(AARQ.decode(pair.sent[0][0][8:]).calling_authentication_value) == 8


# User-information


def without_initiate(data: bytes) -> bytes:
    """A server that accepts and says no more."""
    return wrap(replace(AARE.decode(data[8:]), user_information=None).encode(), 1, 16) if data[8] == 0x61 else data


@pytest.mark.parametrize("knows", [False, True])
def test_an_aare_without_initiate_response(knows):
    wanted = Conformance.GET | Conformance.SET
    facts = {"quirks": Quirks(omits_initiate_response=True) if knows else STANDARD, "conformance": wanted}
    pair = Pair(client=facts)
    pair.tamper[TO_CLIENT] = without_initiate
    found = outcome(pair)
    assert isinstance(found, Associated if knows else RemoteProtocolError)
    if knows:
        assert found.response.conformance == wanted
        assert pair.get(CLOCK) == [pair.store.values[CLOCK]]


def test_a_ciphered_association_never_does_without_it():
    pair = Pair(hls5(), client_sap=1, client={"quirks": Quirks(omits_initiate_response=True)})
    pair.tamper[TO_CLIENT] = without_initiate
    assert isinstance(outcome(pair), RemoteProtocolError)


# general-glo-ciphering without system title

TITLED = b"\xdb\x08" + CLIENT_TITLE


def only_untitled(data: bytes) -> bytes:
    """A meter that takes the title for ciphered octets, and so deciphers nothing."""
    return data.replace(TITLED, b"\xdb\x08" + bytes(8)) if data[8] == 0xDB else data


def untitled_answers(data: bytes) -> bytes:
    """It leaves its own title out as well."""
    head = b"\xdb\x08" + SERVER_TITLE
    return wrap(b"\xdb\x00" + data[8 + len(head) :]) if data[8:].startswith(head) else data


@pytest.mark.parametrize("knows", [False, True])
def test_ciphering_without_system_title(knows):
    quirks = Quirks.PIETRO_FIORENTINI_RSE if knows else STANDARD
    pair = Pair(hls5(ciphering="general-glo"), client_sap=1, client={"quirks": quirks})
    pair.tamper[:] = only_untitled, untitled_answers
    found = outcome(pair)
    assert isinstance(found, Associated if knows else AmiError)
    if knows:
        assert pair.get(CLOCK, REGISTER) == [pair.store.values[CLOCK], pair.store.values[REGISTER]]
        assert TITLED not in b"".join(pair.sent[0][1:])


# Lists


class Overtaxed(Store):
    """A meter that negotiates lists, and refuses those of more than two items."""

    def __call__(self, request):
        if request.kind != "action" and len(request.items) > 2:
            return [DataAccessResult.OTHER_REASON] * len(request.items)
        return super().__call__(request)


@pytest.mark.parametrize(("limit", "requests"), [(None, 1), (2, 3), (1, 5)])
@pytest.mark.parametrize("verb", ["get", "set", "action"])
def test_the_list_limit(limit, requests, verb):
    pair = Pair(client={"quirks": Quirks(list_limit=limit)}, answer=Overtaxed()).associate()
    attributes = [CLOCK, REGISTER, CLOCK, REGISTER, CLOCK]
    items = {
        "get": [(attribute, None) for attribute in attributes],
        "set": [(attribute, None, pair.store.values[attribute]) for attribute in attributes],
        "action": [(MethodDescriptor(3, NOWHERE.logical_name, n), None) for n in range(5)],
    }[verb]
    before = len(pair.sent[0])
    results = pair.ask(getattr(pair.client, verb)(items)).results
    assert len(pair.sent[0]) - before == requests
    assert len(results) == 5
    assert (DataAccessResult.OTHER_REASON in results) == (limit is None and verb != "action")


# What needs no quirk


def long_form(aare: bytes) -> bytes:
    """The same AARE, its length and that of its user-information in the long form."""
    at = aare.rindex(b"\xbe")
    body = aare[2:at] + b"\xbe\x81" + aare[at + 1 :]
    return b"\x61\x81" + bytes((len(body),)) + body


HABITS = {
    "AARE with protocol-version": lambda aare: replace(AARE.decode(aare), protocol_version=b"\x02\x84").encode(),
    "AARE accepted with diagnostic 1": lambda aare: replace(
        AARE.decode(aare), diagnostic=Diagnostic.NO_REASON_GIVEN
    ).encode(),
    "octets behind the AARE": lambda aare: aare + bytes(4),
    "lengths in the long form": long_form,
    "AARE with titles nobody asked for": lambda aare: replace(
        AARE.decode(aare), responding_ap_title=SERVER_TITLE, responding_ae_invocation_id=1
    ).encode(),
}


@pytest.mark.parametrize("habit", HABITS.values(), ids=list(HABITS))
def test_no_quirk_is_needed_for_an_odd_aare(habit):
    pair = Pair()
    pair.tamper[TO_CLIENT] = lambda data: wrap(habit(data[8:]), 1, 16) if data[8] == 0x61 else data
    assert pair.associate().get(CLOCK) == [pair.store.values[CLOCK]]


@pytest.mark.parametrize("ports", [(4059, 1000), (0, 0), (1, 1)])
def test_no_quirk_is_needed_for_foreign_wrapper_ports(ports):
    pair = Pair()
    pair.tamper[TO_CLIENT] = lambda data: wrap(data[8:], *ports)
    assert pair.associate().get(CLOCK) == [pair.store.values[CLOCK]]


LONG = b"\x09\x82\x01\x2c" + bytes(300)


def test_a_meter_of_add_grup_needs_no_quirk():
    """As one was seen: client 1 also with a password, conformance 003A1D, APDUs of 114 octets, 63 00 in the end."""
    seen = Conformance(0x003A1D)
    association = Association(1, mechanism=Mechanism.LOW, secret=PASSWORD, conformance=seen)
    energy = b"\x15" + (123_456_789).to_bytes(8, "big")
    store = Store({REGISTER: energy, REGISTER._replace(attribute_id=3): b"\x02\x02\x0f\x00\x16\x1e", CLOCK: LONG})

    def as_seen(data: bytes) -> bytes:
        if data[8] == 0x61:
            data = wrap(HABITS["AARE accepted with diagnostic 1"](data[8:]))
        return wrap(b"\x63\x00") if data[8] == 0x63 else data

    pair = Pair(
        Security.lls(PASSWORD),
        client_sap=1,
        associations={1: association},
        answer=store,
        client={"max_pdu": 114},
        server={"max_pdu": 114},
    )
    pair.tamper[TO_CLIENT] = as_seen
    found = outcome(pair)
    assert isinstance(found, Associated)
    assert (found.response.conformance, found.response.server_max_receive_pdu_size) == (seen, 114)
    assert pair.get(REGISTER, REGISTER._replace(attribute_id=3), CLOCK) == [
        energy,
        b"\x02\x02\x0f\x00\x16\x1e",
        LONG,
    ]
    assert isinstance(pair.ask(pair.client.release()), Released)
