"""What a client can be asked for: each verb gives the id that its event bears."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from openami.core.errors import LocalProtocolError
from openami.dlms.client.access import Access, Processing
from openami.dlms.client.action import Action, ActionItem
from openami.dlms.client.exchange import MANNERS, Exchange, ItemT, Manner
from openami.dlms.client.get import Get
from openami.dlms.client.opening import Associate, Release
from openami.dlms.client.set import Set, SetItem
from openami.dlms.xdlms import AccessItem, AttributeItem


class Verbs(ABC):
    """Requests of a client; what becomes of them is up to `_submit`."""

    __slots__ = ("_last_id", "_max_pdu", "_prefers_gbt")

    def __init__(self, max_pdu: int, *, prefers_gbt: bool) -> None:
        self._last_id = 0
        self._max_pdu = max_pdu
        self._prefers_gbt = prefers_gbt

    def associate(self, *, now: float | None = None) -> int:
        """Open the association: `Associated` or `Failed`."""
        return self._submit(Associate(self._next_id(), self._max_pdu), now)

    def get(self, items: Sequence[AttributeItem], *, high_priority: bool = True, now: float | None = None) -> int:
        """Read attributes: `Got` or `Failed`."""
        manner = self._manner(is_confirmed=True, high_priority=high_priority)
        return self._submit(Get(self._next_id(), check_items(items), manner), now)

    def set(
        self,
        items: Sequence[SetItem],
        *,
        confirmed: bool = True,
        high_priority: bool = True,
        now: float | None = None,
    ) -> int:
        """Write attributes: `WasSet` or `Failed`; unconfirmed, `WasSet` as soon as the request has left."""
        manner = self._manner(is_confirmed=confirmed, high_priority=high_priority)
        return self._submit(Set(self._next_id(), check_items(items), manner), now)

    def action(
        self,
        items: Sequence[ActionItem],
        *,
        confirmed: bool = True,
        high_priority: bool = True,
        now: float | None = None,
    ) -> int:
        """Invoke methods: `Acted` or `Failed`; unconfirmed, `Acted` as soon as the request has left."""
        manner = self._manner(is_confirmed=confirmed, high_priority=high_priority)
        return self._submit(Action(self._next_id(), check_items(items), manner), now)

    def access(
        self,
        items: Sequence[AccessItem],
        *,
        break_on_error: bool = False,
        self_descriptive: bool = False,
        date_time: bytes = b"",
        confirmed: bool = True,
        high_priority: bool = True,
        now: float | None = None,
    ) -> int:
        """Read, write and invoke in one request: `Accessed` or `Failed`."""
        manner = self._manner(is_confirmed=confirmed, high_priority=high_priority)
        processing = Processing(break_on_error, self_descriptive, date_time)
        return self._submit(Access(self._next_id(), check_items(items), manner, processing), now)

    def release(self, *, now: float | None = None) -> int:
        """Release the association: `Released` or `Failed`."""
        return self._submit(Release(self._next_id(), self._max_pdu), now)

    @abstractmethod
    def _submit(self, exchange: Exchange, now: float | None) -> int:
        """Send the request, or let it wait for its turn; its id."""

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _manner(self, *, is_confirmed: bool, high_priority: bool) -> Manner:
        return MANNERS[is_confirmed, high_priority, self._prefers_gbt]


def check_items(items: Sequence[ItemT]) -> Sequence[ItemT]:
    """Refuse a request for nothing."""
    if not items:
        message = "a request needs at least one item"
        raise LocalProtocolError(message)
    return items
