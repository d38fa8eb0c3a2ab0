"""Alarms raised: what a meter tells is one alarm until it was cleared in the meter, however often it is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openami.headend.events import cases
from openami.headend.events.alarm_bits import Bit, Family
from openami.headend.kit.database import Unit
from openami.headend.registry.schemas import Meter

TAMPER, GASP, UP = "tamper", "gasp", "up"
PUSH, SESSION, LOG = "push", "session", "log"
WAITING, ORDERED, CLEARED, NONE = "waiting", "ordered", "cleared", "none"

LATEST = """
    SELECT a.id, a.name, a.clearing, a.acknowledged IS NULL, a.is_proved FROM alarm a
    JOIN (SELECT max(id) AS id FROM alarm WHERE meter = ? GROUP BY name) newest ON newest.id = a.id
"""
PUT = """
    INSERT INTO alarm (meter, name, meaning, severity, tag, began, last, source, is_proved, suppressed, clearing,
        clear_after)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
AGAIN = """
    UPDATE alarm SET last = greatest(last, ?), times = times + 1, clearing = ?, clear_after = ?, cleared = NULL,
        is_proved = ? WHERE id = ?
"""
SUPPRESSED = """
    SELECT id, name, tag FROM alarm_rule
    WHERE kind = 'suppress' AND ended IS NULL AND (until IS NULL OR until > ?) AND (meter IS NULL OR meter = ?)
        AND substr(CAST(? AS TEXT), 1, length(area)) = area
    ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What a meter told of its alarms."""

    meter: Meter
    at: int
    bits: tuple[Bit, ...]
    source: str
    is_proved: bool
    is_clearable: bool = True
    """Whether the meter has to be told that we know."""


def registers(family: Family, values: Iterable[tuple[str, int]]) -> tuple[Bit, ...]:
    """Alarms in the values of registers, descriptors or monitors; other objects tell of none."""
    found: list[Bit] = []
    for logical_name, value in values:
        register = family.register_of(logical_name)
        if register is not None:
            found += family.split(register, value)
    return tuple(found)


def raise_all(unit: Unit, told: Sequence[Told]) -> list[tuple[Told, Bit]]:
    """Keep what was told. A bit that still waits to be cleared is no news. -> news."""
    return [news for one in told for news in _raise(unit, one)]


def _raise(unit: Unit, told: Told) -> list[tuple[Told, Bit]]:
    latest = {row[1]: row for row in unit.rows(LATEST, (told.meter.id,))}
    rules = unit.rows(SUPPRESSED, (told.at, told.meter.id, told.meter.area))
    clearing = WAITING if told.is_clearable else NONE
    news: list[tuple[Told, Bit]] = []
    for bit in told.bits:
        number, _, was, is_open, is_proved = latest.get(bit.name, (None, "", NONE, False, False))
        if was in {WAITING, ORDERED}:
            unit.run(
                "UPDATE alarm SET last = greatest(last, ?), is_proved = ? WHERE id = ?",
                (told.at, bool(is_proved or told.is_proved), number),
            )
            continue
        if is_open:
            unit.run(AGAIN, (told.at, clearing, told.at, bool(is_proved or told.is_proved), number))
        else:
            suppressed = next((rule[0] for rule in rules if _fits(rule[1:], bit)), None)
            unit.run(PUT, (
                told.meter.id, bit.name, bit.meaning, int(bit.severity), bit.tag, told.at, told.at, told.source,
                told.is_proved, suppressed, clearing, told.at,
            ))  # fmt: skip
        news.append((told, bit))
        if bit.tag == TAMPER:
            cases.add(unit, told.meter.id, told.at, bit.meaning)
    return news


def _fits(rule: Sequence[object], bit: Bit) -> bool:
    name, tag = rule
    return name in {"", bit.name} and tag in {"", bit.tag}
