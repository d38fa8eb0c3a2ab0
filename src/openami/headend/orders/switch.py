"""The kill switch, and whether this installation may change anything in a meter at all."""

from dataclasses import dataclass

from openami.core.errors import AmiError
from openami.headend.kit.database import Unit

READ_ONLY = "this installation only reads: it has to be commissioned before anything in a meter is changed"


class CommandsStoppedError(AmiError):
    """No command may go out: all are stopped, or the installation was never commissioned."""


@dataclass(frozen=True, slots=True)
class Switch:
    """How things stand. `at` is real time."""

    is_commissioned: bool = False
    is_stopped: bool = False
    why: str = ""
    who: str = ""
    at: int = 0

    @property
    def refusal(self) -> str | None:
        """Why nothing may be changed; None when it may."""
        if self.is_stopped:
            return f"all commands are stopped by {self.who or 'somebody'}: {self.why}"
        return None if self.is_commissioned else READ_ONLY


def switch(unit: Unit) -> Switch:
    """Look how it stands."""
    rows = unit.rows("SELECT is_commissioned, is_stopped, why, who, at FROM order_switch WHERE id = 1")
    return Switch(bool(rows[0][0]), bool(rows[0][1]), *rows[0][2:]) if rows else Switch()


def demand_open(unit: Unit) -> None:
    """Refuse while nothing may be changed.

    Raises:
        CommandsStoppedError: by whom it is stopped, or that it is not commissioned.
    """
    if refusal := switch(unit).refusal:
        raise CommandsStoppedError(refusal)


def put(unit: Unit, wanted: Switch) -> None:
    """Switch. Whoever calls has asked for the right to, and audits it."""
    unit.run(
        "INSERT INTO order_switch (id, is_commissioned, is_stopped, why, who, at) VALUES (1, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET is_commissioned = excluded.is_commissioned,"
        " is_stopped = excluded.is_stopped, why = excluded.why, who = excluded.who, at = excluded.at",
        (wanted.is_commissioned, wanted.is_stopped, wanted.why, wanted.who, wanted.at),
    )


def commission(unit: Unit, at: float = 0, who: str = "system") -> None:
    """Let commands go out from now on (tests, simulations; people go through `headend.commands`)."""
    put(unit, Switch(is_commissioned=True, who=who, at=int(at)))
