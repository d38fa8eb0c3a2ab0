"""Ends of the audit chains in a file beside the database: what was anchored there cannot be taken back in silence."""

import os
import threading
from pathlib import Path

from openami.headend.accounts.audit import FIRST, Head, heads
from openami.headend.kit.database import Database


class Anchors:
    """A file that only grows: a line `tenant number hash` for each end of a chain that was committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._last: dict[str, int] | None = None
        self._lock = threading.Lock()

    def keep(self, database: Database) -> None:
        """Write down where the chains end by now, synced."""
        with self._lock, database.read() as unit:
            if self._last is None:
                self._last = {tenant: max(rows) for tenant, rows in self.load().items()}
            new = [head for head in heads(unit) if self._last.get(head.tenant, 0) < head.number]
            if new:
                self._append(new)
                self._last |= {head.tenant: head.number for head in new}

    def _append(self, ends: list[Head]) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        lines = [f"{end.tenant or '-'} {end.number} {end.hash}" for end in ends]
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(["", *lines, ""]))  # a torn line before stays one by itself
            file.flush()
            os.fsync(file.fileno())

    def load(self) -> dict[str, dict[int, str]]:
        """Everything that was anchored: tenant -> number -> hash."""
        found: dict[str, dict[int, str]] = {}
        if not self.path.exists():
            return found
        for line in self.path.read_text(encoding="utf-8").splitlines():
            parts = line.split(" ")
            if len(parts) != 3 or not parts[1].isdecimal() or len(parts[2]) != len(FIRST):
                continue  # the power went while it was written
            tenant = "" if parts[0] == "-" else parts[0]
            # of two that name one row the first counts: a later line may not excuse a changed row
            found.setdefault(tenant, {}).setdefault(int(parts[1]), parts[2])
        return found
