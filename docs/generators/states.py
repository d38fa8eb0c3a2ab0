"""State diagrams, drawn from the tables that the code runs by."""

from collections.abc import Iterable

from generators.markdown import fenced
from openami.dlms import client as client_core
from openami.dlms import server as server_core
from openami.dlms.client.exchange import Exchange
from openami.dlms.hdlc import Kind
from openami.dlms.hdlc import connection as secondary_station
from openami.dlms.hdlc import primary as primary_station
from openami.headend.registry import schemas

Arrow = tuple[str, str, str]
"""From, to, and what moves it."""

COMMANDS = (Kind.SNRM, Kind.DISC)
"""Frames that a client sends and a server takes; the others go the other way."""


def client() -> str:
    """Draw the client end of an association: requests with parentheses, events without."""
    arrows = [
        (before.value, after.value, moved_by(cause))
        for before, causes in client_core.TRANSITIONS.items()
        for cause, after in causes.items()
    ]
    return diagram(client_core.State.IDLE.value, arrows)


def moved_by(cause: type) -> str:
    """Name a request as the verb that makes it, an event by its name; some requests are another verb's."""
    if not issubclass(cause, Exchange):
        return cause.__name__
    verb = cause.__name__.lower().removeprefix("short")
    return f"{verb}()" if hasattr(client_core.Client, verb) else ""


def server() -> str:
    """Draw the server end of an association."""
    arrows = [
        (before.value, after.value, step.value)
        for before, steps in server_core.TRANSITIONS.items()
        for step, after in steps.items()
    ]
    return diagram(server_core.State.IDLE.value, arrows)


def primary() -> str:
    """Draw the client's end of an HDLC connection: frames sent with an exclamation mark, received without."""
    arrows = [
        (before.value, after.value, f"{kind.value}!" if kind in COMMANDS else kind.value)
        for before, kinds in primary_station.TRANSITIONS.items()
        for kind, after in kinds.items()
    ]
    return diagram(primary_station.State.DISCONNECTED.value, arrows)


def secondary() -> str:
    """Draw the server's end of an HDLC connection: frames sent with an exclamation mark, received without."""
    arrows = [
        (before.value, after.value, kind.value if kind in COMMANDS else f"{kind.value}!")
        for before, kinds in secondary_station.TRANSITIONS.items()
        for kind, after in kinds.items()
    ]
    return diagram(secondary_station.Mode.NDM.value, arrows)


def meter() -> str:
    """Draw the life of a meter in the registry."""
    order = list(schemas.Lifecycle)
    arrows = [
        (before.value, after.value, "") for before in order for after in order if after in schemas.TRANSITIONS[before]
    ]
    return diagram(schemas.Lifecycle.STOCK.value, arrows)


def diagram(first: str, arrows: Iterable[Arrow]) -> str:
    """Write a state diagram for mermaid; several causes of one arrow share it."""
    causes: dict[tuple[str, str], list[str]] = {}
    for before, after, cause in arrows:
        causes.setdefault((before, after), []).append(cause)
    lines = ["stateDiagram-v2", f"    [*] --> {name(first)}"]
    for (before, after), why in causes.items():
        label = ", ".join(filter(None, dict.fromkeys(why)))
        lines.append(f"    {name(before)} --> {name(after)}" + (f": {label}" if label else ""))
    return fenced("\n".join(lines), "mermaid")


def name(state: str) -> str:
    """Name a state as mermaid can read it."""
    return state.replace(" ", "_")
