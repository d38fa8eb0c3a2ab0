"""Keys of many meters: from the environment or a file, never from the command line."""

import csv
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias, cast

from openami.cli.credentials import ENVIRONMENT
from openami.core.errors import DefinitionError, SecurityError
from openami.dlms.push import KeyLookup
from openami.dlms.security import Keys
from openami.dlms.security.keys import octets

NAMES: Final = ("encryption_key", "authentication_key")

Ring: TypeAlias = dict[bytes | None, Keys]
"""Keys by system title; under None those of every other meter."""


def key_lookup(path: Path | None) -> KeyLookup:
    """Find the keys of a meter: its own in the file, those for all in the file, those of the environment."""
    ring = from_environment()
    if path is not None:
        ring |= from_shipment(path) if path.suffix == ".csv" else from_settings(path)
    return lambda title: ring.get(title) or ring.get(None)


def from_environment() -> Ring:
    """Take the keys for all meters that the environment names."""
    given = {name: os.environ[ENVIRONMENT[name]] for name in NAMES if ENVIRONMENT[name] in os.environ}
    return {None: keys_of(given, "environment", "")} if NAMES[0] in given else {}


def from_shipment(path: Path) -> Ring:
    """Read a shipment file: a line for each meter, its system title and keys among the columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {title_of(row.get("system_title") or "", path): keys_of(row, str(path), "encryption_key") for row in rows}


def from_settings(path: Path) -> Ring:
    """Read a TOML file: keys for all meters, and a table for each meter that has its own."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(error), file=str(path)) from error
    ring: Ring = {}
    for name, value in table.items():
        if isinstance(value, dict):
            ring[title_of(name, path)] = keys_of(cast("Mapping[str, object]", value), str(path), name)
    if NAMES[0] in table:
        ring[None] = keys_of(table, str(path), "")
    if not ring:
        raise DefinitionError("expected encryption_key, or a table for each system title", file=str(path))
    return ring


def title_of(text: str, path: Path) -> bytes:
    """Read a system title."""
    title = octets("system title", text) if is_hexadecimal(text) else b""
    if len(title) != 8:
        raise DefinitionError(f"{text!r} is no system title of 16 hexadecimal digits", file=str(path))
    return title


def is_hexadecimal(text: str) -> bool:
    """Whether text is made of hexadecimal digits."""
    return bool(text) and not set(text.lower()) - set("0123456789abcdef")


def keys_of(given: Mapping[str, object], file: str, key: str) -> Keys:
    """Read the keys of a meter; one without an authentication key cannot be proved genuine."""
    texts = [given.get(name) or "" for name in NAMES]
    try:
        encryption, authentication = (octets("a key", text) if isinstance(text, str) else b"" for text in texts)
    except SecurityError as error:
        raise DefinitionError(str(error), file=file, key=key) from error
    if len(encryption) not in {16, 32} or len(authentication) not in {0, len(encryption)}:
        raise DefinitionError("keys have 16 octets, with suite 2 they have 32", file=file, key=key)
    return Keys(encryption, authentication)
