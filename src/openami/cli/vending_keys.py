"""Keys of prepayment: from the environment, a file or a prompt, never from the command line."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import typer

from openami.cli.show import fail
from openami.core.errors import DefinitionError, SecurityError
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.keys import DecoderKey, KeyAttributes, VendingKey
from openami.sts.pan import MeterPAN

ENVIRONMENT: Final = {
    "vending_key": "OPENAMI_VENDING_KEY",
    "new_vending_key": "OPENAMI_NEW_VENDING_KEY",
    "decoder_key": "OPENAMI_DECODER_KEY",
}
"""What may be given, in a keys file under the left name, in the environment under the right one."""


def gather(keys: Path | None) -> dict[str, str]:
    """Collect what the environment says, and over it the file."""
    given = {name: os.environ[variable] for name, variable in ENVIRONMENT.items() if variable in os.environ}
    return given if keys is None else given | from_file(keys)


def from_file(path: Path) -> dict[str, str]:
    """Read a TOML file: `vending_key = "0011…"` and so on."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise DefinitionError("expected TOML", file=str(path)) from None
    for name, value in table.items():
        if name not in ENVIRONMENT or not isinstance(value, str):
            raise DefinitionError(f"expected text under one of {', '.join(ENVIRONMENT)}", file=str(path), key=name)
    return table


def octets(given: Mapping[str, str], name: str) -> bytes:
    """Take a key that was given, or ask for it where somebody can answer."""
    what = name.replace("_", " ")
    if (text := given.get(name)) is None:
        if not sys.stdin.isatty():
            fail(f"no {what}: set {ENVIRONMENT[name]} or give --keys FILE", 2)
        text = str(typer.prompt(f"{what.capitalize()} (hexadecimal)", hide_input=True))
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise SecurityError(f"the {what} is not hexadecimal") from None


def vending_key(given: Mapping[str, str], name: str = "vending_key") -> VendingKey:
    """The vending key, or the new one of a key change, which is the same where no other is given."""
    return VendingKey(octets(given, name if name in given else "vending_key"))


def decoder_key(given: Mapping[str, str], pan: MeterPAN | None, attributes: KeyAttributes) -> DecoderKey:
    """The key of a meter: the one that was given, or derived."""
    if "decoder_key" in given:
        return DecoderKey(attributes.ea, octets(given, "decoder_key"))
    if pan is None:
        fail("say which meter: --meter", 2)
    return vending_key(given).decoder_key(pan, attributes)


def tables_of(path: Path | None) -> Tables:
    """EA07's tables: the operator's, or the samples."""
    return SAMPLE if path is None else Tables.parse(path.read_text(encoding="utf-8"), str(path))
