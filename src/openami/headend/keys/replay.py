"""The escrow read back into a database, and brought up to what the database has."""

from collections.abc import Iterable
from dataclasses import dataclass

from openami.core.errors import SecurityError
from openami.headend.keys import rotation
from openami.headend.keys.escrow import Escrow, Line
from openami.headend.keys.kinds import IN_FORCE, KeyState
from openami.headend.keys.service import Held, KeyStore, Name, Sealed
from openami.headend.kit.database import Database, Row, Unit

BATCH = 500
EVERY = """
    SELECT k.meter, k.kind, k.version, k.kek, k.nonce, k.sealed, coalesce(s.state, 'promoted'), coalesce(s.since, 0)
    FROM sealed_key k LEFT JOIN key_state s ON s.meter = k.meter AND s.kind = k.kind AND s.version = k.version
    WHERE k.meter > ? ORDER BY k.meter, k.kind, k.version LIMIT ?
"""


@dataclass(slots=True)
class Replayed:
    """What became of the lines of an escrow."""

    lines: int = 0
    added: int = 0
    """Keys that the database did not have."""
    put_in_force: int = 0
    unreadable: int = 0
    """Lines that do not open: sealed under a key-encryption key that is not here, or damaged."""


def restore(database: Database, store: KeyStore, escrow: Escrow, now: float) -> Replayed:
    """Give a restored database every key that was ever sent. May be done again, and with files of several machines.

    A key that nobody knows to be in force is tried when its meter is next read.
    """
    done = Replayed()
    chunk: list[Line] = []
    for line in escrow.lines():
        chunk.append(line)
        if len(chunk) == BATCH:
            _replay(database, store, chunk, done, now)
            chunk = []
    _replay(database, store, chunk, done, now)
    return done


def _replay(database: Database, store: KeyStore, lines: Iterable[Line], done: Replayed, now: float) -> None:
    with database.write() as unit:
        for line in lines:
            done.lines += 1
            name = Name(line.meter, line.kind, line.version)
            try:
                key = store.opened(name, Sealed(line.kek, line.nonce, line.sealed))
            except SecurityError:
                done.unreadable += 1
            else:
                _replay_one(unit, store, Held(name, line.state, key), done, now)


def _replay_one(unit: Unit, store: KeyStore, told: Held, done: Replayed, now: float) -> None:
    meter, kind, version = told.name
    known = store.every(unit, meter, kind)
    number = next((each for each, key in known.items() if key == told.key), None)
    if number is None:
        # The same version may name two keys: one of them was drawn after a restore that forgot the other.
        number = version if version not in known else max(known) + 1
        store.insert(unit, Name(meter, kind, number), told.key)
        store.stand(unit, [Name(meter, kind, number)], KeyState.NEW, now)
        rotation.look_again(unit, meter)
        done.added += 1
    if told.state in IN_FORCE and number > _in_force(unit, meter, kind):
        held = store.held(unit, [meter])[meter][kind]
        rotation.promote(unit, store, [each for each in held if each.name.version == number], now, is_told=False)
        done.put_in_force += 1


def _in_force(unit: Unit, meter: str, kind: str) -> int:
    """Version in force; 0 where there is none."""
    found = unit.value(
        "SELECT max(k.version) FROM sealed_key k LEFT JOIN key_state s"
        " ON s.meter = k.meter AND s.kind = k.kind AND s.version = k.version"
        " WHERE k.meter = ? AND k.kind = ? AND coalesce(s.state, 'promoted') IN ('proven', 'promoted')",
        (meter, kind),
    )
    return int(found or 0)


def _line(row: Row) -> Line:
    meter, kind, version, kek, nonce, sealed, state, since = row
    return Line(meter, kind, version, KeyState(state), since, kek, nonce, sealed)


@dataclass(slots=True)
class Completed:
    """What the escrow holds after it was brought up to the database."""

    keys: int = 0
    added: int = 0


def complete(database: Database, escrow: Escrow) -> Completed:
    """Add every key of the database that the escrow does not have: those of before there was one."""
    lines = () if escrow.is_empty else escrow.lines()
    known = {(line.meter, line.kind, line.version) for line in lines}
    done = Completed(keys=len(known))
    after = ""
    while True:
        with database.read() as unit:
            rows = unit.rows(EVERY, (after, BATCH))
        if not rows:
            return done
        last = rows[-1][0]
        if len(rows) == BATCH and rows[0][0] != last:  # the last meter may go on behind the batch
            rows = [row for row in rows if row[0] != last]
        after = rows[-1][0]
        missing = [_line(row) for row in rows if tuple(row[:3]) not in known]
        if missing:
            escrow.append(missing)
        done.added += len(missing)
        done.keys += len(missing)
