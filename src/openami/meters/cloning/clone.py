"""A meter as a product file: what it has shown, object by object, and in remarks what it has not."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from openami.aio.everything import BUFFER
from openami.core.errors import AccessError, AmiError, SecurityError, result_name
from openami.core.obis import OBIS
from openami.cosem.access import Key
from openami.cosem.association import CURRENT_ASSOCIATION, AssociationLNv1
from openami.dlms.xdlms import DataAccessResult
from openami.meters.builder import REFUSALS
from openami.meters.cloning import toml
from openami.meters.cloning.hiding import (
    FOREIGN,
    SECRETS,
    Veil,
    blank,
    counter_source,
    holds,
    identity_source,
    string_of,
)
from openami.meters.cloning.kinds import PROFILE, Kind, kind_of
from openami.meters.cloning.recognising import Likeness
from openami.meters.cloning.taking import ASSOCIATION, Client, Taken, key_of
from openami.meters.cloning.writing import Names, Written, by_codec, rows_written, typed, written
from openami.meters.definition import is_list, is_table
from openami.meters.device import ASSOCIATION as ASSOCIATION_NAME
from openami.meters.literals import HEX

PASSWORD: Final = "simulation"  # noqa: S105  # of the twin, written for all to read
STATED: Final = frozenset({2, 3, 8})
"""Attributes of the current association that the twin works out: object list, partners, status."""

OF_CLIENT: Final = {
    4: "association.application_context_name",
    5: "association.xdlms_context_info",
    6: "association.authentication_mechanism_name",
}
ENTRIES_IN_USE: Final = 7
FEW_TAGS: Final = 2
"""Tags of a type that the class has fixed: its own, and at most another that is read too."""

HEAD: Final = ("class", "version", "logical_name", "name", "raw")
"""Keys that a row begins with."""

DEVICE_NAME: Final[Key] = (1, OBIS.of("0.0.42.0.0.255"))


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a clone is to be."""

    title: str = "clone"
    origin: str = ""
    live: bool = False
    keep_identity: bool = False
    credentials: Sequence[bytes] = ()


@dataclass(slots=True)
class Clone:
    """A product file in the making; `text` is the whole of it."""

    taken: Taken
    wishes: Wishes
    kinds: Mapping[Key, Kind]
    likeness: Likeness | None
    names: Names
    veil: Veil
    tied: int = 0
    refused: int = 0
    rows: list[str] = field(default_factory=list[str])

    @classmethod
    def of(cls, taken: Taken, wishes: Wishes) -> "Clone":
        """Write every object."""
        kinds = {key_of(element): kind_of(element, taken) for element in taken.elements}
        likeness = Likeness.of(kinds, taken) if wishes.live else None
        known = {key: (name(kind, likeness), kind.interface) for key, kind in kinds.items()}
        veil = Veil.over(taken, wishes.credentials, keep_identity=wishes.keep_identity)
        clone = cls(taken, wishes, kinds, likeness, Names(known), veil)
        clone.rows = [clone.object_row(kind) for kind in kinds.values()]
        if (ASSOCIATION, CURRENT_ASSOCIATION) not in kinds:
            clone.rows.insert(0, clone.own_association())
        return clone

    @property
    def text(self) -> str:
        """The file; `SecurityError` if a secret by which we came in were in it after all."""
        beginning = "\n".join([*self.remarks(), 'extends = "base/twin"'])
        text = "\n\n".join([beginning, self.head(), *map(self.association_row, self.clients), *self.rows]) + "\n"
        told = [octets_of(one) for one in strings(tomllib.loads(text))]
        for secret in self.wishes.credentials:
            if any(holds(one, secret) for one in told):
                raise SecurityError("the meter shows a secret by which it was read: nothing is written")
        return text

    @property
    def clients(self) -> tuple[Client, ...]:
        """Clients that were let in."""
        return self.taken.clients

    def remarks(self) -> list[str]:
        """Say where this comes from, and what is not in it."""
        sentences = [
            self.wishes.origin or f"A twin of a meter, by `openami meter clone` as client {self.clients[0].sap}",
            f"Objects {len(self.kinds)}, values not told {self.refused}, values given by laws {self.tied}",
            *(f"Client {sap} was not let in: {error}" for sap, error in self.taken.not_let_in.items()),
        ]
        if self.taken.ended_by is not None:
            sentences.append(f"Not all was read: {self.taken.ended_by}")
        return list(map(toml.comment, sentences))

    def head(self) -> str:
        """Write who made it and what it is, and the settings of the laws that give its values."""
        values: dict[str, Written] = {"model": self.wishes.title, "title": self.wishes.title, "phases": self.phases}
        flag = string_of(self.taken.values.get(DEVICE_NAME, {}).get(2, b"\x00"))[:3].decode("latin-1")
        if self.wishes.keep_identity and flag.isascii() and flag.isalpha():
            values["vendor"] = flag
        if self.likeness is None:
            return toml.table("product", values)
        head = toml.table("product", values | {"face": self.likeness.product.head.face})
        sections = sorted(self.likeness.sections.items(), key=lambda pair: isinstance(pair[1], dict))
        written = [toml.section(name, section) for name, section in sections]
        alone = sum(not isinstance(section, dict) for _, section in sections)
        return "\n\n".join([*written[:alone], head, *written[alone:]])

    @property
    def phases(self) -> int:
        """Three where there is a voltage or a current of another phase than the first, or where nothing tells."""
        if self.likeness is not None:
            return self.likeness.product.head.phases
        measured = {name.c for _, name in self.kinds if name.a == 1 and name.d == 7 and name.c in {31, 32, 51, 52}}
        return 3 if measured & {51, 52} or not measured else 1

    def own_association(self) -> str:
        """Write the association of a meter whose object list names none: the twin is spoken to by logical names."""
        read: dict[str, Written] = {"read": list(AssociationLNv1.attributes)}
        lines = [f"rights.{client.name} = {toml.inline(read)}" for client in self.clients]
        lines += [
            f"{AssociationLNv1.attributes[number].name} = {toml.inline({'source': source})}"
            for number, source in OF_CLIENT.items()
        ]
        head: dict[str, Written] = {
            "class": AssociationLNv1.__name__,
            "logical_name": str(CURRENT_ASSOCIATION),
            "name": ASSOCIATION_NAME,
        }
        return "\n".join([toml.row("object", head, ["The meter's own list names no such object"]), *lines])

    def association_row(self, client: Client) -> str:
        """Write a client that may associate; a password is that of the simulation."""
        values: dict[str, Written] = {"name": client.name, "client": client.sap, "mechanism": client.mechanism}
        values["policy"] = "authenticated-encrypted" if client.is_ciphered else "none"
        remarks = []
        if client.mechanism == "low":
            values["password"] = PASSWORD
            remarks = ["The password of the twin; the meter's is not written."]
        return toml.row("association", values, remarks)

    def object_row(self, kind: Kind) -> str:
        """Write an object with all its values."""
        remarks = [self.taken.titles[kind.key]] if kind.key in self.taken.titles else []
        known = self.names.of[kind.key][0]
        values = {**kind.head, "name": known}
        order: dict[str, Written] = {name: values[name] for name in HEAD if name in values}
        lines = toml.row("object", order).split("\n")
        lines += [assigned(name, rights) for name, rights in values.items() if name not in order]
        for number in sorted(kind.attributes - {1}):
            content = self.content(kind, number, remarks)
            if content is not None:
                lines.append(toml.assignment(toml.key(kind.interface.attributes[number].name), content))
        return "\n".join([*map(toml.comment, remarks), *lines])

    def content(self, kind: Kind, number: int, remarks: list[str]) -> "Written | None":
        """Write what an attribute holds; None where the twin works it out by itself."""
        title = kind.interface.attributes[number].name
        if kind.key == (ASSOCIATION, CURRENT_ASSOCIATION) and (number in STATED or number in OF_CLIENT):
            return None if number in STATED else {"source": OF_CLIENT[number]}
        if (kind.key[0], number) == (PROFILE, ENTRIES_IN_USE) and kind.key in self.taken.tables:
            return None
        error = self.taken.errors.get(kind.key, {}).get(number)
        if error is not None:
            self.refused += 1
            remarks.append(f"{title}: not told, {error}")
            return {"refused": result_name(result_of(error))}
        if number not in self.taken.values.get(kind.key, {}) and kind.key not in self.taken.tables:
            return None
        source = self.source(kind, number)
        if source:
            return self.from_source(kind, number, source)
        if (kind.key[0], number) == (PROFILE, BUFFER) and kind.key in self.taken.tables:
            rows: Written = dict(rows_written(self.taken.tables[kind.key], self.veil.tree))
            return {"setting": rows} if number in kind.writable else rows
        octets = self.told(kind, number, remarks)
        return {"refused": "read-write-denied"} if octets is None else self.value(kind, number, octets)

    def source(self, kind: Kind, number: int) -> str:
        """Name the law or the identity that gives a value in place of the meter."""
        octets = self.taken.values.get(kind.key, {}).get(number)
        if octets is not None:
            hidden = "" if self.wishes.keep_identity else identity_source(kind.key, number, octets[0])
            if source := hidden or counter_source(kind.key, number):
                return source
        source = "" if self.likeness is None else self.likeness.source(kind.key, number)
        self.tied += bool(source)
        return source

    def from_source(self, kind: Kind, number: int, source: str) -> Written:
        """Write that a law gives the value, in the type that the meter has for it."""
        octets = self.taken.values.get(kind.key, {}).get(number)
        own = None if octets is None else typed(octets)["type"]
        is_open = len(kind.codec(number).tags) > FEW_TAGS
        if own is None or not is_open or not isinstance(own, str):
            return {"source": source}
        return {"type": own, "source": source}

    def told(self, kind: Kind, number: int, remarks: list[str]) -> bytes | None:
        """Give a value as it may be told; None if it may not be."""
        octets = self.taken.values[kind.key][number]
        title, place = kind.interface.attributes[number].name, (kind.key[0], number)
        is_secret = place in SECRETS
        if is_secret or (place in FOREIGN and not self.wishes.keep_identity):
            if blank(octets) != octets:
                remarks.append(f"{title}: {'a secret' if is_secret else 'the name of a device'}, not written")
            return blank(octets)
        before = self.veil.hidden
        changed = self.veil.octets(octets)
        if changed is None or self.veil.hidden > before:
            remarks.append(f"{title}: held a secret by which the meter was read, not written")
        return changed

    def value(self, kind: Kind, number: int, octets: bytes) -> Written:
        """Write a value: one that somebody may write as a setting."""
        codec = kind.codec(number)
        if number not in kind.writable:
            return written(octets, codec, self.names)
        literal = by_codec(octets, codec, self.names)
        if literal is not None:
            return {"setting": literal}
        own = typed(octets)
        return {"type": own["type"], "setting": own["value"]}


def name(kind: Kind, likeness: Likeness | None) -> str:
    """Give an object the name by which the laws know it, or its own."""
    return (likeness.name(kind.key) if likeness is not None else "") or kind.name


def strings(value: object) -> Iterator[str]:
    """Every text in the tables of a file."""
    if isinstance(value, str):
        yield value
    elif is_table(value):
        for part in value.values():
            yield from strings(part)
    elif is_list(value):
        for part in value:
            yield from strings(part)


def octets_of(text: str) -> bytes:
    """Octets that a text of a file stands for."""
    return bytes.fromhex(text[len(HEX) :]) if text.startswith(HEX) else text.encode()


def assigned(dotted: str, value: Written) -> str:
    """Write a key of several parts."""
    return toml.assignment(".".join(map(toml.key, dotted.split("."))), value)


def result_of(error: AmiError) -> DataAccessResult:
    """Give what the twin answers where the meter did not tell a value."""
    if isinstance(error, AccessError) and result_name(error.result) in REFUSALS:
        return DataAccessResult(error.result)
    return DataAccessResult.TEMPORARY_FAILURE
