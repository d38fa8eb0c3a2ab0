"""The audit: rows that are only added, each holding the hash of the one before; a chain per organisation.

A row is written in the transaction of what it speaks of: there is neither one without the other. Where a chain
ends stands in the database and, after each commit, in a file beside it (`anchors`), so that a tail that was cut
off is noticed as well.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from openami.headend.kit.access import Permission, acting, actor, command, within
from openami.headend.kit.database import Row, Unit

Value: TypeAlias = "str | int | float | bool | list[str] | None"
FIRST = "0" * 64
"""What the first row of a chain takes for the hash of the one before."""
BATCH = 2_000
COLUMNS = "tenant, number, at, who, means, action, subject, scope, detail, previous, hash"
MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the audit."""

    tenant: str
    number: int
    at: int
    who: str
    means: str
    action: str
    subject: str
    scope: str
    detail: str
    """JSON."""
    previous: str
    hash: str

    @property
    def computed(self) -> str:
        """The hash as it has to be."""
        return digest(
            self.tenant, self.number, self.at, self.who, self.means, self.action, self.subject, self.scope,
            self.detail, self.previous,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ended."""

    tenant: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with a chain."""

    tenant: str
    number: int
    message: str

    def __str__(self) -> str:
        return f"audit of /{self.tenant}, row {self.number}: {self.message}"


def digest(*fields: str | int) -> str:
    """Hash the fields of a row, each told apart from the next."""
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def tenant_of(scope: str) -> str:
    """Organisation of a scope; the installation itself is the empty one."""
    return scope.split("/")[1]


def note(
    unit: Unit, action: str, subject: str, *, scope: str = "/", who: str | None = None, at: float | None = None,
    **detail: Value,
) -> Entry:  # fmt: skip
    """Add a row, in the transaction of what it speaks of. `detail` must hold no secret."""
    tenant, now = tenant_of(scope), int(time.time() if at is None else at)
    unit.run(
        "INSERT INTO audit_head (tenant, number, hash) VALUES (?, 0, ?) ON CONFLICT (tenant) DO NOTHING",
        (tenant, FIRST),
    )
    # The update comes before the look: it holds the row, so that of two at a time one waits for the other.
    unit.run("UPDATE audit_head SET number = number + 1 WHERE tenant = ?", (tenant,))
    number, previous = unit.rows("SELECT number, hash FROM audit_head WHERE tenant = ?", (tenant,))[0]
    by = actor(unit)
    text = json.dumps(detail, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    fields = (tenant, number, now, by.name if who is None else who, by.means.value, action, subject, scope, text)
    entry = Entry(*fields, previous, digest(*fields, previous))
    unit.run(
        f"INSERT INTO audit ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
        (*fields, previous, entry.hash),
    )
    unit.run("UPDATE audit_head SET hash = ? WHERE tenant = ?", (entry.hash, tenant))
    if (bound := acting(unit)) is not None:
        bound.is_audited = True
    return entry


def heads(unit: Unit) -> tuple[Head, ...]:
    """Where each chain ends, as the database says."""
    return tuple(Head(*row) for row in unit.rows("SELECT tenant, number, hash FROM audit_head ORDER BY tenant"))


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the audit, newest first."""

    entries: tuple[Entry, ...]
    before: int | None


@command(Permission.AUDIT)
def read(unit: Unit, *, before: int | None = None, limit: int = 50, action: str = "", who: str = "") -> Page:
    """Rows of the audit that lie in the reader's scopes, newest first; `before` is where the page before ended."""
    where = within(unit, Permission.AUDIT, "scope")
    rows = unit.rows(
        f"SELECT id, {COLUMNS} FROM audit WHERE {where.sql} AND id < ?"  # noqa: S608 - values go as parameters
        " AND (? = '' OR action = ?) AND (? = '' OR who = ?) ORDER BY id DESC LIMIT ?",
        (*where.parameters, 2**62 if before is None else before, action, action, who, who, limit + 1),
    )
    more = rows[limit - 1][0] if len(rows) > limit else None
    return Page(tuple(Entry(*row[1:]) for row in rows[:limit]), more)


@command(Permission.AUDIT, is_undivided=True)
def verify(unit: Unit, anchored: Mapping[str, Mapping[int, str]] | None = None) -> tuple[Fault, ...]:
    """Walk every chain; tell what was changed, removed, swapped or cut off. `anchored`: tenant -> number -> hash."""
    anchors = anchored or {}
    ends = {head.tenant: head for head in heads(unit)}
    chained = {row[0] for row in unit.rows("SELECT DISTINCT tenant FROM audit")}
    faults: list[Fault] = []
    for tenant in sorted(chained | ends.keys() | anchors.keys()):
        faults += _verify(unit, tenant, ends.get(tenant), anchors.get(tenant, {}))
    return tuple(faults)


def _verify(unit: Unit, tenant: str, head: Head | None, anchors: Mapping[int, str]) -> Iterator[Fault]:
    number, previous = 0, FIRST
    for entry in _chain(unit, tenant):
        number += 1
        if entry.number != number:
            missing = f"{number}" if entry.number == number + 1 else f"{number} to {entry.number - 1}"
            yield Fault(tenant, number, f"row {missing} was removed")
            number = entry.number
        elif entry.previous != previous:
            yield Fault(tenant, number, "does not follow from the row before: one of them was swapped or replaced")
        if entry.computed != entry.hash:
            yield Fault(tenant, number, "was changed")
        if anchors.get(number, entry.hash) != entry.hash:
            yield Fault(tenant, number, "is not the row that was anchored")
        previous = entry.hash
    last = max([head.number if head else 0, *anchors], default=0)
    if number < last:
        yield Fault(tenant, number + 1, f"everything up to row {last} was cut off")
    elif head is None or (head.number, head.hash) != (number, previous):
        yield Fault(tenant, number, "is not where the chain says that it ends")


def _chain(unit: Unit, tenant: str) -> Iterator[Entry]:
    number = 0
    while rows := _batch(unit, tenant, number):
        yield from (Entry(*row) for row in rows)
        number = rows[-1][1]


def _batch(unit: Unit, tenant: str, after: int) -> list[Row]:
    return list(
        unit.rows(
            f"SELECT {COLUMNS} FROM audit WHERE tenant = ? AND number > ? ORDER BY number LIMIT ?",  # noqa: S608
            (tenant, after, BATCH),
        )
    )
