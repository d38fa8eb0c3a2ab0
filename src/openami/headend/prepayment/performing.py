"""Bringing tokens to a meter over DLMS (class 115), and reading back what it said of each.

A token goes in as 20 ASCII digits, or as packed BCD where the meter calls those a wrong format. What the gateway says
is read after each. Doing it again does nothing twice: a token that the gateway has as its last is not entered again,
and one that the meter calls used is in it already.
"""

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from openami.cosem.token_gateway import TokenGateway, TokenStatusCode
from openami.headend.kit.database import Row, Unit
from openami.headend.orders.kinds import Kind, OrderFailedError, Session, register
from openami.sts.rules import Result

GATEWAY: Final = "0.0.19.40.0.255"
DONE = TokenStatusCode.EXECUTION_OK


class Enter(BaseModel):
    """A vend whose tokens go into its meter."""

    model_config = ConfigDict(extra="forbid")

    vend: int = Field(ge=1)


class Said(BaseModel):
    """What a meter said of a token; `result` has the numbers of one maker."""

    place: int
    status: str
    result: int
    words: str

    @property
    def is_in(self) -> bool:
        """Whether the meter has it, from us or by its keypad."""
        return self.status == DONE.name or self.result == Result.USED

    @property
    def sentence(self) -> str:
        """Say it."""
        return f"token {self.place + 1}: {self.status.lower().replace('_', ' ')} ({self.words})"


class Entered(BaseModel):
    """What became of all of them."""

    tokens: list[Said]


async def enter(session: Session, payload: Enter) -> Entered:
    """Enter the tokens that the meter has not taken yet, in order; stop at one that it refuses."""
    rows = await session.store(_waiting(payload.vend))
    found: list[Said] = []
    last = await _token(session)
    for place, digits in rows:
        # Each is noted before the next goes in: of a session that broke only the first of these may be in already.
        known = await _said(session, place) if digits == last else None
        said = known if known is not None and known.is_in else await _enter(session, place, digits)
        await session.store(_noted(payload.vend, said, int(session.now())))
        found.append(said)
        if not said.is_in:
            raise OrderFailedError(said.sentence)
    return Entered(tokens=found)


async def _enter(session: Session, place: int, digits: str) -> Said:
    await session.meter.action(TokenGateway.enter, GATEWAY, digits.encode("ascii"))
    said = await _said(session, place)
    if said.status == TokenStatusCode.FORMAT_FAILURE.name:
        await session.meter.action(TokenGateway.enter, GATEWAY, bytes.fromhex(digits))
        said = await _said(session, place)
    return said


async def _token(session: Session) -> str:
    """The last token of the gateway, in digits."""
    octets = await session.meter.get(TokenGateway.token, GATEWAY)
    return octets.hex() if len(octets) == 10 else octets.decode("ascii", "replace")


async def _said(session: Session, place: int) -> Said:
    status = await session.meter.get(TokenGateway.token_status, GATEWAY)
    words = await session.meter.get(TokenGateway.token_description, GATEWAY)
    text = ", ".join(word.decode("utf-8", "replace") for word in words)
    octets = status.data_value.octets
    return Said(place=place, status=status.status_code.name, result=octets[0] if octets else 0, words=text)


def _waiting(vend: int) -> Callable[[Unit], list[Row]]:
    return lambda unit: unit.rows(
        "SELECT place, digits FROM vend_token WHERE vend = ? AND entered IS NULL ORDER BY place", (vend,)
    )


def _noted(vend: int, said: Said, at: int) -> Callable[[Unit], int]:
    return lambda unit: unit.run(
        "UPDATE vend_token SET result = ?, said = ?, entered = coalesce(entered, ?) WHERE vend = ? AND place = ?",
        (said.result, said.sentence, at if said.is_in else None, vend, said.place),
    )


ENTER = register(Kind("prepayment.enter", "Enter tokens", Enter, enter, is_repeatable=True))
