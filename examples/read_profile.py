"""Read a day of a load profile into NumPy: `python examples/read_profile.py meters/shipment.csv`."""

import asyncio
import csv
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np

import openami
from openami import Security

IMPORT = "1.0.1.8.0.255"


async def main(shipment: Path) -> None:
    """Show mean and largest power, from the differences of the import register."""
    with shipment.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    security = Security.hls5(
        encryption_key=row["encryption_key"],
        authentication_key=row["authentication_key"],
        client_title="4F414D4845530001",
    )
    async with openami.connect(f"tcp://{row['address']}:{row['port']}", security=security) as meter:
        now = await meter.clock()
        profile = await meter.profile("1.0.99.1.0.255", now - timedelta(days=1), now)
    rows = profile.structured()
    power_w = np.diff(rows[IMPORT].astype(np.int64)) * 3600 / 900
    print(f"{len(rows)} rows with the columns {', '.join(profile.names)}")
    print(f"mean {power_w.mean():.0f} W, largest quarter of an hour {power_w.max():.0f} W")


asyncio.run(main(Path(sys.argv[1])))
