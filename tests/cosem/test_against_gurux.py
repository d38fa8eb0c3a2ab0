"""Types of attributes against an outside implementation: what gurux-dlms writes, we read and write alike."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openami.cosem.catalogue import CATALOGUE
from openami.cosem.cellular import ExtendedNetworkParameters, MobileCell
from openami.cosem.registers import NATIVE
from openami.dlms.data import SIMPLE

PEER = Path(__file__).parent / "gurux_encode.py"
VERSIONS = {(151, 0): (151, 1)}
"""gurux-dlms calls version 0 what holds the three attributes of version 1."""
DEFECTS = {
    (8, 5), (8, 6), (15, 5), (15, 10), (47, 2), (64, 6),  # the peer fails or gives nothing
    (21, 2), (21, 4),  # no array
}  # fmt: skip


@pytest.fixture(scope="module")
def written() -> dict[str, dict[str, str]]:
    """Attributes as the peer encodes them, in a process of its own: by `class,version` and attribute."""
    pytest.importorskip("gurux_dlms")
    command = [sys.executable, str(PEER)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


@pytest.mark.interop("gurux-dlms: octets of attributes, more than 130: classes that every meter has")
def test_every_attribute_the_peer_writes_is_read_and_written_alike(
    written: dict[str, dict[str, str]],
) -> None:
    checked = 0
    for name, attributes in written.items():
        class_id, version = map(int, name.split(","))
        cls = CATALOGUE[VERSIONS.get((class_id, version), (class_id, version))]
        for number, text in attributes.items():
            if (class_id, int(number)) in DEFECTS:
                continue
            codec, octets = cls.attributes[int(number)].codec, bytes.fromhex(text)
            value, end = codec.decode(octets)
            assert end == len(octets), (cls.__name__, number)
            if codec not in (SIMPLE, NATIVE):
                assert codec.encode(value) == octets, (cls.__name__, number)
            checked += 1
    assert checked > 130


def test_structures_mean_the_same(written: dict[str, dict[str, str]]) -> None:
    cell = CATALOGUE[47, 1].attributes[6].codec.decode(bytes.fromhex(written["47,1"]["6"]))[0]
    assert cell == MobileCell(1, 2, 3, 4, mcc=204, mnc=8, channel_number=0)
    lte = CATALOGUE[151, 1].attributes[2].codec.decode(bytes.fromhex(written["151,0"]["2"]))[0]
    assert isinstance(lte, ExtendedNetworkParameters)
    (script,) = CATALOGUE[9, 0].attributes[2].codec.decode(bytes.fromhex(written["9,0"]["2"]))[0]
    assert script.script_identifier == 1
    assert script.actions[0].class_id == 8
    assert script.actions[0].member_id == 1
    (entry,) = CATALOGUE[15, 2].attributes[2].codec.decode(bytes.fromhex(written["15,2"]["2"]))[0]
    assert str(entry.logical_name) == "1.0.1.8.0.255"
