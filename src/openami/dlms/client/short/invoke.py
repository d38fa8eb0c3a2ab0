"""Methods by short names: written, or read where they return data (Green Book, 9.1.4.4.5)."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final, TypeAlias

from openami.dlms.client.events import Acted, Event, Got, WasSet
from openami.dlms.client.exchange import USUAL, Exchange, Manner, Step
from openami.dlms.client.session import Session
from openami.dlms.client.short.read import Read
from openami.dlms.client.short.write import Write
from openami.dlms.xdlms import ActionOutcome, ActionResult, DataAccessResult, GetDataResult
from openami.dlms.xdlms.short import MethodName, ParameterizedAccess, VariableName

#: A method and its parameters, encoded Data.
Invocation: TypeAlias = tuple[MethodName, bytes | None]
#: What stands for parameters that are not there: integer (0), as the Blue Book has it for most methods.
NO_PARAMETERS: Final = b"\x0f\x00"
#: Selector of a parameterized access that invokes a method; no attribute selects by it.
METHOD_SELECTOR: Final = 0
RESULTS: Final = {int(result): result for result in ActionResult if result < ActionResult.LONG_ACTION_ABORTED}


class Invoke(Exchange):
    """Invokes methods in turn, as many with one request as follow each other and are carried alike."""

    __slots__ = ("_carrier", "_runs", "manner", "outcomes")

    def __init__(self, request: int, items: Sequence[Invocation], manner: Manner = USUAL) -> None:
        super().__init__(request)
        self.manner = manner
        self.outcomes: list[ActionOutcome] = []
        runs = groupby(items, lambda item: item[0].returns and manner.is_confirmed)
        self._runs = [self._run(list(run), is_read=is_read) for is_read, run in runs]
        self._carrier = self._runs.pop(0)

    def _run(self, items: Sequence[Invocation], *, is_read: bool) -> Read | Write:
        given = [(method.name, parameters or NO_PARAMETERS) for method, parameters in items]
        if is_read:
            return Read(
                self.id, [ParameterizedAccess(name, METHOD_SELECTOR, data) for name, data in given], self.manner
            )
        return Write(self.id, [(VariableName(name), data) for name, data in given], self.manner)

    def start(self, session: Session) -> bytes:
        """Make the first request."""
        return self._carrier.start(session)

    def take(self, session: Session, apdu: bytes) -> Step:
        """Take an answer."""
        return self._go_on(session, self._carrier.take(session, apdu))

    def sent(self, session: Session) -> Step:
        """Go on when an unconfirmed request has left."""
        return self._go_on(session, self._carrier.sent(session))

    def repeat(self, session: Session) -> bytes | None:
        """Ask again for what has not come of a block transfer."""
        return self._carrier.repeat(session)

    def _go_on(self, session: Session, step: Step) -> Step:
        if step is None or isinstance(step, bytes):
            return step
        self.outcomes += outcomes(step)
        if not self._runs:
            return Acted(self.id, self.outcomes)
        self._carrier = self._runs.pop(0)
        return self._carrier.start(session)


def outcomes(event: Event) -> list[ActionOutcome]:
    """What came of methods that were read or written."""
    if isinstance(event, Got):
        return [returned(result) for result in event.results]
    return [(action_result(result), None) for result in event.results] if isinstance(event, WasSet) else []


def returned(result: GetDataResult) -> ActionOutcome:
    """What came of a method that was read."""
    return (ActionResult.SUCCESS, result) if isinstance(result, bytes) else (action_result(result), None)


def action_result(result: DataAccessResult) -> ActionResult:
    """Say a result of reading or writing as that of a method: but for those of transfers the codes are the same."""
    return RESULTS.get(result, ActionResult.OTHER_REASON)
