"""Arbitrator: several actors ask for actions, the weightiest wins (Blue Book, class 68)."""

from collections.abc import Sequence
from typing import NamedTuple

from openami.core.errors import ActionError
from openami.cosem.elements import SCRIPT_REFERENCE, ScriptReference
from openami.cosem.objects import Attribute, CosemObject, interface_class, method
from openami.dlms.data import BIT_STRING, INT8, UINT8, UINT16, BitString, array, structure
from openami.dlms.xdlms import ActionResult

NO_OUTCOME = 0


class ActionRequest(NamedTuple):
    """Actions an actor asks for: a bit for each; actors are counted from 1."""

    request_actor: int
    request_action_list: BitString


ACTION_REQUEST = structure(ActionRequest, UINT8, BIT_STRING)


@interface_class(68, version=0)
class Arbitrator(CosemObject):
    """Actions, who may ask for them, and what each one's wish weighs (Blue Book, class 68).

    Rows of the tables are actors, columns are actions. Hook `execute_script` runs the script of the action
    that wins; last_outcome is its number, counted from 1, or 0 if none did.
    """

    hooks = frozenset({"execute_script"})

    actions: Attribute[list[ScriptReference]] = Attribute(2, array(SCRIPT_REFERENCE), factory=list, verified=False)
    permissions_table: Attribute[list[BitString]] = Attribute(3, array(BIT_STRING), factory=list, verified=False)
    weightings_table: Attribute[list[list[int]]] = Attribute(4, array(array(UINT16)), factory=list, verified=False)
    most_recent_requests_table: Attribute[list[BitString]] = Attribute(
        5, array(BIT_STRING), factory=list, verified=False
    )
    last_outcome: Attribute[int] = Attribute(6, UINT8, default=NO_OUTCOME, verified=False)

    @method(1, ACTION_REQUEST, verified=False)
    def request_action(self, request: ActionRequest) -> None:
        """Note what an actor wants, as far as it is permitted, and carry out the action that now wins."""
        actor = request.request_actor - 1
        if not 0 <= actor < len(self.permissions_table):
            raise ActionError(ActionResult.OBJECT_UNDEFINED, f"{self!r} request_action: no actor {actor + 1}")
        requests = self.requests()
        requests[actor] = both(request.request_action_list, self.permissions_table[actor], len(self.actions))
        self.most_recent_requests_table = requests
        self.last_outcome = outcome(requests, self.weightings_table, len(self.actions))
        if self.last_outcome != NO_OUTCOME:
            self.delegate("execute_script", self.actions[self.last_outcome - 1])

    @method(2, INT8, verified=False)
    def reset(self, _data: int) -> None:
        """Forget all requests and the last outcome."""
        self.most_recent_requests_table = [none_of(len(self.actions)) for _ in self.permissions_table]
        self.last_outcome = NO_OUTCOME

    def requests(self) -> list[BitString]:
        """Return the requests of every actor; of one that never asked, none."""
        held = self.most_recent_requests_table[: len(self.permissions_table)]
        return held + [none_of(len(self.actions))] * (len(self.permissions_table) - len(held))


def outcome(requests: Sequence[BitString], weightings: Sequence[Sequence[int]], count: int) -> int:
    """Return the number of the action whose requests weigh most, from 1; 0 if none does or two weigh the same."""
    weights = [
        sum(row[action] for bits, row in zip(requests, weightings, strict=False) if asks(bits, action, row))
        for action in range(count)
    ]
    most = max(weights, default=0)
    return weights.index(most) + 1 if most and weights.count(most) == 1 else NO_OUTCOME


def asks(bits: BitString, action: int, row: Sequence[int]) -> bool:
    """Whether a request names an action that has a weight."""
    return action < min(len(bits), len(row)) and bits[action]


def both(first: BitString, second: BitString, count: int) -> BitString:
    """Bits set in both, so many of them."""
    shared = min(len(first), len(second))
    return BitString.parse("".join("1" if n < shared and first[n] and second[n] else "0" for n in range(count)))


def none_of(count: int) -> BitString:
    """So many bits, none set."""
    return BitString.parse("0" * count)
