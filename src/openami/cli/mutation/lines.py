"""Copied as `sitecustomize.py` beside the tests: where `PROBE_LINES` names a file, all lines of the package are noted.

Python imports it before anything else. It imports nothing of ours.
"""

import os
import sys
from typing import Any


def note(out: str, package: str) -> None:
    """Note lines until the program ends."""
    import atexit
    import json

    lines: set[tuple[str, int]] = set()

    def line_of(frame: Any, event: str, _argument: object) -> Any:
        if event == "line":
            lines.add((frame.f_code.co_filename, frame.f_lineno))
        return line_of

    def call_of(frame: Any, _event: str, _argument: object) -> Any:
        return line_of if frame.f_code.co_filename.startswith(package) else None

    def write() -> None:
        sys.settrace(None)
        with open(out, "w", encoding="utf-8") as file:  # noqa: PTH123  pathlib would be imported for this alone
            json.dump(sorted(lines), file)

    atexit.register(write)
    sys.settrace(call_of)


if "PROBE_LINES" in os.environ:
    note(os.environ["PROBE_LINES"], os.environ["PROBE_PACKAGE"])
