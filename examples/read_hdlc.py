"""Read meters over HDLC: `python examples/read_hdlc.py 'hdlc://127.0.0.1:4001' meters/shipment.csv`.

`openami meter serve compactiq --count 2 --hdlc 4001 --data meters` puts meters on one line behind that port. A serial
port is read in the same way: `serial:///dev/ttyUSB0?baud=9600`.
"""

import asyncio
import csv
import sys
from pathlib import Path

import openami
from openami import AmiError, Register, Security

FIRST_STATION = 17
"""Physical address of the first meter on the line; the others follow."""


async def main(url: str, shipment: Path) -> None:
    """Visit the meters of the file one after the other, each in its turn on the line."""
    with shipment.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    async with openami.line(url) as line:
        for number, row in enumerate(rows, FIRST_STATION):
            security = Security.hls5(
                encryption_key=row["encryption_key"],
                authentication_key=row["authentication_key"],
                client_title="4F414D4845530001",
            )
            try:
                async with line.connect(server=f"1/{number}", security=security) as meter:
                    energy = await meter.get(Register.value, "1.0.1.8.0.255")
                    rows_read = len(await meter.entries("1.0.99.1.0.255", 1, 96))
                    print(row["serial"], await meter.clock(), energy, "Wh,", rows_read, "rows of its load profile")
            except AmiError as error:
                print(row["serial"], "was not read:", error)


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
