"""rtl_433, run as a program, decodes what we transmit."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from openami.phy.ert import Band, Endpoint, Steady, Timing, Transmitter, noise
from openami.phy.samples import CU8

SERIAL, RATE = 12345678, 2_359_296
DECODERS = {"SCM": 149, "SCM+": 154, "IDM": 160}


@pytest.fixture(scope="module")
def rtl_433() -> str:
    found = shutil.which("rtl_433")
    if found is None:
        pytest.skip("rtl_433 is not installed")
    return found


@pytest.mark.parametrize("kind", DECODERS)
def test_rtl_433_decodes(rtl_433, kind, tmp_path):
    meter = Endpoint(
        SERIAL, Steady(SERIAL, 4711, 12, kinds=(kind,)), Timing(hop_s=0.5, copies=4), (912.75e6, 912.3e6), 0.1
    )
    rng, file = np.random.default_rng(1), tmp_path / "air.cu8"
    file.write_bytes(
        b"".join(
            CU8.encode(part + noise(rng, len(part), 0.25 * 10**-2.5))
            for part in Transmitter(Band()).chunks([meter], 2.0)
        )
    )
    done = subprocess.run(
        [rtl_433, "-r", f"cu8:{file}", "-s", str(RATE), "-R", str(DECODERS[kind]), "-F", "json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert found
    assert all(each["mic"] == "CRC" for each in found)
    assert {tuple(sorted(facts(kind, each).items())) for each in found} == {tuple(sorted(wanted(kind).items()))}
    assert len(found) >= (4 if kind == "IDM" else 12)


def facts(kind, found):
    """What rtl_433 says, under the names of what was sent."""
    if kind == "SCM":
        return {name: found[name] for name in ("id", "ert_type", "consumption_data", "physical_tamper")}
    if kind == "SCM+":
        return {name: found[name] for name in ("EndpointID", "Consumption", "EndpointType")}
    names = ("ERTSerialNumber", "ERTType", "LastConsumptionCount", "PowerOutageFlags", "ConsumptionIntervalCount")
    return {name: found[name] for name in names} | {"intervals": tuple(found["DifferentialConsumptionIntervals"])}


def wanted(kind):
    if kind == "SCM":
        return {"id": SERIAL, "ert_type": 7, "consumption_data": 4711, "physical_tamper": 0}
    if kind == "SCM+":
        return {"EndpointID": SERIAL, "Consumption": 4711, "EndpointType": "0x07"}
    counts = {"ERTSerialNumber": SERIAL, "ERTType": 23, "LastConsumptionCount": 4711, "ConsumptionIntervalCount": 0}
    return counts | {"PowerOutageFlags": "0x000000000000", "intervals": (12,) * 47}
