"""What is compared: a meter that was read, a product, or a list of objects that was saved."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np

from openami.aio.objects import decoded, known_class, readable
from openami.aio.text import Json
from openami.aio.values import to_json
from openami.core.errors import AmiError, DefinitionError, result_name
from openami.core.obis import OBIS
from openami.cosem.access import AttributeAccess, Key, MethodAccess
from openami.cosem.association import ObjectListElement
from openami.cosem.objects import decode_whole
from openami.dlms import data
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult
from openami.metering.load import NOMINAL_V, Minutes
from openami.meters.build import Product
from openami.meters.cloning import toml
from openami.meters.cloning.difference import Held, Shown, Side
from openami.meters.cloning.kinds import attribute_rights, flags, method_rights
from openami.meters.cloning.taking import Client, Taken, key_of
from openami.meters.cloning.writing import type_of
from openami.meters.fleet import Fleet

NEW_YEAR: Final = 1_767_225_600
"""A moment for products, which have no clock: 2026-01-01 00:00 UTC."""

Saved = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class NoLoad:
    """Nominal voltage, and nothing is drawn: what stands behind a meter that is only looked at."""

    phases: int
    voltage_mv: int = NOMINAL_V * 1000

    def power(self, start_utc: int, minutes: int) -> Minutes:  # noqa: ARG002
        """No power in any minute (`load.Load`)."""
        nothing = np.zeros((minutes, 1, self.phases), np.int64)
        volts = np.full(nothing.shape, self.voltage_mv, np.int32)
        return Minutes.of_phases(nothing, nothing, volts, np.zeros_like(volts))


def of_taken(title: str, taken: Taken) -> Side:
    """Take a meter that was read."""
    objects = objects_of(taken.clients)
    for key, held in taken.values.items():
        for number, octets in held.items():
            objects[key].values[number] = value_of(key, objects[key], number, octets)
    for key, table in taken.tables.items():
        objects[key].values[2] = Held(to_json(table))
    for key, errors in taken.errors.items():
        for number, error in errors.items():
            objects[key].values[number] = Held(f"refused: {said(error)}")
    return Side(title, objects)


def objects_of(clients: Iterable[Client]) -> dict[Key, Shown]:
    """Objects with the rights of each client."""
    objects: dict[Key, Shown] = {}
    for client in clients:
        for element in client.elements:
            shown = objects.setdefault(key_of(element), Shown(element.version))
            shown.rights[client.sap] = rights_of(element, client)
    return objects


def rights_of(element: ObjectListElement, client: Client) -> dict[str, str]:
    """Rights of a client in words, by member."""
    attributes = {f"attribute {n}": attribute_words(a) for n, a in sorted(attribute_rights(element, client).items())}
    methods = {f"method {n}": method_words(a) for n, a in sorted(method_rights(element, client).items())}
    return attributes | methods


def attribute_words(access: AttributeAccess) -> str:
    """Say a right: `rw`, and how it is to be protected."""
    letters = "".join(one for one, bit in (("r", AttributeAccess.READ), ("w", AttributeAccess.WRITE)) if access & bit)
    return " ".join([letters or "–", *flags(access & ~AttributeAccess.READ_WRITE)])


def method_words(access: MethodAccess) -> str:
    """Say a right to a method."""
    letter = "x" if access & MethodAccess.ACCESS else "–"
    return " ".join([letter, *flags(access & ~MethodAccess.ACCESS)])


def value_of(key: Key, shown: Shown, number: int, octets: bytes) -> Held:
    """Give a value with its type."""
    try:
        kind = toml.inline(type_of(decode_whole(data.ANY, octets))).strip('"')
        return Held(to_json(decoded(known_class(key[0], shown.version), number, octets)), kind, octets)
    except AmiError:
        return Held(octets.hex(" "), None, octets)


def said(error: AmiError) -> str:
    """Say a refusal without the place where it was."""
    result = getattr(error, "result", None)
    return result_name(result) if isinstance(result, int) else str(error)


def of_product(product: Product) -> Side:
    """Take a product: one meter of it, as it comes from the factory."""
    load = no_load(product)
    fleet = Fleet.create(product, 1, start_utc=NEW_YEAR, load=load, now=lambda: float(NEW_YEAR), random=bytes)
    device = fleet.device(0)
    rows = sorted(product.associations, key=lambda row: -sum(row.client in d.clients for d in product.objects))
    clients = [Client(row.client, row.mechanism, tuple(device.object_list(row.client))) for row in rows]
    objects = objects_of(clients)
    for client in clients:
        for element in client.elements:
            shown = objects[key_of(element)]
            for number in readable(element, 3):
                if number not in shown.values:
                    descriptor = AttributeDescriptor(element.class_id, element.logical_name, number)
                    shown.values[number] = outcome(shown, descriptor, device.got(client.sap, (descriptor, None)))
    return Side(product.slug, objects)


def no_load(product: Product) -> NoLoad:
    """Nominal voltage of the product, nothing drawn."""
    plate = product.accuracy
    return NoLoad(product.head.phases) if plate is None else NoLoad(product.head.phases, plate.nominal_voltage_mv[0])


def outcome(shown: Shown, descriptor: AttributeDescriptor, result: bytes | DataAccessResult) -> Held:
    """Give a value or a refusal."""
    if isinstance(result, bytes):
        return value_of((descriptor.class_id, descriptor.logical_name), shown, descriptor.attribute_id, result)
    return Held(f"refused: {result_name(result)}")


# Saved lists


def of_file(path: Path) -> Side:
    """Take what `openami read` printed: an object list or all values, as JSON or CSV."""
    rows = from_csv(path) if path.suffix.lower() == ".csv" else from_json(path)
    objects: dict[Key, Shown] = {}
    try:
        for row in rows:
            add(objects, row)
    except (KeyError, TypeError, ValueError, AmiError) as error:
        raise DefinitionError(f"not what `openami read` prints: {error!r}", file=str(path)) from error
    return Side(path.name, objects, knows_readable=True)


def from_json(path: Path) -> list[Saved]:
    """Read the rows of a JSON document, or the objects of one that `Everything.to_json` made."""
    try:
        document = cast("object", json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise DefinitionError(f"no JSON: {error}", file=str(path)) from error
    if isinstance(document, dict):
        document = cast("Mapping[str, object]", document).get("objects")
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in cast("list[object]", document)):
        raise DefinitionError("expected a list of objects or of values", file=str(path))
    return cast("list[Saved]", document)


def from_csv(path: Path) -> list[Saved]:
    """Read the rows of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [{name: text for name, text in row.items() if name} for row in csv.DictReader(file)]


def add(objects: dict[Key, Shown], row: Saved) -> None:
    """Take a row: an object with what may be read of it, or one value."""
    key = int(str(row["class"])), OBIS.parse(str(row["logical_name"]))
    shown = objects.setdefault(key, Shown(None))
    if "version" in row:
        shown.version = int(str(row["version"]))
    if "readable" in row:
        shown.rights[None] = dict.fromkeys((f"attribute {number}" for number in numbers(row["readable"])), "r")
    for one in cast("list[Saved]", row.get("attributes") or ([row] if "attribute" in row else [])):
        number = number_of(key, shown, one["attribute"])
        shown.rights.setdefault(None, {})[f"attribute {number}"] = "r"
        refused = str(one.get("refused", "")).rpartition("data-access-result ")[2]
        shown.values[number] = Held(f"refused: {refused}" if refused else one.get("value"))


def numbers(listed: Json) -> list[int]:
    """Read numbers from a list or from a text with spaces."""
    parts = listed.split() if isinstance(listed, str) else cast("list[Json]", listed)
    return [int(str(part)) for part in parts]


def number_of(key: Key, shown: Shown, attribute: Json) -> int:
    """Find the number of an attribute that is given by number or by name."""
    text = str(attribute)
    known = known_class(key[0], shown.version)
    if not text.isdigit() and known is not None and text in known.names:
        return known.names[text]
    return int(text.removeprefix("attribute "))
