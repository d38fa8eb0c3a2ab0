"""A peer at work in a process of its own: a line of JSON with orders in, a line of JSON with what was found out."""

import io
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Job = Callable[[dict[str, Any]], Any]


def jobs(*functions: Job) -> Mapping[str, Job]:
    """Jobs by name."""
    return {function.__name__: function for function in functions}


def serve(known: Mapping[str, Job]) -> None:
    """Do one job after the other, until there are no more orders."""
    say = sys.stdout
    for line in sys.stdin:
        orders = json.loads(line)
        sys.stdout = printed = io.StringIO()  # the libraries print while they work
        answer = done(known[orders["job"]], orders)
        if orders.get("overhear"):
            answer["printed"] = printed.getvalue()
        print(json.dumps(answer), file=say, flush=True)


def done(job: Job, orders: dict[str, Any]) -> dict[str, Any]:
    """What the job found, or how the peer failed."""
    try:
        return {"found": job(orders)}
    except Exception as error:  # noqa: BLE001 - the peer raises anything; the test tells what it expects
        return {"failed": f"{type(error).__name__}: {error}", "where": where(error)}


def where(error: Exception) -> list[str]:
    """Lines of ours that it came through; what the peer looks like inside is no business of ours."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames if Path(f.filename).parent == HERE]


def plain(value: Any) -> Any:
    """Values as JSON has them: octets in hex."""
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return bytes(value).hex() if isinstance(value, bytes | bytearray) else value
