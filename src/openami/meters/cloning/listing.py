"""Lists of objects as spreadsheets have them: columns found by their heads, rows read or refused by sheet and row."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from openami.aio.objects import VERSION, known_class
from openami.core.errors import AmiError, DecodeError, DefinitionError
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, Key
from openami.cosem.catalogue import CATALOGUE
from openami.meters.cloning.sheets import LOOK_AT, Sheet, read_sheets

HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "logical_name": ("obis", "obiscode", "logicalname", "ln", "instanceid", "obisln", "logicalnameobis", "code"),
    "class_id": ("classid", "icid", "classno", "ic", "class", "interfaceclass", "cosemclass", "objecttype"),
    "version": ("version", "ver", "v", "classversion", "icversion", "versionseen"),
    "attributes": ("attributes", "attribute", "attr", "attributeid", "attributeno", "att"),
    "access": ("access", "accessrights", "rights", "accessright", "accessmode", "rw", "management"),
    "name": ("name", "objectname", "object", "description", "meaning", "designation", "title"),
    "type": ("type", "datatype", "format"),
    "default": ("default", "value", "defaultvalue", "factorysetting"),
}
"""What a column is called, letters and digits only, the surest spelling first."""

HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{2}(?:[ :-]?[0-9a-fA-F]{2}){5})")
CHANNEL: Final = re.compile(r"([0-9]+[.-])[xXbBnN]([.:])")
PIECE: Final = re.compile(r"(-?\d+)(?:\s*:\s*([^:=]*))?(?:\s*:\s*([^:=]*))?(?:\s*:\s*([^:=]*))?(?:\s*=\s*(.*))?")
ACCESS: Final[Mapping[str, AttributeAccess]] = {
    **dict.fromkeys(("", "-", "no", "none", "noaccess", "n"), AttributeAccess.NONE),
    **dict.fromkeys(("r", "ro", "read", "readonly", "get", "g", "1", "r-"), AttributeAccess.READ),
    **dict.fromkeys(("w", "wo", "write", "writeonly", "set", "s", "2", "-w"), AttributeAccess.WRITE),
    **dict.fromkeys(("rw", "wr", "readwrite", "readandwrite", "getset", "gs", "3"), AttributeAccess.READ_WRITE),
}
Columns: TypeAlias = Mapping[str, int]


class Stated(NamedTuple):
    """What a list says of an attribute."""

    type: str = ""
    access: AttributeAccess | None = None
    default: str = ""


@dataclass(slots=True)
class Listed:
    """An object of a list."""

    class_id: int
    version: int
    logical_name: OBIS
    name: str = ""
    attributes: dict[int, Stated] = field(default_factory=dict[int, Stated])
    access: AttributeAccess | None = None

    @property
    def key(self) -> Key:
        """Class id and logical name."""
        return self.class_id, self.logical_name


@dataclass(frozen=True, slots=True)
class Listing:
    """The objects of a file, and the rows that could not be read, each with the reason."""

    objects: tuple[Listed, ...]
    refused: tuple[str, ...]


def read_listing(path: Path, *, channels: int = 0) -> Listing:
    """Read all sheets of a file that have heads; `channels` is how many stand for an `x` in group B."""
    objects: dict[Key, Listed] = {}
    refused: list[str] = []
    found = False
    for sheet in read_sheets(path):
        place = head_of(sheet)
        if place is None:
            continue
        found = True
        number, columns = place
        for row, cells in sheet.rows.items():
            if row > number and any(cells):
                try:
                    for listed in rows_of(cells, columns, channels):
                        join(objects, listed)
                except AmiError as error:
                    refused.append(f"{path.name}: sheet {sheet.name!r}, row {row}: {error}")
    if not found:
        raise DefinitionError("no row names the columns: expected class and logical name (OBIS)", file=str(path))
    return Listing(tuple(objects.values()), tuple(refused))


def head_of(sheet: Sheet) -> tuple[int, Columns] | None:
    """Find the row that names the columns, and where they are; None for a sheet without."""
    for number, cells in list(sheet.rows.items())[:LOOK_AT]:
        heads = ["".join(letter for letter in cell.lower() if letter.isalnum()) for cell in cells]
        columns = {
            name: place
            for name, spellings in HEADS.items()
            if (place := next((heads.index(one) for one in spellings if one in heads), None)) is not None
        }
        if {"logical_name", "class_id"} <= columns.keys() and len(set(columns.values())) == len(columns):
            return number, columns
    return None


def rows_of(cells: Sequence[str], columns: Columns, channels: int) -> list[Listed]:
    """Read a row: one object, or one for each channel."""

    def cell(name: str) -> str:
        place = columns.get(name)
        return cells[place] if place is not None and place < len(cells) else ""

    class_id = class_of(cell("class_id"))
    listed = [
        Listed(class_id, version_of(class_id, cell("version")), name, cell("name"), access=access_of(cell("access")))
        for name in names_of(cell("logical_name"), channels)
    ]
    stated = attributes_of(cell("attributes"))
    for one in listed:
        one.attributes = dict(stated)
        if len(stated) == 1 and (cell("type") or cell("default") or "access" in columns):
            [(number, told)] = stated.items()
            one.attributes = {number: Stated(told.type or cell("type"), told.access or one.access, cell("default"))}
            one.access = None
    return listed


def join(objects: dict[Key, Listed], listed: Listed) -> None:
    """Take an object, or further attributes of one that is there."""
    held = objects.setdefault(listed.key, listed)
    if held is listed:
        return
    if held.version != listed.version:
        raise DefinitionError(f"{listed.logical_name} has version {listed.version} here and {held.version} above")
    held.attributes = {**listed.attributes, **held.attributes}


def names_of(text: str, channels: int) -> list[OBIS]:
    """Read a logical name in any usual spelling; `0.x.24.1.0.255` is one for each channel."""
    if CHANNEL.match(text) and channels:
        return [logical_name(CHANNEL.sub(rf"\g<1>{channel}\g<2>", text, count=1)) for channel in range(1, channels + 1)]
    if CHANNEL.match(text):
        raise DecodeError(f"OBIS code {text!r}: say how many channels there are")
    return [logical_name(text)]


def logical_name(text: str) -> OBIS:
    """Read `1.0.1.8.0.255`, `1-0:1.8.0.255`, `1-0:1.8.0*255`, `1-0:1.8.0` or hexadecimal."""
    if match := HEX.fullmatch(text):
        return OBIS(bytes.fromhex(re.sub(r"[ :-]", "", match[1])))
    return OBIS.parse(text.replace(" ", ""))


def class_of(text: str) -> int:
    """Read a class by its number or by its name, also `3 Register` and `Register (3)`."""
    if numbers := re.findall(r"\d+", text):
        if 0 < int(numbers[0]) <= 0xFFFF:
            return int(numbers[0])
        raise DecodeError(f"class {text!r}: expected 1 to 65535")
    wanted = letters(text)
    for known in CATALOGUE.values():
        if wanted and letters(VERSION.sub("", known.__name__)) == wanted:
            return known.class_id
    raise DecodeError(f"class {text!r}: expected the number of an interface class, or its name")


def letters(text: str) -> str:
    """Letters of a name."""
    return "".join(letter for letter in text.lower() if letter.isalpha())


def version_of(class_id: int, text: str) -> int:
    """Read a version; without one it is the newest that we know."""
    if text.isdigit() and int(text) <= 0xFF:
        return int(text)
    if text:
        raise DecodeError(f"version {text!r}: expected 0 to 255")
    known = known_class(class_id, None)
    return 0 if known is None else known.version


def access_of(text: str) -> AttributeAccess | None:
    """Read a right; None where the cell says nothing."""
    if not text:
        return None
    word = "".join(letter for letter in text.lower() if letter.isalnum() or letter == "-")
    if word not in ACCESS:
        raise DecodeError(f"access {text!r}: expected R, W or RW")
    return ACCESS[word]


def attributes_of(text: str) -> dict[int, Stated]:
    """Read `2:value:double-long-unsigned:RW=0 | 3`, or numbers alone; what does not begin with one is a remark."""
    if re.fullmatch(r"\s*-?\d+(\s*[,;/ ]\s*-?\d+)*\s*", text):
        return {attribute_id(number): Stated() for number in re.findall(r"-?\d+", text)}
    found: dict[int, Stated] = {}
    for piece in re.split(r"[|\n;]", text):
        if match := PIECE.fullmatch(piece.strip()):
            number, *told, default = match.groups()
            words = [(word or "").strip() for word in told]
            access = next((ACCESS[word.lower()] for word in reversed(words) if word.lower() in ACCESS and word), None)
            found[attribute_id(number)] = Stated(words[1], access, (default or "").strip())
    return found


def attribute_id(text: str) -> int:
    """Read the number of an attribute."""
    number = int(text)
    if not -128 <= number <= 127 or not number:
        raise DecodeError(f"attribute {number}: expected -128 to 127, and not 0")
    return number
