"""Serve an office that sells, for a browser; its address is the first line it prints.

python tests/headend/prepayment/serving.py FOLDER
"""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from headend.accounts.office import NORTH, START, Office, Wall, hire
from headend.fake_meters import ManualClock, installation
from headend.prepayment.counter import stock
from openami.headend.app import create
from openami.headend.collection.tables import open_database


def main(folder: Path) -> None:
    """Make it, and serve until told to end."""
    settings = installation(folder, 4)
    database = open_database(settings)
    app = create(settings, ManualClock(START), None, database=database)
    office = Office(settings, database, app, Wall())
    hire(office)
    stock(office, folder)
    office.system(lambda unit: unit.run("UPDATE meter SET area = ?", (NORTH,)))
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        print(f"http://127.0.0.1:{opened.getsockname()[1]}", flush=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
        asyncio.run(server.serve([opened]))
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
