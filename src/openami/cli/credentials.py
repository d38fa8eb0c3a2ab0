"""Keys and passwords: from the environment, a file or a prompt, never from the command line."""

import csv
import os
import sys
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import typer

from openami.aio.route import Place, Route
from openami.aio.tcp import Address
from openami.cli.show import fail
from openami.core.errors import DefinitionError
from openami.dlms.security.settings import Security

ENVIRONMENT = {
    "encryption_key": "OPENAMI_EK",
    "authentication_key": "OPENAMI_AK",
    "client_title": "OPENAMI_CLIENT_TITLE",
    "server_title": "OPENAMI_SERVER_TITLE",
    "password": "OPENAMI_PASSWORD",
}
"""What may be given, in a keys file under the left name, in the environment under the right one."""

CLIENT_TITLE = b"OAMCLI".ljust(8, b"\0").hex()
"""System title of this command, unless another is given."""

PUBLIC_CLIENT, MANAGEMENT_CLIENT = 16, 1


class Level(StrEnum):
    """How to prove who we are."""

    NONE = "none"
    LLS = "lls"
    HLS5 = "hls5"


def credentials(level: Level | None, keys: Path | None, place: Place, serial: str = "") -> Security:
    """Gather what is needed; without a level, the highest for which everything is there.

    In a shipment file the meter is found by its serial number, or else by where it is.
    """
    given = gather(keys, place, serial)
    if level is None:
        level = Level.HLS5 if "encryption_key" in given else Level.LLS if "password" in given else Level.NONE
    if level is Level.NONE:
        return Security.none()
    if level is Level.LLS:
        return Security.lls(wanted(given, "password"))
    return Security.hls5(
        encryption_key=wanted(given, "encryption_key"),
        authentication_key=wanted(given, "authentication_key"),
        client_title=given.get("client_title", CLIENT_TITLE),
        server_title=given.get("server_title"),
    )


def client_of(client: int | None, security: Security) -> int:
    """Give the client SAP asked for, or the usual one for what we can prove."""
    if client is not None:
        return client
    return PUBLIC_CLIENT if security == Security.none() else MANAGEMENT_CLIENT


def gather(keys: Path | None, place: Place, serial: str) -> dict[str, str]:
    """Collect what the environment says, and over it the file."""
    given = {name: os.environ[variable] for name, variable in ENVIRONMENT.items() if variable in os.environ}
    if keys is None:
        return given
    return given | (from_shipment(keys, place, serial) if keys.suffix == ".csv" else from_settings(keys))


def from_settings(path: Path) -> dict[str, str]:
    """Read a TOML file: `encryption_key = "0011…"` and so on."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(str(error), file=str(path)) from error
    for name, value in table.items():
        if name not in ENVIRONMENT or not isinstance(value, str):
            raise DefinitionError(f"expected text under one of {', '.join(ENVIRONMENT)}", file=str(path), key=name)
    return table


def from_shipment(path: Path, place: Place, serial: str) -> dict[str, str]:
    """Read a shipment file: the line of this meter's serial number or address, or the only one there is."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    if serial:
        found = [row for row in rows if row.get("serial") == serial]
        key, wanted = "serial", f"no meter with serial number {serial}"
    elif isinstance(place, Route) and place.scheme.is_hdlc:
        found = rows if len(rows) == 1 else []
        key, wanted = "serial", f"{place} does not tell which of these meters it is: give --meter SERIAL"
    else:
        found = [row for row in rows if is_of(row, place)]
        key, wanted = "address", f"no meter with address {place}"
    if not found:
        raise DefinitionError(wanted, file=str(path), key=key)
    return shipped(found[0])


def is_of(row: Mapping[str, str | None], place: Place) -> bool:
    """Tell whether a line of a shipment file is about the meter that is there."""
    address = place.place if isinstance(place, Route) else place
    if not isinstance(address, Address):
        return False
    port = row.get("port") or str(address.port)
    return row.get("address") == address.host and port == str(address.port)


def shipped(row: Mapping[str, str | None]) -> dict[str, str]:
    """Take from a line what a client needs; the meter's title is the server's."""
    found = {name: row.get(name) or "" for name in ("encryption_key", "authentication_key")}
    found["server_title"] = row.get("system_title") or ""
    return {name: text for name, text in found.items() if text}


def wanted(given: Mapping[str, str], name: str) -> str:
    """Take a secret that was given, or ask for it where somebody can answer."""
    if name in given:
        return given[name]
    if not sys.stdin.isatty():
        fail(f"no {name.replace('_', ' ')}: set {ENVIRONMENT[name]} or give --keys FILE", 2)
    form = "" if name == "password" else " (hexadecimal)"
    return str(typer.prompt(f"{name.replace('_', ' ').capitalize()}{form}", hide_input=True))
