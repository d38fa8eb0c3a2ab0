"""`openami read --referencing sn`: a meter that knows short names only."""

import asyncio
import json
import os
import sys
from typing import Any

from pair import AK, EK, PASSWORD
from short_meter import ShortMeter
from small_meter import CLOCK, ENERGY, NAME, PROFILE, at_work, url_of

KEYS = {
    "OPENAMI_EK": EK.hex(),
    "OPENAMI_AK": AK.hex(),
    "OPENAMI_CLIENT_TITLE": "4f414d0000000001",
}


async def read(url: str, *arguments: str, **secrets: str) -> Any:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openami", "read", url, *arguments, "--referencing", "sn", "--json"),
        env={**os.environ, **secrets},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    return json.loads(out)


async def test_values_objects_and_rows() -> None:
    meter = ShortMeter()
    async with at_work(meter) as listener:
        url = url_of(listener)
        (value,) = await read(url, ENERGY, **KEYS)
        assert (value["value"], value["scaler"], value["unit"]) == (12_345, 1, "Wh")
        objects = await read(url, "--objects")
        assert {row["logical_name"] for row in objects} == {"0.0.40.0.0.255", NAME, CLOCK, "0.0.43.1.0.255"}
        assert {row["interface_class"] for row in objects} == {"AssociationSNv2", "Clock", "Data"}
        rows = await read(url, PROFILE, "--entries", "1:5", "--client", "2", OPENAMI_PASSWORD=PASSWORD.decode())
        assert [row[2] for row in rows["rows"]] == [0, 7, 14, 21, 28]
        everything = await read(url, "--all", **KEYS)
        assert len(everything) == sum(len(held.attributes) for held in meter.objects.values())
        assert not [row for row in everything if "refused" in row]
