"""A case: its name, which is that of its original, its rule in one line, and what puts it to the test."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from openami.conformance.trial import Trial
from openami.conformance.verdict import Group

Run: TypeAlias = Callable[[Trial], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `run` ends quietly when the rule holds, and by one of the errors of `verdict` when not."""

    name: str
    title: str
    group: Group
    run: Run
    writes: bool = False

    @property
    def story(self) -> str:
        """What is done and expected, from the docstring."""
        return " ".join((self.run.__doc__ or "").split())


def case(name: str, title: str, group: Group, *, writes: bool = False) -> Callable[[Run], Case]:
    """Make a function a case; the module lists it in its `CASES`."""

    def make(run: Run) -> Case:
        return Case(name, title, group, run, writes)

    return make
