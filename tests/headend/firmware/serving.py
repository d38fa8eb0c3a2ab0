"""Serve virtual meters under a tariff roll-out and a firmware campaign, for a browser; prints its address.

python tests/headend/firmware/serving.py FOLDER
"""

import asyncio
import logging
import socket
import sys
from pathlib import Path

import structlog
import uvicorn

sys.path.insert(0, str(Path(__file__).parents[2]))

from headend.accounts.office import HASH, STAFF, START
from headend.firmware.bringing import begin, living, opened, take, until
from headend.tariffs.test_documents import WINTER
from headend.tariffs.test_rollouts import bring, make, settled
from openami.headend.app import create
from openami.headend.collection.tables import connect

DAY_S = 86_400


async def main(folder: Path) -> None:
    """Make it, and serve until told to end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with opened(folder, 8) as field, living(field):
        with field.office.database.write() as unit:
            for login, _, _ in STAFF:
                unit.run("UPDATE account SET password = ? WHERE login = ?", (HASH, login))
        await make(field)
        await settled(field, await bring(field), {"active": 8})
        changed = {**WINTER, "days": [WINTER["days"][1], {"id": 1, "switches": [{"at": "00:00", "rate": 2}]}]}
        async with field.office.browser("ed") as browser:
            body = {"document": changed, "based_on": 1, "note": "one rate on working days"}
            await browser.put("/api/tariffs/calendars/Winter", json=body)
        waiting = await bring(field, activates=f"{START + 9 * DAY_S}", meters={"serials": field.serials[:5]})
        await settled(field, waiting, {"written": 5})
        number = await begin(field, await take(field), pilot_size=1, wave_size=4, activates=f"{START + 9 * DAY_S}")
        await until(field, number, lambda c: c["counts"] == {"done": 1, "activating": 7})
        app = create(field.settings, field.clock, None, database=connect(field.settings))
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            bound.listen()
            print(f"http://127.0.0.1:{bound.getsockname()[1]}", flush=True)
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="websockets-sansio"))
            await server.serve([bound])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
