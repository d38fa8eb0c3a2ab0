"""The work table: who reads what next.

A meter is claimed with all its due items at once, so that one session serves them all, and by one worker at a
time. A lease that runs out, because its worker was killed, makes the work claimable again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openami.headend.kit.database import NOW, Unit
from openami.headend.registry.models import model, slugs
from openami.headend.registry.schemas import READABLE

TOP_PRIORITY = 9
"""For people who wait: before everything else, and outside of windows too."""

IS_OPEN = f"""
    due <= :now AND not_before <= {NOW} AND attempts < :attempts
    AND (priority >= {TOP_PRIORITY} OR (:second >= window_from AND :second < window_to))
"""
CLAIM = f"""
    UPDATE work SET worker = :worker, lease_until = {NOW} + :lease_s, attempts = attempts + 1
    WHERE meter IN (
        SELECT meter FROM (
            SELECT meter, priority, due FROM work INDEXED BY work_order
            WHERE {IS_OPEN} AND meter NOT IN (
                SELECT meter FROM work INDEXED BY work_leased WHERE lease_until > 0 AND lease_until > {NOW})
            ORDER BY priority DESC, due LIMIT :meters * 8
        ) GROUP BY meter ORDER BY max(priority) DESC, min(due) LIMIT :meters
    ) AND {IS_OPEN}
    RETURNING id, meter, item, attempts
"""  # noqa: S608 - made of our own text
PLAN = """
    INSERT INTO work (meter, item, priority, due, window_from, window_to)
    SELECT m.id, :item, :priority, 0, :window_from, :window_to FROM meter m
    WHERE m.product = :product AND m.state IN (:installed, :in_use)
        AND NOT EXISTS (SELECT 1 FROM work w WHERE w.meter = m.id AND w.item = :item)
"""
READABLE_METERS = "SELECT count(*), max(id) FROM meter WHERE state IN (?, ?)"
DONE = """
    UPDATE work SET
        due = ?, priority = ?, attempts = 0, not_before = 0, lease_until = 0, worker = NULL, reason = NULL
    WHERE id = ? AND worker = ?
"""
FAILED = f"""
    UPDATE work SET not_before = {NOW} + ?, attempts = attempts + ?, lease_until = 0, worker = NULL, reason = ?
    WHERE id = ? AND worker = ?
"""  # noqa: S608
CANDIDATES = f"""
    SELECT w.meter FROM work w JOIN meter m ON m.id = w.meter
    WHERE {IS_OPEN} AND NOT EXISTS (
        SELECT 1 FROM work l WHERE l.meter = w.meter AND l.lease_until > 0 AND l.lease_until > {NOW})
    ORDER BY w.priority DESC, w.due LIMIT :meters * 8 FOR NO KEY UPDATE OF m SKIP LOCKED
"""  # noqa: S608
TAKE = f"""
    UPDATE work SET worker = :worker, lease_until = {NOW} + :lease_s, attempts = attempts + 1
    WHERE meter = ANY(:chosen) AND {IS_OPEN} AND NOT EXISTS (
        SELECT 1 FROM work l WHERE l.meter = work.meter AND l.lease_until > 0 AND l.lease_until > {NOW})
    RETURNING id, meter, item, attempts
"""  # noqa: S608
RENEW = f"UPDATE work SET lease_until = {NOW} + ? WHERE lease_until > 0 AND worker = ?"  # noqa: S608
WAIT = f"""
    SELECT min(not_before) - {NOW} FROM work WHERE due <= ? AND attempts < ? AND lease_until <= {NOW}
"""  # noqa: S608
HOLDERS = "SELECT DISTINCT worker FROM work WHERE lease_until > 0 AND worker IS NOT NULL"
HURRY = "UPDATE work SET due = 0, not_before = 0, attempts = 0, priority = ? WHERE meter = ? AND item = ?"
ENDLESS = 2**31 - 1
MANY = 1_000
"""More attempts than a single pass ever makes."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One item of a meter that is ours to read until the lease runs out."""

    work: int
    meter: int
    item: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Done:
    """An item that came in, and when it is due again."""

    work: int
    due: int
    priority: int


@dataclass(frozen=True, slots=True)
class Open:
    """An item that did not come in, and why; not to be tried for `wait_s`."""

    work: int
    wait_s: float
    reason: str
    is_final: bool = False
    """A single pass need not try it again: the meter was not even asked."""


def plan(unit: Unit, items: Sequence[str] = ()) -> int:
    """Give every readable meter the items of its model that it lacks, or those of them that are named. -> items."""
    return sum(
        unit.run(
            PLAN,
            {
                "item": item.name, "priority": item.priority, "product": slug,
                "window_from": item.window[0], "window_to": item.window[1],
                "installed": READABLE[0], "in_use": READABLE[1],
            },
        )
        for slug in slugs()
        for item in model(slug).item
        if not model(slug).is_heard and (not items or item.name in items)
    )  # fmt: skip


def readable(unit: Unit) -> tuple[int, int | None]:
    """Tell whether there may be meters without work: changes when meters come or go."""
    number, newest = unit.rows(READABLE_METERS, READABLE)[0]
    return number, newest


def claim(
    unit: Unit, worker: str, now: float, *, second: int, meters: int, lease_s: float, attempts: int = ENDLESS
) -> list[Claim]:
    """Take the next meters with all their due items, the most urgent first.

    On PostgreSQL others may do so at the same time: each locks the meters it looks at and passes over those that
    are locked, and looks at their leases only then.
    """
    parameters = {
        "worker": worker, "now": int(now), "second": second, "meters": meters, "lease_s": lease_s,
        "attempts": attempts,
    }  # fmt: skip
    if not unit.is_postgresql:
        return [Claim(*row) for row in unit.rows(CLAIM, parameters)]
    found = [row[0] for row in unit.rows(CANDIDATES, parameters)]
    chosen = list(dict.fromkeys(found))[:meters]
    return [Claim(*row) for row in unit.rows(TAKE, {**parameters, "chosen": chosen})] if chosen else []


def settle(unit: Unit, worker: str, done: Iterable[Done], still_open: Iterable[Open]) -> None:
    """Write down how claimed items went, as far as they are still ours."""
    unit.run_many(DONE, [(item.due, item.priority, item.work, worker) for item in done])
    unit.run_many(
        FAILED,
        [(item.wait_s, MANY * item.is_final, item.reason, item.work, worker) for item in still_open],
    )


def renew(unit: Unit, worker: str, lease_s: float) -> None:
    """Sign of life: our leases run on."""
    unit.run(RENEW, (lease_s, worker))


def release(unit: Unit, worker: str) -> int:
    """Give back what a worker still holds; number of items."""
    return unit.run("UPDATE work SET lease_until = 0 WHERE lease_until > 0 AND worker = ?", (worker,))


def holders(unit: Unit) -> list[str]:
    """Workers that hold a lease, dead or alive."""
    return [row[0] for row in unit.rows(HOLDERS)]


def demand(unit: Unit, now: float) -> None:
    """Make everything due now, with all its tries before it: a single pass over all meters."""
    unit.run("UPDATE work SET due = least(due, ?), attempts = 0, not_before = 0", (int(now),))


def hurry(unit: Unit, meter: int, items: Sequence[str] = ()) -> int:
    """Read items of a meter, or all of them, before everything else; number of items."""
    chosen = list(items) or [row[0] for row in unit.rows("SELECT item FROM work WHERE meter = ?", (meter,))]
    return unit.run_many(HURRY, [(TOP_PRIORITY, meter, item) for item in chosen])


def wait_s(unit: Unit, now: float, attempts: int) -> float | None:
    """Seconds until an item that is due may be tried again; None when there is none left to try."""
    found = unit.value(WAIT, (int(now), attempts))
    return None if found is None else max(0.0, float(found))


def explain(unit: Unit, works: Iterable[int], reason: str) -> None:
    """Say at open items why they are not done yet."""
    unit.run_many("UPDATE work SET reason = ? WHERE id = ?", [(reason, work) for work in works])


def meters(unit: Unit) -> int:
    """Meters that have work."""
    return int(unit.value("SELECT count(DISTINCT meter) FROM work"))


def failing(unit: Unit, now: float) -> int:
    """Meters with an item that is due and failed the last time."""
    query = "SELECT count(DISTINCT meter) FROM work WHERE due <= ? AND reason IS NOT NULL"
    return int(unit.value(query, (int(now),)))
