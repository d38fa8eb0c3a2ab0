"""Orders that change keys: transfer in one session, proof in the next (Blue Book, class 64, method 2)."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from openami.core.errors import SecurityError, ServiceError
from openami.cosem.clock import Clock
from openami.cosem.security_setup import KeyTransfer, SecuritySetup
from openami.dlms.security import wrap
from openami.headend.keys import rotation
from openami.headend.keys.escrow import EscrowError
from openami.headend.keys.kinds import (
    AUTHENTICATION,
    BROADCAST,
    ENCRYPTION,
    IN_FORCE,
    KEY_IDS,
    MASTER,
    PENDING,
    KeyState,
)
from openami.headend.keys.rotation import Drawn
from openami.headend.keys.service import Held
from openami.headend.kit.database import Unit
from openami.headend.orders.kinds import Kind, OrderFailedError, Session, register
from openami.headend.orders.queue import Wish, enqueue
from openami.headend.orders.switch import switch
from openami.headend.registry.service import meters

CLOCK = "0.0.1.0.0.255"
SETUP = "0.0.43.0.0.255"
RotatedKind = Literal["encryption", "authentication", "master", "broadcast"]


class Rotate(BaseModel):
    """Which keys a meter is to get anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: tuple[RotatedKind, ...] = Field(min_length=1, max_length=4)
    group: str = Field(default="", max_length=60)
    """Meters of one group get one broadcast key."""
    logical_name: str = SETUP
    """Security setup of the meter."""


class Rotated(BaseModel):
    """Versions of the keys that a meter took, by kind."""

    versions: dict[str, int]


class Prove(BaseModel):
    """See which keys a meter has by now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    logical_name: str = SETUP


class Proven(BaseModel):
    """Kinds whose new key is in force."""

    promoted: tuple[str, ...]


async def rotate(session: Session, wanted: Rotate) -> Rotated:
    """Draw keys, put them in escrow, send them wrapped; all of them are taken, or none."""
    try:
        drawn = await session.store(lambda unit: _draw(unit, session, wanted))
    except (EscrowError, SecurityError) as error:
        raise OrderFailedError(str(error)) from None
    sent = list(drawn.new.values())
    master = await _sent(session, wanted.logical_name, sent, drawn.masters)
    if isinstance(master, ServiceError):
        await session.store(lambda unit: rotation.refused(unit, session.keys, sent, session.now()))
        raise OrderFailedError(f"the meter refuses new keys: {master}")
    await session.store(lambda unit: _took(unit, session, wanted, sent, master))
    return Rotated(versions={each.name.kind: each.name.version for each in sent})


def _draw(unit: Unit, session: Session, wanted: Rotate) -> Drawn:
    order = session.order
    group = wanted.group or f"order {order.id}"
    asked = rotation.Wanted(order.serial, wanted.kinds, order.id, group)
    return rotation.draw(unit, session.keys, asked, session.now())


def _took(unit: Unit, session: Session, wanted: Rotate, sent: Sequence[Held], master: Held) -> None:
    rotation.transferred(unit, session.keys, sent, master, session.now())
    prove_soon(unit, session, wanted.logical_name)


def prove_soon(unit: Unit, session: Session, logical_name: str) -> None:
    """Come again at once, under the new keys."""
    order = session.order
    wish = Wish(session.now(), proposal=order.proposal, who=order.who)
    enqueue(unit, meters(unit, [order.meter])[order.meter], PROVE, Prove(logical_name=logical_name), wish)


async def _sent(
    session: Session, logical_name: str, keys: Sequence[Held], masters: Sequence[Held]
) -> Held | ServiceError:
    """Send keys, wrapped under the master key that the meter knows. -> that key, or what the meter said last."""
    said = ServiceError("there is no master key")
    for master in masters:
        transfers = [KeyTransfer(KEY_IDS[each.name.kind], wrap(master.key, each.key)) for each in keys]
        try:
            await session.meter.action(SecuritySetup.global_key_transfer, logical_name, transfers)
        except ServiceError as error:
            said = error
        else:
            return master
    return said


async def was_rotated(session: Session, wanted: Rotate) -> Rotated | None:
    """Find out after an unknown outcome: this association was opened by trying the new keys as well as the old."""
    serial, number = session.order.serial, session.order.id
    found = await session.store(lambda unit: rotation.drawn(unit, session.keys, serial, number))
    if found.keys() != set(wanted.kinds):
        return None
    telling = [kind for kind in (ENCRYPTION, AUTHENTICATION) if kind in found]
    if telling:
        is_taken = all(found[kind].state in IN_FORCE for kind in telling)
    else:
        is_taken = MASTER in found and await _knows(session, wanted.logical_name, found[MASTER])
    if not is_taken:
        return None
    await session.store(lambda unit: prove_soon(unit, session, wanted.logical_name))
    return Rotated(versions={kind: each.name.version for kind, each in found.items()})


def _held(unit: Unit, session: Session) -> dict[str, list[Held]]:
    serial = session.order.serial
    return session.keys.held(unit, [serial]).get(serial, {})


async def _knows(session: Session, logical_name: str, master: Held) -> bool:
    """Whether the meter has that master key: under it, it takes the authentication key that it has anyway."""
    held = await session.store(lambda unit: _held(unit, session))
    same = [each for each in held[AUTHENTICATION] if each.state in IN_FORCE][:1]
    return not isinstance(await _sent(session, logical_name, same, [master]), ServiceError)


async def prove(session: Session, wanted: Prove) -> Proven:
    """Read something under the keys that opened this association, and put in force what the meter has."""
    await session.meter.get_raw(Clock.time.at(CLOCK))
    held = await session.store(lambda unit: _held(unit, session))
    both = [each for kind in (ENCRYPTION, AUTHENTICATION) for each in held[kind]]
    good = [each for each in both if each.state is KeyState.PROVEN]
    bad = [each for each in both if each.state is KeyState.TRANSFERRED]
    await session.store(partial(_settle, session=session, good=good, bad=bad))
    if await session.store(lambda unit: switch(unit).refusal) is None:
        good += await _master(session, wanted.logical_name, held.get(MASTER, []))
        good += await _broadcast(session, wanted.logical_name)
    if bad:
        names = " and ".join(sorted({each.name.kind for each in bad}))
        raise OrderFailedError(f"the meter said that it took a new {names} key, but is still opened by the one before")
    return Proven(promoted=tuple(each.name.kind for each in good))


def _settle(unit: Unit, *, session: Session, good: Sequence[Held], bad: Sequence[Held] = ()) -> None:
    rotation.promote(unit, session.keys, good, session.now())
    rotation.refused(unit, session.keys, bad, session.now())


async def _master(session: Session, logical_name: str, tries: Sequence[Held]) -> list[Held]:
    """Find the master key that the meter knows, if that is in doubt. -> the one that was put in force.

    Raises:
        OrderFailedError: the meter knows none of ours.
    """
    waiting = [each for each in tries if each.state in PENDING]
    if not waiting:
        return []
    for each in tries:
        if await _knows(session, logical_name, each):
            good = [each] if each.state not in IN_FORCE else []
            bad = [] if good else waiting
            await session.store(partial(_settle, session=session, good=good, bad=bad))
            return good
    raise OrderFailedError("the meter takes keys under none of the master keys that we have for it")


async def _broadcast(session: Session, logical_name: str) -> list[Held]:
    """Send a broadcast key again of which nobody knows whether it came through; nothing else tells."""
    held = await session.store(lambda unit: _held(unit, session))
    waiting = [each for each in held.get(BROADCAST, ()) if each.state in PENDING][:1]
    if not waiting:
        return []
    if waiting[0].state is KeyState.NEW and isinstance(
        await _sent(session, logical_name, waiting, held.get(MASTER, [])), ServiceError
    ):
        return []
    await session.store(partial(_settle, session=session, good=waiting))
    return waiting


ROTATE = register(
    Kind("keys.rotate", "Change keys", Rotate, rotate, look_back=was_rotated, is_last=True, limit_s=120.0)
)
PROVE = register(Kind("keys.prove", "Prove new keys", Prove, prove, is_repeatable=True, is_reading=True))
"""While all commands are stopped it only looks which keys open the association."""
