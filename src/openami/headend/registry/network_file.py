"""The network from a file: CSV with name, level, parent and, if given, area; parents come before their branches."""

import csv
from dataclasses import dataclass
from pathlib import Path

from openami.core.errors import AmiError, DecodeError, DefinitionError
from openami.headend.kit.database import Unit
from openami.headend.registry import network
from openami.headend.registry.network import NewNode, UnknownNodeError
from openami.headend.registry.schemas import Fault, Level

REQUIRED = ("name", "level", "parent")


@dataclass(frozen=True, slots=True)
class Made:
    """What became of a file of nodes."""

    added: int
    unchanged: int
    faults: tuple[Fault, ...]


def import_nodes(unit: Unit, file: Path) -> Made:
    """Hang every node of a file into the network; one that is there already, as the file says, stays.

    Raises:
        DefinitionError: the file cannot be read, or has not these columns.
    """
    added = unchanged = 0
    faults: list[Fault] = []
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        raise DefinitionError(f"cannot be read: {(reason or '').lower()}", file=str(file)) from None
    reader = csv.DictReader(text.splitlines(), restval="")
    for name in REQUIRED:
        if name not in (reader.fieldnames or ()):
            raise DefinitionError("the header line has no such column", file=str(file), key=name)
    for row in reader:
        fields = {key: value.strip() for key, value in row.items() if isinstance(value, str)}
        unit.run("SAVEPOINT node")
        try:
            is_new = _hang(unit, fields)
            added, unchanged = added + is_new, unchanged + (not is_new)
        except AmiError as error:
            unit.run("ROLLBACK TO SAVEPOINT node")
            faults.append(Fault(file.name, reader.line_num, "", str(error)))
        unit.run("RELEASE SAVEPOINT node")
    return Made(added, unchanged, tuple(faults))


def _hang(unit: Unit, fields: dict[str, str]) -> bool:
    if fields["level"] not in set(Level):
        raise DecodeError(f"level {fields['level']!r} is not one of {', '.join(Level)}")
    level, parent = Level(fields["level"]), fields["parent"] or None
    try:
        known = network.find(unit, fields["name"])
    except UnknownNodeError:
        network.make(unit, NewNode(fields["name"], level, parent, fields.get("area") or None))
        return True
    if (known.level, known.parent) == (level, parent):
        return False
    # First to the top, then of its level, then under its parent: a level may not fit where it was.
    if known.parent is not None:
        network.hang(unit, known.name, None)
    network.classify(unit, known.name, level)
    if parent is not None:
        network.hang(unit, known.name, parent)
    return True
