"""A connection to a virtual meter: who may come in, what is logged of it, what must be durable first."""

from collections.abc import Iterator

import pytest

from meters.small_fleet import (
    DAY_S,
    FRAUD,
    HOUR_S,
    INTERVALS,
    MONTHLY,
    SESSIONS,
    START,
    Company,
    Talk,
)
from openami.core.errors import AssociationError
from openami.cosem.clock import Clock
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Data, Register
from openami.dlms.client import Got
from openami.dlms.security import Policy

COUNTER, NAME, CLOCK_NAME = "0.0.43.1.0.255", "0.0.42.0.0.255", "0.0.1.0.0.255"


class Kept:
    """A journal that only remembers what it was given."""

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def append(self, payload: bytes) -> None:
        self.records.append(payload)

    def commit(self) -> "Done":
        return Done()


class Done:
    """Awaited, it is done."""

    def __await__(self) -> Iterator[None]:
        return iter(())


@pytest.mark.feature("IQ0404100K1-R-99", "IQ0404100K1-R-100", "IQ0404100K1-R-101")
def test_the_management_client_comes_in_with_hls_5_and_ciphering_alone() -> None:
    company = Company().live(HOUR_S)
    talk = company.talk()
    assert talk.get(Register.value.at("1.0.1.8.0.255")) == 600
    for policy in (Policy.A, Policy.E):
        refused = Talk(company.fleet, 1, policy=policy).refusal()
        assert isinstance(refused, AssociationError), policy
    plain = Talk(company.fleet, 2, client=1, policy=Policy.NONE)
    assert isinstance(plain.refusal(), AssociationError)


def test_the_public_client_learns_the_counter_and_the_management_client_starts_above() -> None:
    company = Company()
    company.talk().get(Clock.time.at(CLOCK_NAME))
    public = Talk(company.fleet, 0, client=16).associate()
    assert public.get(Data.value.at(NAME)) == b"OAMSIM0000000001"
    counter = public.get(Data.value.at(COUNTER))
    assert counter == company.fleet.holding.counters.received[0] > 1
    again = Talk(company.fleet, 0, counter=counter + 1)
    assert again.associate().get(Data.value.at(NAME)) == b"OAMSIM0000000001"


def test_an_unknown_client_is_rejected() -> None:
    talk = Talk(Company().fleet, 0, client=17)
    assert isinstance(talk.refusal(), AssociationError)


@pytest.mark.feature("IQ0404100K1-R-79")
@pytest.mark.parametrize("wrong", ["encryption_key", "authentication_key"])
def test_a_wrong_key_is_an_event_of_the_fraud_log(wrong: str) -> None:
    company = Company()
    talk = Talk(company.fleet, 0, **{wrong: bytes(16)})
    assert isinstance(talk.refusal(), AssociationError)
    assert talk.refused
    assert company.talk().get(Data.value.at("0.0.96.11.1.255")) == 46
    assert company.read(ProfileGeneric.entries_in_use, FRAUD) == 1
    assert company.read(Data.value, "0.0.97.98.0.255") & 1 << 13


def test_a_replayed_counter_is_refused() -> None:
    company = Company()
    company.talk().get(Clock.time.at(CLOCK_NAME))
    assert "counter" in str(Talk(company.fleet, 0, counter=1).refusal())


@pytest.mark.feature("IQ0404100K1-R-60")
def test_a_session_that_reads_is_logged_with_a_running_number() -> None:
    company = Company().live(DAY_S)
    for _ in range(2):
        talk = company.talk()
        talk.rows(INTERVALS, START + 1, START + HOUR_S)
        talk.rows(INTERVALS, START + 1, START + HOUR_S)
        talk.get(ProfileGeneric.buffer.at(MONTHLY))
        talk.get(Clock.time.at(CLOCK_NAME))
        talk.release()
    talk = company.talk()
    assert talk.set(Register.value, "1.0.12.31.0.255", 200).name == "SUCCESS"
    rows = talk.get(ProfileGeneric.buffer.at(SESSIONS))
    assert [(code, number) for _, code, number in rows] == [(75, 1), (73, 2), (75, 3), (73, 4), (72, 5)]
    assert company.read(Data.value, "0.0.96.15.4.255") == 5
    assert company.read(ProfileGeneric.entries_in_use, SESSIONS, 1) == 0


def test_many_items_are_answered_one_by_one() -> None:
    talk = Company().talk()
    items = [Data.value.at(NAME), Register.value.at("1.0.99.99.0.255"), Clock.time_zone.at(CLOCK_NAME)]
    event = talk.ask(talk.client.get([(item, None) for item in items], now=0.0))
    assert isinstance(event, Got)
    name, missing, zone = event.results
    assert (name[:2], missing.name, zone) == (b"\x09\x10", "OBJECT_UNDEFINED", b"\x10\xff\xc4")


def test_answers_wait_for_the_journal_only_when_something_was_written() -> None:
    company = Company()
    company.fleet.journal = kept = Kept()
    public = Talk(company.fleet, 0, client=16).associate()
    public.get(Data.value.at(NAME))
    assert public.session.durable() is None
    assert not kept.records
    company.talk()
    received = [record for record in kept.records if record[0] == 1]
    assert len(received) >= 2
    talk = Talk(company.fleet, 1)
    talk.client.associate(now=0.0)
    [octets] = talk.client.outgoing()
    talk.session.deliver(talk.session.endpoint.receive(octets, 0.0))
    assert talk.session.durable() is not None
    assert talk.session.durable() is None


def test_values_to_send_are_reserved_in_strides_before_use() -> None:
    company = Company()
    company.fleet.journal = kept = Kept()
    talk = company.talk()
    counters = company.fleet.holding.counters
    for _ in range(1_100):
        assert counters.next_send[0] <= counters.reserved[0]
        talk.get(Clock.time_zone.at(CLOCK_NAME))
    reserved = [int.from_bytes(record[5:13], "big") for record in kept.records if record[0] == 2]
    assert reserved == [1_001, 2_001]
