"""Runs a client that somebody else wrote in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent / "interop"
CLIENT_TITLE = "4f414d5445535401"


def orders_for(meter: dict[str, str], *, client: int, **more: Any) -> dict[str, Any]:
    """What the outsider needs to know of one meter of the shipment file."""
    orders: dict[str, Any] = {
        "host": meter["address"],
        "port": int(meter["port"]),
        "server": 1,
        "client": client,
    }
    if client != 16:
        orders["client_title"] = CLIENT_TITLE
        orders |= {key: meter[key] for key in ("encryption_key", "authentication_key")}
    return orders | more


def run_outsider(script: str, orders: dict[str, Any]) -> dict[str, Any]:
    """Give it its orders; what it read, or its own words."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
