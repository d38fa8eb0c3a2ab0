"""Where the keys of a meter stand while they are changed: new, transferred, proven, promoted.

No state is ever lost knowledge: what may be in the meter is in `sealed_key` and in the escrow before it leaves us,
and associations try all of it (`KeyStore.candidates`), so that a link that breaks at any moment costs a few tries.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from openami.core.errors import SecurityError
from openami.dlms.security import Keys
from openami.headend.accounts import audit
from openami.headend.keys import counters
from openami.headend.keys.escrow import EscrowError
from openami.headend.keys.kinds import AUTHENTICATION, BROADCAST, ENCRYPTION, IN_FORCE, MASTER, PENDING, KeyState
from openami.headend.keys.service import Held, KeyStore, Name
from openami.headend.kit.database import Unit

log = structlog.get_logger(__name__)

LOWER = """
    SELECT k.version FROM sealed_key k
    LEFT JOIN key_state s ON s.meter = k.meter AND s.kind = k.kind AND s.version = k.version
    WHERE k.meter = ? AND k.kind = ? AND k.version < ? AND coalesce(s.state, 'promoted') <> 'retired'
"""


OWN = "UPDATE key_state SET order_id = ? WHERE meter = ? AND kind = ? AND version = ?"


@dataclass(frozen=True, slots=True)
class Drawn:
    """Keys that are to go to a meter, and those that may wrap them, the likeliest first."""

    new: Mapping[str, Held]
    masters: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which keys an order asks for."""

    meter: str
    kinds: tuple[str, ...]
    order: int
    group: str = ""
    """Meters of a group get the same broadcast key."""


def draw(unit: Unit, store: KeyStore, wanted: Wanted, now: float) -> Drawn:
    """Draw keys for an order; what was drawn before and may have been sent is taken again.

    Raises:
        SecurityError: there is no master key, or not the keys that are to be changed.
        EscrowError: the escrow cannot be written; nothing may be sent.
    """
    meter = wanted.meter
    held = store.held(unit, [meter]).get(meter, {})
    if not held.get(MASTER):
        raise SecurityError(f"meter {meter} has no master key here, so nothing can be wrapped for it")
    length = len(held[MASTER][0].key)
    new: dict[str, Held] = {}
    for kind in dict.fromkeys(wanted.kinds):
        waiting = [each for each in held.get(kind, ()) if each.state in PENDING]
        if waiting:
            new[kind] = max(waiting, key=lambda each: each.name.version)
        else:
            key = _shared(unit, store, wanted.group, length) if kind == BROADCAST else os.urandom(length)
            new[kind] = store.add(unit, meter, kind, key, now)
    unit.run_many(OWN, [(wanted.order, *each.name) for each in new.values()])
    look_again(unit, meter)
    return Drawn(new, tuple(held[MASTER]))


def drawn(unit: Unit, store: KeyStore, meter: str, order: int) -> dict[str, Held]:
    """Find the keys that were drawn for an order, by kind; those that are retired by now are left out."""
    held = store.held(unit, [meter]).get(meter, {})
    names = set(unit.rows("SELECT kind, version FROM key_state WHERE meter = ? AND order_id = ?", (meter, order)))
    return {kind: each for kind, keys in held.items() for each in keys if (kind, each.name.version) in names}


def _shared(unit: Unit, store: KeyStore, group: str, length: int) -> bytes:
    """Give the broadcast key of a group, drawn when its first meter comes; no meter is called so, as it has blanks."""
    name = f"broadcast group {group}"
    known = store.newest(unit, [name]).get(name, {})
    if BROADCAST not in known:
        store.put(unit, name, BROADCAST, os.urandom(length))
        known = store.newest(unit, [name])[name]
    return known[BROADCAST]


def transferred(unit: Unit, store: KeyStore, sent: Iterable[Held], master: Held, now: float) -> None:
    """Note that the meter took keys, and that it knew the key they were wrapped under."""
    store.stand(unit, [each.name for each in sent], KeyState.TRANSFERRED, now)
    if master.state not in IN_FORCE:
        promote(unit, store, [master], now)
    look_again(unit, master.name.meter)


def refused(unit: Unit, store: KeyStore, keys: Iterable[Held], now: float) -> None:
    """Note that the meter does not have these keys. They are kept, and tried last."""
    found = list(keys)
    store.stand(unit, [each.name for each in found], KeyState.REFUSED, now)
    for each in found:
        _note(unit, "key.refused", each.name)
        look_again(unit, each.name.meter)


def opened(unit: Unit, store: KeyStore, meter: str, keys: Keys, now: float) -> tuple[Held, ...]:
    """Note which keys let us in, where it was not known before: they are in force. -> those that are new."""
    held = store.held(unit, [meter]).get(meter, {})
    fits = [
        next((each for each in held.get(kind, ()) if each.key == key), None)
        for kind, key in ((ENCRYPTION, keys.encryption), (AUTHENTICATION, keys.authentication))
    ]
    proven = tuple(each for each in fits if each is not None and each.state not in IN_FORCE)
    if proven:
        store.stand(unit, [each.name for each in proven], KeyState.PROVEN, now)
        for each in proven:
            _note(unit, "key.proven", each.name)
        _tell_escrow(store, proven, now)
        look_again(unit, meter)
    return proven


def promote(unit: Unit, store: KeyStore, keys: Sequence[Held], now: float, *, is_told: bool = True) -> None:
    """Put keys in force that were proven; those before them are retired. `is_told`: in the escrow, too."""
    for each in keys:
        older = [
            Name(each.name.meter, each.name.kind, row[0])
            for row in unit.rows(LOWER, (each.name.meter, each.name.kind, each.name.version))
        ]
        store.stand(unit, older, KeyState.RETIRED, now)
        store.stand(unit, [each.name], KeyState.PROMOTED, now)
        _note(unit, "key.promoted", each.name)
        look_again(unit, each.name.meter)
    if is_told and keys:
        _tell_escrow(store, keys, now)


def look_again(unit: Unit, meter: str) -> None:
    """Let every collector open the keys of a meter anew: its range of counters is no longer the last reserved."""
    counters.reserve(unit, [meter])


def _tell_escrow(store: KeyStore, keys: Sequence[Held], now: float) -> None:
    """Spare a restore some tries; the keys themselves stand there already."""
    try:
        store.note(keys, KeyState.PROMOTED, now)
    except EscrowError as error:
        log.warning("escrow does not know which keys are in force", reason=str(error))


def _note(unit: Unit, action: str, name: Name) -> None:
    area = unit.value("SELECT area FROM meter WHERE serial = ?", (name.meter,))
    audit.note(unit, action, name.meter, scope=area or "/", key=name.kind, version=name.version)
