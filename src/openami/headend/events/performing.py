"""The order that clears alarms in a meter, each family its way (`alarm_bits.Family`).

What the register shows is read and stored first, so that what came up meanwhile is not lost with what is cleared.
Only the bits that are stored are cleared: as ones, or, where zeros clear, as the only zeros. Of a meter with
descriptors the register is left alone: written, it would tell what is still the case again after each clearing.
"""

import json

from pydantic import BaseModel, ConfigDict, Field

from openami.core.obis import OBIS
from openami.cosem.registers import Data
from openami.dlms.data import native
from openami.headend.events import raising
from openami.headend.events.alarm_bits import family
from openami.headend.kit.database import Unit
from openami.headend.orders.kinds import Kind, OrderFailedError, Session, register
from openami.headend.orders.schemas import Ended, State
from openami.headend.outage import signals
from openami.headend.registry.models import model
from openami.headend.registry.service import meters

WIDTHS = {0x06: 4, 0x15: 8, 0x12: 2, 0x11: 1}
"""Octets of unsigned numbers by their tag."""


class Bits(BaseModel):
    """Bits of one register to be cleared."""

    model_config = ConfigDict(extra="forbid")

    of: str
    """Logical name of the register."""
    at: str
    """Where they are written: the register itself, or its descriptor."""
    mask: int = Field(ge=1, lt=2**64)
    with_ones: bool


class Clear(BaseModel):
    """What is to be cleared."""

    model_config = ConfigDict(extra="forbid")

    bits: list[Bits]


class Shown(BaseModel):
    """What was read before and after, by where it was written."""

    before: dict[str, int]
    after: dict[str, int]


async def clear(session: Session, wanted: Clear) -> Shown:
    """Read, store, clear, read again."""
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for bits in wanted.bits:
        tag, value = await _read(session, bits.at)
        before[bits.at] = value
        told = [(bits.of, value)]
        await session.store(lambda unit, told=told: keep(unit, session.order.meter, told, session.now()))  # type: ignore[misc]
        every = (1 << 8 * WIDTHS[tag]) - 1
        written = bits.mask if bits.with_ones else every & ~bits.mask
        octets = bytes([tag]) + (written & every).to_bytes(WIDTHS[tag], "big")
        await session.meter.set_raw(Data.value.at(OBIS.parse(bits.at)), octets)
        after[bits.at] = (await _read(session, bits.at))[1]
    return Shown(before=before, after=after)


async def _read(session: Session, at: str) -> tuple[int, int]:
    octets = await session.meter.get_raw(Data.value.at(OBIS.parse(at)))
    value, _ = native(octets)
    if octets[0] not in WIDTHS or not isinstance(value, int):
        raise OrderFailedError(f"{at} holds no register of bits")
    return octets[0], value


def keep(unit: Unit, number: int, values: list[tuple[str, int]], now: float) -> None:
    """Store what the registers of a meter show in an association: that is proved."""
    meter = meters(unit, [number])[number]
    known = family(model(meter.product).event_codes)
    if known is None:
        return
    told = raising.Told(meter, int(now), raising.registers(known, values), raising.SESSION, is_proved=True)
    for _, bit in raising.raise_all(unit, [told]):
        if bit.tag == raising.UP:
            signals.up(unit, number, int(now))


def settle(unit: Unit, ended: Ended) -> None:
    """Note which alarms are cleared by now; what did not work out waits and is tried again."""
    order, wanted = ended.order, CLEAR.parse(ended.order.payload)
    shown = json.loads(ended.result or "{}").get("after", {})
    for bits in wanted.bits:
        left = shown.get(bits.at, 0) if ended.state is State.DONE else bits.mask
        for bit in range(bits.mask.bit_length()):
            if bits.mask >> bit & 1:
                _note(unit, order.meter, f"{bits.of}/{bit}", ended, is_left=bool(left >> bit & 1))


def _note(unit: Unit, meter: int, name: str, ended: Ended, *, is_left: bool) -> None:
    order, which = ended.order, "WHERE meter = ? AND name = ? AND clearing = 'ordered'"
    at = order.begun or order.at
    if is_left:
        why = ended.reason or "the meter still shows it: its cause is still there"
        unit.run(
            f"UPDATE alarm SET clearing = 'waiting', clear_after = ?, why = ? {which}",  # noqa: S608
            (at + RETRY_S, why, meter, name),
        )
    else:
        unit.run(
            f"UPDATE alarm SET clearing = 'cleared', cleared = ?, why = NULL {which}",  # noqa: S608
            (at, meter, name),
        )


RETRY_S = 900
CLEAR = register(Kind("events.clear", "Clear alarms that are stored", Clear, clear, is_repeatable=True, settle=settle))
