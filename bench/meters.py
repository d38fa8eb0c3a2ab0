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

    @property
    def rss_octets(self) -> int:
        """Memory of the process that is resident now."""
        return rss_octets(self.process.pid)


def rss_octets(process: int) -> int:
    """Resident memory of a process, without the pages of files that it shares."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])


@contextlib.contextmanager
def in_service(folder: Path, count: int, *options: str, product: str = "compactiq") -> Iterator[Meters]:
    """Serve `count` meters from a folder, on a port that is free."""
    command = [sys.executable, "-m", "openami", "meter", "serve", product, "--json", "--data", str(folder)]
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
