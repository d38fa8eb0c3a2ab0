"""Four eyes: a second person makes it happen, and every way around that we could think of fails."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from headend.accounts.office import NORTH, SOUTH, Office, grant
from openami.core.errors import AmiError, DecodeError, LocalProtocolError
from openami.headend.accounts import api_keys, people, proposals, roles
from openami.headend.accounts.api_keys import Wish
from openami.headend.accounts.people import NewAccount
from openami.headend.accounts.proposals import (
    KINDS,
    Guarded,
    NotApprovedError,
    Outcome,
    Proposal,
    State,
    UnknownProposalError,
)  # fmt: skip
from openami.headend.kit.access import LOCAL, SYSTEM, Actor, Permission
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import ForbiddenError, NotSignedInError

BOTH = True
FOUR_EYES = pytest.mark.feature("SIMS-05")


class Cut(BaseModel):
    """What a test of four eyes wants done."""

    serial: str
    area: str = NORTH


class Breaker:
    """A guarded action of a feature that this test is."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.place: str | None = None
        self.fails = False

    def scope(self, _unit: Unit, wanted: Cut) -> str:
        return self.place or wanted.area

    def execute(self, unit: Unit, wanted: Cut, _found: Proposal) -> Outcome:
        unit.run("UPDATE meter SET reason = 'cut' WHERE serial = ?", (wanted.serial,))
        if self.fails:
            raise LocalProtocolError("the relay is locked")
        self.done.append(wanted.serial)
        return Outcome(f"{wanted.serial} is cut")


@pytest.fixture
def breaker() -> Iterator[Breaker]:
    made = Breaker()
    kind = Guarded(
        "test.cut", "Cut", Cut, Permission.COMMANDS, Permission.APPROVE, made.scope,
        lambda _unit, wanted: f"Cut {wanted.serial}", made.execute,
    )  # fmt: skip
    proposals.register(kind)
    yield made
    del KINDS["test.cut"]


def propose(office: Office, who: Actor, area: str = NORTH, kind: str = "test.cut", payload: Any = None) -> Proposal:
    wanted = payload or {"serial": "M1", "area": area}
    rules = office.accounts.rules(is_simulated=False)
    return office.as_(who, lambda unit: proposals.propose(unit, kind, wanted, rules, reason="late payer"))


def approve(office: Office, who: Actor, found: Proposal, digest: str | None = None) -> Proposal:
    shown = found.digest if digest is None else digest
    return office.as_(who, lambda unit: proposals.approve(unit, found.id, shown, office.wall.at))


def state(office: Office, found: Proposal) -> State:
    return office.system(lambda unit: proposals.load(unit, found.id)).state


@FOUR_EYES
def test_another_person_makes_it_happen(office: Office, breaker: Breaker) -> None:
    found = propose(office, office.signed_in("nora"))
    assert (found.state, breaker.done) == (State.OPEN, [])
    done = approve(office, office.signed_in("nick"), found)
    assert breaker.done == ["M1"]
    assert (done.state, done.proposer, done.decider, done.outcome) == (State.DONE, "nora", "nick", "M1 is cut")
    rows = office.system(lambda unit: unit.rows("SELECT who, action FROM audit WHERE tenant = 'north' ORDER BY number"))
    assert [row for row in rows if row[1].startswith("proposal")] == [
        ("nora", "proposal.propose"), ("nick", "proposal.approve"),
    ]  # fmt: skip


@FOUR_EYES
def test_nobody_approves_their_own(office: Office, breaker: Breaker) -> None:
    grant(office, "nora", "approver", NORTH)
    nora = office.signed_in("nora")
    found = propose(office, nora)
    with pytest.raises(NotApprovedError, match="another person"):
        approve(office, nora, found)
    with pytest.raises(NotApprovedError, match="another person"):  # nor from another browser
        approve(office, office.signed_in("nora"), found)
    assert breaker.done == []


@FOUR_EYES
def test_a_second_account_of_the_same_person_does_not_count(office: Office, breaker: Breaker) -> None:
    def second(unit: Unit) -> None:
        account = people.insert(unit, NewAccount("nora2", "Nora again", "Nora+work@Example.org", NORTH), 0)
        roles.grant(unit, account.id, "approver", NORTH, 0)
        unit.run(
            "UPDATE account SET password = (SELECT password FROM account WHERE login = 'nora') WHERE login = 'nora2'"
        )

    office.system(second)
    found = propose(office, office.signed_in("nora"))
    with pytest.raises(NotApprovedError, match="another person"):
        approve(office, office.signed_in("nora2"), found)
    assert breaker.done == []


@FOUR_EYES
def test_an_api_key_is_nobodys_eyes(office: Office, breaker: Breaker) -> None:
    """Neither the proposer's key nor anybody else's approves; and what a key proposes its owner cannot approve."""
    keys = {}
    for login in ("nora", "nick"):
        account = office.staff[login]
        wish = Wish("robot", [Permission.VIEW, Permission.COMMANDS], "/", 30)
        _, secret = office.system(lambda unit, a=account, w=wish: api_keys.make(unit, a, w, office.wall.at, 365))
        known = office.accounts.key_holder(secret)
        assert known is not None
        keys[login] = known.actor
    wish = Wish("robot", [Permission.APPROVE], "/", 30)
    with pytest.raises(DecodeError, match="takes a person"):
        office.system(lambda unit: api_keys.make(unit, office.staff["nick"], wish, 0, 365))
    found = propose(office, office.signed_in("nora"))
    for key in keys.values():
        with pytest.raises(AmiError, match=r"no program|no proposal"):
            approve(office, key, found)
    grant(office, "nora", "approver", NORTH)
    office.wall.at += 1
    by_key = propose(office, keys["nora"])
    with pytest.raises(NotApprovedError, match="another person"):
        approve(office, office.signed_in("nora"), by_key)
    assert breaker.done == []
    approve(office, office.signed_in("nick"), by_key)
    assert breaker.done == ["M1"]


@FOUR_EYES
@pytest.mark.parametrize("who", [SYSTEM, LOCAL])
def test_what_is_no_person_approves_nothing(office: Office, breaker: Breaker, who: Actor) -> None:
    found = propose(office, office.signed_in("nora"))
    with pytest.raises((NotApprovedError, NotSignedInError, UnknownProposalError)):
        approve(office, who, found)
    assert (breaker.done, state(office, found)) == ([], State.OPEN)


@FOUR_EYES
def test_a_right_that_is_younger_than_the_proposal_does_not_count(office: Office, breaker: Breaker) -> None:
    found = propose(office, office.signed_in("nora"))
    office.wall.at += 10
    grant(office, "vic", "approver", NORTH)
    with pytest.raises(NotApprovedError, match="younger"):
        approve(office, office.signed_in("vic"), found)
    assert breaker.done == []
    approve(office, office.signed_in("vic"), propose(office, office.signed_in("nora")))
    assert breaker.done == ["M1"]


@FOUR_EYES
def test_a_role_that_was_widened_meanwhile_does_not_count(office: Office, breaker: Breaker) -> None:
    found = propose(office, office.signed_in("nora"))
    office.wall.at += 10
    wider = roles.Role("viewer", "Sees and approves", (Permission.VIEW, Permission.APPROVE))
    office.system(lambda unit: roles.write(unit, wider, office.wall.at))
    with pytest.raises(NotApprovedError, match="younger"):
        approve(office, office.signed_in("vic"), found)
    assert breaker.done == []


@FOUR_EYES
@pytest.mark.parametrize("change", ["taken", "renewed", "suspended"])
def test_a_proposer_who_changed_roles_proposed_nothing(office: Office, breaker: Breaker, change: str) -> None:
    """Nora proposes, becomes approver, and is no operator any more: her proposal went with her role."""
    found = propose(office, office.signed_in("nora"))
    office.wall.at += 10
    nora = office.staff["nora"]
    if change == "suspended":
        ada = office.signed_in("ada")
        office.as_(ada, lambda unit: people.suspend(unit, "nora", "left", office.wall.at))
    else:
        office.system(lambda unit: roles.end(unit, nora.id, "operator", NORTH, office.wall.at))
    if change == "renewed":
        grant(office, "nora", "operator", NORTH)
    with pytest.raises(NotApprovedError, match="could no longer"):
        approve(office, office.signed_in("nick"), found)
    assert breaker.done == []


@FOUR_EYES
def test_both_need_their_right_in_the_same_place(office: Office, breaker: Breaker) -> None:
    with pytest.raises(ForbiddenError, match="in /south/"):
        propose(office, office.signed_in("nora"), SOUTH)
    found = propose(office, office.signed_in("nora"))
    with pytest.raises(UnknownProposalError):  # for others it is not even there
        approve(office, office.signed_in("sue"), found)
    breaker.place = SOUTH  # the meter moved between the two
    with pytest.raises(NotApprovedError, match="by now, not in"):
        approve(office, office.signed_in("nick"), found)
    assert breaker.done == []


@FOUR_EYES
def test_an_expired_proposal_is_void(office: Office, breaker: Breaker) -> None:
    found = propose(office, office.signed_in("nora"))
    office.wall.at += office.accounts.settings.proposal_s
    with pytest.raises(NotApprovedError, match="expired"):
        approve(office, office.signed_in("nick"), found)
    assert office.system(lambda unit: proposals.expire(unit, office.wall.at)) == 1
    assert (breaker.done, state(office, found)) == ([], State.EXPIRED)


@FOUR_EYES
def test_an_approval_counts_once(office: Office, breaker: Breaker) -> None:
    found = propose(office, office.signed_in("nora"))
    nick = office.signed_in("nick")
    approve(office, nick, found)
    for _ in range(2):
        with pytest.raises(NotApprovedError, match="already"):
            approve(office, nick, found)
    assert breaker.done == ["M1"]


@FOUR_EYES
def test_of_approvals_at_the_same_time_one_is_taken(office: Office, breaker: Breaker) -> None:
    grant(office, "ann", "operator")
    found = propose(office, office.signed_in("nora"))
    racers = [office.signed_in("nick"), office.signed_in("ann"), office.signed_in("nick")]
    start, outcomes = threading.Barrier(len(racers)), []

    def race(who: Actor) -> None:
        start.wait(30)
        try:
            outcomes.append(approve(office, who, found).state.value)
        except NotApprovedError:
            outcomes.append("refused")

    threads = [threading.Thread(target=race, args=(who,)) for who in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["done", "refused", "refused"]
    assert breaker.done == ["M1"]


@FOUR_EYES
def test_what_is_done_is_what_was_shown(office: Office, breaker: Breaker) -> None:
    found = propose(office, office.signed_in("nora"))
    nick = office.signed_in("nick")
    with pytest.raises(NotApprovedError, match="not what was proposed"):
        approve(office, nick, found, digest="0" * 64)
    swapped = json.dumps({"area": NORTH, "serial": "M2"}, separators=(",", ":"))
    office.system(lambda unit: unit.run("UPDATE proposal SET payload = ? WHERE id = ?", (swapped, found.id)))
    with pytest.raises(NotApprovedError, match="not what was proposed"):
        approve(office, nick, found)
    bob = office.staff["bob"].id
    office.system(lambda unit: unit.run(
        "UPDATE proposal SET payload = ?, account = ? WHERE id = ?", (found.payload, bob, found.id)
    ))  # fmt: skip
    with pytest.raises(NotApprovedError):  # as if somebody else had proposed it
        approve(office, nick, found)
    assert breaker.done == []


@FOUR_EYES
def test_an_action_that_fails_leaves_nothing_behind(office: Office, breaker: Breaker) -> None:
    breaker.fails = True
    found = propose(office, office.signed_in("nora"))
    nick = office.signed_in("nick")
    with pytest.raises(LocalProtocolError, match="relay is locked"):
        approve(office, nick, found)
    assert state(office, found) is State.OPEN
    assert office.system(lambda unit: unit.value("SELECT count(*) FROM meter WHERE reason = 'cut'")) == 0
    assert office.system(lambda unit: unit.value("SELECT count(*) FROM audit WHERE action = 'proposal.approve'")) == 0


def test_it_can_be_refused_with_a_reason_or_withdrawn(office: Office, breaker: Breaker) -> None:
    nora, nick = office.signed_in("nora"), office.signed_in("nick")
    refused, kept = propose(office, nora), propose(office, nora)
    with pytest.raises(DecodeError, match="say why"):
        office.as_(nick, lambda unit: proposals.refuse(unit, refused.id, " ", office.wall.at))
    with pytest.raises(ForbiddenError):
        office.as_(nora, lambda unit: proposals.refuse(unit, refused.id, "no", office.wall.at))
    done = office.as_(nick, lambda unit: proposals.refuse(unit, refused.id, "medical device", office.wall.at))
    assert (done.state, done.said) == (State.REFUSED, "medical device")
    with pytest.raises(ForbiddenError, match="only whoever proposed"):
        office.as_(nick, lambda unit: proposals.withdraw(unit, kept.id, office.wall.at))
    assert office.as_(nora, lambda unit: proposals.withdraw(unit, kept.id, office.wall.at)).state is State.WITHDRAWN
    for found in (refused, kept):
        with pytest.raises(NotApprovedError, match="already"):
            approve(office, nick, found)
    assert breaker.done == []


def test_what_makes_no_sense_is_refused(office: Office, breaker: Breaker) -> None:
    nora = office.signed_in("nora")
    with pytest.raises(DecodeError, match="serial: Field required"):
        propose(office, nora, payload={"area": NORTH})
    with pytest.raises(DecodeError, match="no guarded action"):
        propose(office, nora, kind="nothing")
    with pytest.raises(ForbiddenError, match="may not propose commands"):
        propose(office, office.signed_in("vic"))
