"""Serve an installation with staff, for a browser; its address is the first line it prints.

python tests/headend/accounts/serving.py FOLDER
"""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from headend.accounts.office import HASH, STAFF, START
from headend.fake_meters import ManualClock, installation
from openami.headend.accounts import first
from openami.headend.accounts.people import NewAccount
from openami.headend.app import create
from openami.headend.collection.tables import open_database


def main(folder: Path) -> None:
    """Make it, and serve until told to end."""
    settings = installation(folder, 4)
    database = open_database(settings)
    with database.write() as unit:
        for login, role, where in STAFF:
            account = first.add(
                unit, NewAccount(login, login.title(), f"{login}@example.org", where), role, where, 1_000
            )
            unit.run("UPDATE account SET password = ? WHERE id = ?", (HASH, account.id))
    app = create(settings, ManualClock(START), None, database=database)
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        print(f"http://127.0.0.1:{opened.getsockname()[1]}", flush=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
        asyncio.run(server.serve([opened]))
    database.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
