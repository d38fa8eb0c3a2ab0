"""Read the clock and a register of a meter: `python examples/read_register.py meters/shipment.csv`.

The shipment file says where the meters are and holds their keys; `openami meter serve --data meters` writes it.
"""

import asyncio
import csv
import sys
from pathlib import Path

import openami
from openami import Register, Security, Unit


async def main(shipment: Path) -> None:
    """Read the first meter of the file."""
    with shipment.open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    security = Security.hls5(
        encryption_key=row["encryption_key"],
        authentication_key=row["authentication_key"],
        client_title="4F414D4845530001",
    )
    async with openami.connect(f"tcp://{row['address']}:{row['port']}", client=1, security=security) as meter:
        value = await meter.get(Register.value, "1.0.1.8.0.255")
        scale = await meter.get(Register.scaler_unit, "1.0.1.8.0.255")
        print(await meter.clock(), value, f"x 10^{scale.scaler}", Unit(scale.unit).symbol)


asyncio.run(main(Path(sys.argv[1])))
