"""Two meters side by side: objects, versions, rights, types, values, columns of profiles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from openami.aio.text import Json
from openami.aio.values import phrase
from openami.core.obis import OBIS
from openami.cosem.access import Key
from openami.meters.cloning.hiding import FOREIGN, SECRETS, identity_source

STRING: Final = 9
COLUMNS: Final = (7, 3)
A_SECRET: Final = "(a secret)"  # noqa: S105  # what is said in its place
WHOLE_CLASSES: Final = frozenset({47, 53, 77, 81, 84, 90, 151, 152})
"""Diagnostics and counters of the media: nothing in them stays as it is."""

MOVING: Final[Mapping[int, frozenset[int]]] = {
    3: frozenset({2}),
    4: frozenset({2, 4, 5}),
    5: frozenset({2, 3, 5, 6, 7}),
    6: frozenset({4}),
    7: frozenset({2, 7}),
    8: frozenset({2, 4}),
    15: frozenset({2, 3, 5, 8}),
    18: frozenset({3, 4, 6, 7}),
    28: frozenset({4, 5}),
    63: frozenset({2}),
    70: frozenset({2, 3}),
    71: frozenset({3}),
}
"""Attributes that change by themselves, by class: clock, registers, rows, states."""

MOVING_DATA: Final = frozenset(
    {(0, 43, 1), (0, 1, 1), (0, 97, 97), (1, 0, 9), *((0, 96, d) for d in (2, 5, 6, 7, 8, 10, 11, 14, 15))}
)
"""Data and registers that change by themselves, by groups A, C and D: counters, times, states, codes of events."""

LONG_FAILURE: Final = (7, 20)
"""Groups D and E of the time from which a power failure is a long one: a limit among counters."""

THRESHOLDS: Final = frozenset({31, 35, 39, 43, 44, 45})
"""Group D of registers that are limits and hold what was written (Blue Book, part 1)."""


@dataclass(frozen=True, slots=True)
class Held:
    """A value: in words, and as far as they are known its type and its octets."""

    said: Json
    kind: str | None = None
    octets: bytes | None = None


@dataclass(slots=True)
class Shown:
    """One object: version, rights by client and member, values by attribute."""

    version: int | None
    rights: dict[int | None, dict[str, str]] = field(default_factory=dict[int | None, dict[str, str]])
    values: dict[int, Held] = field(default_factory=dict[int, Held])


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. Where only `knows_readable`, the rights say no more than what may be read.

    The client of a saved list is not known: it is None.
    """

    title: str
    objects: Mapping[Key, Shown]
    knows_readable: bool = False

    @property
    def clients(self) -> list[int | None]:
        """Clients whose rights are known."""
        return list(dict.fromkeys(client for shown in self.objects.values() for client in shown.rights))


class Difference(NamedTuple):
    """One thing that is not the same: what kind of thing, of which object and member, there and there."""

    kind: str
    class_id: int
    logical_name: OBIS
    what: str
    a: Json
    b: Json

    def to_json(self) -> Json:
        """Give it with names."""
        return self._asdict() | {"logical_name": str(self.logical_name)}


class Leave(NamedTuple):
    """What is not compared: values that change by themselves, and names and secrets of the single meter."""

    volatile: bool = True
    identity: bool = True

    def out(self, key: Key, number: int) -> bool:
        """Whether a value is left out."""
        return (self.volatile and is_volatile(key, number)) or (self.identity and is_identity(key, number))


def differences(a: Side, b: Side, leave: Leave) -> Iterator[Difference]:
    """Compare two sides, object by object in the order of the first."""
    pairs = paired(a, b)
    for key in dict.fromkeys([*a.objects, *b.objects]):
        here, there = a.objects.get(key), b.objects.get(key)
        if here is None or there is None:
            yield Difference("object", *key, "", *("–" if one is None else "there" for one in (here, there)))
            continue
        if here.version != there.version and None not in {here.version, there.version}:
            yield Difference("version", *key, "", here.version, there.version)
        for client, other in pairs:
            yield from of_rights(key, client, here.rights.get(client), there.rights.get(other), partial(a, b))
        yield from of_values(key, here, there, leave)


def partial(a: Side, b: Side) -> bool:
    """Whether one of them says no more of the rights than what may be read."""
    return a.knows_readable or b.knows_readable


def paired(a: Side, b: Side) -> list[tuple[int | None, int | None]]:
    """Pair the clients: each with itself; a list of an unknown client with the first of the other side."""
    here, there = a.clients, b.clients
    if here == there == [None]:
        return [(None, None)]
    if None in here or None in there:
        return [(here[0], there[0])] if here and there else []
    return [(client, client) for client in here if client in there]


def of_rights(
    key: Key, client: int | None, here: Mapping[str, str] | None, there: Mapping[str, str] | None, readable_only: bool
) -> Iterator[Difference]:
    """Compare what a client may do."""
    whose = "" if client is None else f"client {client} "
    if here is None or there is None:
        if here is not there:
            seen = ["not shown" if rights is None else "shown" for rights in (here, there)]
            yield Difference("rights", *key, whose.strip(), *seen)
        return
    for member in dict.fromkeys([*here, *there]):
        pair = here.get(member, "not listed"), there.get(member, "not listed")
        if readable_only:
            if not member.startswith("attribute"):
                continue
            pair = readable_part(pair[0]), readable_part(pair[1])
        if pair[0] != pair[1]:
            yield Difference("rights", *key, whose + member, *pair)


def readable_part(access: str) -> str:
    """Say of a right only whether it is one to read."""
    return "r" if access.startswith("r") else "–"


def of_values(key: Key, here: Shown, there: Shown, leave: Leave) -> Iterator[Difference]:
    """Compare types and values that both have told."""
    for number in sorted(here.values.keys() & there.values.keys()):
        a, b = here.values[number], there.values[number]
        what = f"attribute {number}"
        if a.kind != b.kind and (simple(a.kind) and simple(b.kind)):
            yield Difference("type", *key, what, a.kind, b.kind)
        elif leave.out(key, number):
            continue
        elif a.said == b.said and a.kind != b.kind and None not in {a.kind, b.kind}:
            yield Difference("type", *key, what, a.kind, b.kind)
        elif not is_equal(a, b):
            kind = "columns" if (key[0], number) == COLUMNS else "value"
            said = (A_SECRET, A_SECRET) if (key[0], number) in SECRETS else (a.said, b.said)
            yield Difference(kind, *key, what, *said)


def simple(kind: str | None) -> bool:
    """Whether a type is one that does not depend on how much there is of it."""
    return kind is not None and not kind.startswith(("[", "{"))


def is_equal(a: Held, b: Held) -> bool:
    """Whether two values are the same, by their octets where both are known."""
    if a.octets is not None and b.octets is not None:
        return a.octets == b.octets
    if isinstance(a.said, str) != isinstance(b.said, str):  # one comes from a table of words
        return phrase(a.said) == phrase(b.said)
    return a.said == b.said


def is_volatile(key: Key, number: int) -> bool:
    """Whether a value changes by itself: the clock, counters, registers, rows, states."""
    class_id, name = key
    if class_id in WHOLE_CLASSES and number != 1:
        return True
    if class_id in {1, 3} and (name.a, name.c, name.d) in MOVING_DATA:
        return number == 2 and (name.d, name.e) != LONG_FAILURE
    if class_id == 1:
        return number == 2 and ((name.a == 0 and (name.c, name.d) == (97, 98) and name.e < 10) or is_measured(name))
    if class_id in {3, 4} and not is_measured(name) and name.a == 1:
        return False
    return number in MOVING.get(class_id, ())


def is_measured(name: OBIS) -> bool:
    """Whether a logical name is one of a quantity that is measured."""
    return name.a in range(1, 16) and name.c != 0 and name.d not in THRESHOLDS and name.c not in {96, 97, 98, 99}


def is_identity(key: Key, number: int) -> bool:
    """Whether a value names this one meter, or is a secret of its own."""
    return bool(identity_source(key, number, STRING)) or (key[0], number) in FOREIGN | SECRETS
