"""Serve an installation with staff, virtual meters and a collector, for a browser; prints its address and a meter.

python tests/headend/commands/serving.py FOLDER
"""

import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from headend.accounts.office import HASH, STAFF
from headend.commands.field import opened
from openami.cosem.disconnect_control import ControlMode
from openami.headend.app import create
from openami.headend.collection.tables import connect


async def main(folder: Path) -> None:
    """Make it, and serve until told to end."""
    async with opened(folder) as field, field.collecting():
        with field.office.database.write() as unit:
            unit.run("UPDATE meter SET product = 'compactiq'")
            for login, _, _ in STAFF:
                unit.run("UPDATE account SET password = ? WHERE login = ?", (HASH, login))
        app = create(field.settings, field.clock, None, database=connect(field.settings))
        await field.tell("olga", "message", {"area": "/north/"}, text="hello")
        field.thing("disconnect_control", 3).control_mode = ControlMode.NONE
        job = await field.tell("olga", "disconnect", {"serials": field.serials[2:]})
        async with field.office.browser("olga") as olga:
            await field.job(olga, job["id"], lambda found: found["state"] == "over")
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen()
            print(f"http://127.0.0.1:{bound.getsockname()[1]} {field.serials[0]}", flush=True)
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
            await server.serve([bound])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
