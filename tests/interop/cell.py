"""A cell of the table of interoperation: what is tried with a peer in one way, and what comes of it."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Any

import pytest

from interop.stands import WRAPPER, Orders, standing
from openami.dlms.security import Policy, Suite
from openami.dlms.server import Association
from outsider import Outsider, PeerFailed
from pair import CLIENT_TITLE
from secured import PAIRS, SECRET, Way, keys_of
from short_meter import ShortMeter
from small_meter import NAME, SmallMeter

Peers = Mapping[str, Outsider]
MECHANISMS = ("none", "low", *(f"HLS {number}" for number in range(2, 8)))
POLICIES = {Policy.A: "A", Policy.E: "E", Policy.AE: "A+E"}
COLUMNS = ("peer", "what", "referencing", "mechanism", "protection", "suite", "line", "outcome", "note")
DEVICE_NAME = "OAMSIM0000000002"
GURUX, COSEM = "gurux-dlms", "dlms-cosem"
NONE, AE = Policy.NONE, Policy.AE
SUITE_0, SUITE_1, SUITE_2 = Suite
CLEAR, FULL, GENERAL = Way(0, policy=NONE), Way(5), Way(5, ciphering="general-glo")
SECRET_16 = "a secret of 16 o"
SN = {"referencing": "SN"}


class Outcome(StrEnum):
    """What a test holds to be so."""

    WORKS = "works"
    REFUSED = "refused, as it must be"
    DEFECT = "defect of the peer"
    DIFFERENCE = "read differently"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One test. `note` says what is wrong with the peer; `failure` is what it then says itself, as an expression.

    `way` is how peer and meter protect themselves; `facts` are more orders, and what else the test must know.
    """

    peer: str
    what: str
    referencing: str = "LN"
    mechanism: str = "–"
    protection: str = "clear"
    suite: str = "–"
    line: str = "–"
    outcome: Outcome = Outcome.WORKS
    note: str = ""
    failure: str = ""
    way: Way = CLEAR
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def id(self) -> str:
        """Name of the test, and of the row."""
        parts = (self.what, self.referencing, self.mechanism, self.protection, self.suite, self.line)
        return f"{self.peer}: {' | '.join(part for part in parts if part != '–')}"

    def row(self) -> dict[str, str]:
        """What the table says."""
        return {name: str(getattr(self, name)) for name in COLUMNS}

    def secret(self) -> str:
        """What is known to both ends."""
        return str(self.facts.get("secret", SECRET.decode()))

    def orders(self) -> Orders:
        """What the peer must know of the association."""
        way, keys = self.way, keys_of(self.way.suite)
        orders: Orders = {
            "client": 1,
            "short": self.referencing == "SN",
            "mechanism": way.mechanism,
            "secret": self.secret(),
            "suite": way.suite.value,
            "with" if way.ciphering == "general-glo" else "without": ["GENERAL_PROTECTION"],
        }
        if way.policy or way.mechanism == 5:
            orders |= {"encryption_key": keys.encryption.hex(), "authentication_key": keys.authentication.hex()}
        if way.policy or way.mechanism > 1:
            orders |= {"protection": way.policy.control, "client_title": CLIENT_TITLE.hex()}
        if way.dedicated_key:
            orders["dedicated_key"] = bytes(range(0x40, 0x40 + way.suite.key_length)).hex()
        if way.mechanism == 7:
            own = PAIRS[way.suite][0]
            orders |= {"private_key": own.signature.octets.hex(), "server_key": own.peer_signature.octets.hex()}
        return orders | self.facts

    def association(self) -> Association:
        """What our meter offers."""
        return self.way.association(secret=self.secret().encode())

    def meter(self) -> SmallMeter:
        """Our meter, that knows this one client."""
        make = ShortMeter if self.referencing == "SN" else SmallMeter
        meter = make((self.association(),))
        meter.random = Random(3).randbytes  # a peer's defect must show each time or never
        meter.object(1, NAME).value = self.facts.get("name", DEVICE_NAME).encode()
        return meter

    def ask(self, peers: Peers, job: str, orders: Orders) -> Any:
        """Have the peer do a job; it must fail in the way that is known, or not at all."""
        try:
            found = peers[self.peer].do(job, orders)
        except PeerFailed as failed:
            if self.failure and re.search(self.failure, str(failed)):
                return None
            raise
        assert not self.failure, f"the peer is mended, it found {found}"
        return found

    async def visit(self, peers: Peers, job: str, meter: SmallMeter, **more: Any) -> Any:
        """Have the peer do a job with a meter of ours, on the line of the cell."""
        async with standing(self.line, meter) as where:
            return await asyncio.to_thread(self.ask, peers, job, {**self.orders(), **where, **more})


def seen(peer: str, what: str, way: Way = CLEAR, line: str = WRAPPER, **more: Any) -> Cell:
    """A cell whose columns follow from the way of security."""
    protection = "clear"
    if way.policy:
        form = way.ciphering.replace("glo", "ded") if way.dedicated_key else way.ciphering
        protection = f"{form}, {POLICIES[way.policy]}"
    return Cell(
        peer=peer,
        what=what,
        mechanism=MECHANISMS[way.mechanism],
        protection=protection,
        suite=str(way.suite.value) if way.policy or way.mechanism in {5, 7} else "–",
        line=line,
        way=way,
        **more,
    )


def defect(cell: Cell, note: str, failure: str = "") -> Cell:
    """The same, where the peer fails."""
    return replace(cell, outcome=Outcome.DEFECT, note=note, failure=failure)


def each(cells: Iterable[Cell]) -> Callable[..., Any]:
    """One test for each."""
    marked = [pytest.param(cell, id=cell.id, marks=pytest.mark.interop(cell.id)) for cell in cells]
    return pytest.mark.parametrize("cell", marked)
