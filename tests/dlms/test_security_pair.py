"""Our client against our server in every way that security knows: what gets through, and what is never seen."""

from random import Random

import pytest

from openami.dlms.client import Released
from openami.dlms.server import Refused
from pair import CLOCK, ECHO, PROFILE, REGISTER, Pair
from secured import AE, FORMS, PAIRS, SECRET, WAYS, keys_of

every_way = pytest.mark.parametrize("way", WAYS + FORMS, ids=str)


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


@pytest.mark.parametrize("way", FORMS, ids=str)
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
