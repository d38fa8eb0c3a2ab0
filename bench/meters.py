"""Meters in service in a process of their own, for figures that go over sockets."""

import contextlib
import csv
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Meters:
    """A fleet that answers."""

    folder: Path
    shipment: Path
    rows: list[dict[str, str]]
    process: subprocess.Popen[str]

    @property
    def cpu_s(self) -> float:
        """Processor time the meters have taken so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


@contextlib.contextmanager
def in_service(folder: Path, count: int, *options: str) -> Iterator[Meters]:
    """Serve `count` meters from a folder, on a port that is free."""
    command = [sys.executable, "-m", "openami", "meter", "serve", "compactiq", "--json", "--data", str(folder)]
    command += ["--count", str(count), "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            text = ""
            for line in process.stdout:
                text += line
                if line.startswith("}"):
                    break
            shipment = Path(json.loads(text)["shipment"])
            with shipment.open(encoding="utf-8", newline="") as file:
                yield Meters(folder, shipment, list(csv.DictReader(file)), process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
