"""Parts of a state as plain arrays, and its tables as octets."""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from openami.core.time import CosemDateTime, DstRule
from openami.metering.profile import Ring

Arrays = dict[str, NDArray[Any]]


def rings_of(part: Any) -> dict[str, Ring]:
    """Find the rings of a further part: its own, and those of its tables of rings."""
    found: dict[str, Ring] = {}
    for item in fields(part):
        value = getattr(part, item.name)
        if isinstance(value, Ring):
            found[item.name] = value
        elif isinstance(value, dict):
            table = cast("dict[str, object]", value)
            found |= {f"{item.name}.{key}": ring for key, ring in table.items() if isinstance(ring, Ring)}
    return found


def arrays_of(part: Any) -> Arrays:
    """Find the arrays of a part by field name."""
    values = {item.name: getattr(part, item.name) for item in fields(part)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


def lines(texts: Iterable[bytes]) -> NDArray[np.uint8]:
    """Texts without line ends as one array of octets."""
    return np.frombuffer(b"\n".join(texts), np.uint8)


def split(octets: NDArray[np.uint8]) -> list[bytes]:
    """Texts that `lines` joined."""
    return octets.tobytes().split(b"\n")


def encode_rule(rule: DstRule) -> bytes:
    """One line of JSON."""
    switches = [rule.begin.encode().hex(), rule.end.encode().hex()]
    return json.dumps([*switches, rule.deviation_min, rule.zone_min, rule.enabled]).encode()


def decode_rule(data: bytes) -> DstRule:
    """Read what `encode_rule` wrote."""
    begin, end, deviation_min, zone_min, enabled = json.loads(data)
    switches = [CosemDateTime.decode(bytes.fromhex(text)) for text in (begin, end)]
    return DstRule(switches[0], switches[1], deviation_min, zone_min, enabled)
