"""Runs what somebody else wrote in a process of its own, job after job."""

import json
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent / "interop" / "peers"
CLIENT_TITLE = "4f414d5445535401"
PATIENCE_S = 60.0


class PeerFailed(Exception):
    """The peer gave up, in its own words."""


class PeerHangs(Exception):
    """The peer does not come back."""


class Outsider:
    """A peer that waits for orders; a new process takes over after one that hangs."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.process: subprocess.Popen[str] | None = None
        self.printed = ""
        """What the peer printed in the job before, if it was ordered to be overheard."""

    def do(self, job: str, orders: dict[str, Any], patience_s: float = PATIENCE_S) -> Any:
        """What the peer found."""
        answer = json.loads(self.answer(json.dumps({"job": job, **orders}), patience_s))
        self.printed = answer.get("printed", "")
        if "found" not in answer:
            failure = PeerFailed(answer["failed"])
            failure.add_note(" <- ".join(reversed(answer["where"])))
            raise failure
        return answer["found"]

    def answer(self, orders: str, patience_s: float) -> str:
        """One line for another."""
        process = self.at_work()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(orders + "\n")
        process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            if not selector.select(patience_s):
                self.end()
                raise PeerHangs(orders)
        line = process.stdout.readline()
        if not line:
            self.end()
            raise PeerFailed("the process of the peer ended")
        return line

    def at_work(self) -> subprocess.Popen[str]:
        """The process, started if there is none."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, SCRIPTS / self.script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        return self.process

    def end(self) -> None:
        """Send the peer home."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.communicate()


@contextmanager
def outsider(script: str) -> Iterator[Outsider]:
    """A peer for as long as it is needed."""
    peer = Outsider(script)
    try:
        yield peer
    finally:
        peer.end()


def orders_for(meter: dict[str, str], *, client: int, **more: Any) -> dict[str, Any]:
    """What an outsider needs to know of one meter of the shipment file."""
    orders: dict[str, Any] = {"host": meter["address"], "port": int(meter["port"]), "server": 1, "client": client}
    if client != 16:
        keys = {name: meter[name] for name in ("encryption_key", "authentication_key")}
        orders |= {"mechanism": 5, "client_title": CLIENT_TITLE, **keys}
    return orders | more
