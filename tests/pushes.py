"""Pushes for tests: published ones with their keys, and ones of our own making."""

import json
from pathlib import Path
from typing import Any

import pytest

from openami.core.obis import OBIS
from openami.dlms.data import Data, Tag, encode
from openami.dlms.push import Acceptance, Framing, Listener, Origin, Pushed, Sealer, Unreadable
from openami.dlms.security import Keys, SendCounter
from openami.dlms.xdlms import DataNotification
from openami.dlms.xdlms.notification import CONFIRMED
from pair import AK, EK, SERVER_TITLE

KEYS = Keys(EK, AK)
METER, HEAD_END = 1, 1
WRAPPED = Origin(Framing.WRAPPER, METER, HEAD_END)
HDLC = Origin(Framing.HDLC, b"\x02\x23", b"\xcf")
M_BUS = Origin(Framing.M_BUS, METER, 0x67)
RAW = Origin(Framing.RAW)
ORIGINS = {origin.framing.value: origin for origin in (WRAPPED, HDLC, M_BUS, RAW)}
READABLE = [
    "udp-wrapper-push-00",
    "push-hdlc-iskra550",
    "push-hdlc-kamstrup-omnipower",
    "push-hdlc-landis-gyr-e450",
    "push-hdlc-norway-han-1phase",
    "push-raw-energomera",
    "push-raw-salzburg-netz",
    "hdlc-ui-kaifa-list1",
]
"""Published pushes with all that is needed to read them."""


def han_vectors(shared: Path) -> dict[str, dict[str, Any]]:
    """Pushes of the customer port by id; skips where absent."""
    path = shared / "vectors" / "han.json"
    if not path.exists():
        pytest.skip("outside test data vectors/han.json is not here")
    return {entry["id"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))["pushes"]}


def keys_of(vector: dict[str, Any]) -> dict[str, Any]:
    """The setting that lets a listener open a published push."""
    stated = vector.get("keys")
    if stated is None:
        return {}
    keys = Keys(bytes.fromhex(stated["ek"]), bytes.fromhex(stated["ak"]))
    return {"keys": lambda title: keys if title.hex() == vector["expected"]["system_title"] else None}


def knows(title: bytes) -> Keys | None:
    """Look the keys of our own meter up."""
    return KEYS if title == SERVER_TITLE else None


def sealer(start: int = 1, **facts: Any) -> Sealer:
    """What our own meter protects its pushes with."""
    return Sealer(KEYS, SERVER_TITLE, SendCounter(start).take, **facts)


def listener(**facts: Any) -> Listener:
    """A listener that knows our own meter."""
    inner = {name: facts.pop(name) for name in ("datagrams", "title") if name in facts}
    return Listener(Acceptance(**{"keys": knows, **facts}), **inner)


def hear(ear: Listener, *chunks: bytes, now: float = 0.0) -> list[Pushed | Unreadable]:
    """What a listener makes of octets."""
    return [event for chunk in chunks for event in ear.receive(chunk, now)]


def one(events: list[Pushed | Unreadable]) -> Pushed:
    """The one push among events that is all there is."""
    [event] = events
    assert isinstance(event, Pushed), event
    return event


def named(name: str, value: Data) -> Data:
    """A structure of a logical name and a value."""
    return Data(Tag.STRUCTURE, (Data(Tag.OCTET_STRING, bytes(OBIS.parse(name))), value))


def notification(invoke: int = 7, *, confirmed: bool = False, size: int = 0) -> DataNotification:
    """A push of an energy and, for a long one, of octets."""
    members = [
        named("1.0.1.8.0.255", Data(Tag.DOUBLE_LONG_UNSIGNED, 1234)),
        named("0.0.96.1.0.255", Data(Tag.OCTET_STRING, b"x" * size)),
    ]
    body = encode(Data(Tag.STRUCTURE, tuple(members[: 1 + bool(size)])))
    return DataNotification(invoke | (CONFIRMED if confirmed else 0), b"", body)
