"""Meters in service in a process of their own, for tests that come from outside."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_S = 60
STOP_S = 30


@dataclass(frozen=True, slots=True)
class Served:
    """A fleet that answers."""

    process: subprocess.Popen[str]
    meters: list[dict[str, str]]
    ready: dict[str, Any]


@contextlib.contextmanager
def served(folder: Path, *options: str, count: int = 1, product: str = "compactiq") -> Iterator[Served]:
    """Run `openami meter serve` on free ports of loopback; end it as Ctrl-C does."""
    command = [sys.executable, "-m", "openami", "meter", "serve", product, "--json"]
    command += ["--count", str(count), "--data", str(folder), "--port", "0", *options]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:
        try:
            ready = read_document(process)
            with Path(ready["shipment"]).open(encoding="utf-8", newline="") as file:
                meters = list(csv.DictReader(file))
            yield Served(process, meters, ready)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def read_document(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Read the JSON document that the command prints once its meters answer."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            return json.loads(text)
    assert process.stderr is not None
    raise AssertionError(f"the meters did not come into service: {process.stderr.read()}")
