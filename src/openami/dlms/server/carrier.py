"""Answers on their way over the link: whole, or longer than the client takes, by general block transfer."""

from typing import Final

from openami.core.errors import EncodeError, LocalProtocolError
from openami.dlms.gbt import Transfer
from openami.dlms.link import ServerLink
from openami.dlms.server.transfers import Terms
from openami.dlms.xdlms import Conformance, GeneralBlockTransfer

#: How long an exchange may be asked for again after its answer has left.
LINGER_S: Final = 30.0
GET_TAG: Final = 0xC0


class Held:
    """The exchange of one client: when it was last heard of, and which request came by it."""

    __slots__ = ("heard_at", "request", "transfer")

    def __init__(self, transfer: Transfer, now: float) -> None:
        self.transfer = transfer
        self.heard_at = now
        self.request = 0


class Carrier:
    """Gathers and sends blocks of one exchange per client at a time."""

    __slots__ = ("_held", "_link", "_window")

    def __init__(self, link: ServerLink, window: int) -> None:
        self._link = link
        self._window = window
        self._held: dict[int, Held] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no client has an exchange."""
        return not self._held

    def take(self, client_sap: int, terms: Terms, apdu: bytes, now: float) -> bytes | None:
        """Take a block of a client; the APDU that it completes."""
        block = GeneralBlockTransfer.decode(apdu)
        held = self._held.get(client_sap)
        if held is None or is_over(held, block, now):
            held = self._begin(client_sap, terms, now)
        held.heard_at = now
        whole, out = held.transfer.receive(block)
        for answer in out:
            self._link.send(client_sap, answer, now)
        return whole

    def expect(self, client_sap: int, request: int) -> None:
        """Remember which request came in blocks: its answer leaves in the same exchange."""
        self._held[client_sap].request = request

    def send(self, client_sap: int, terms: Terms | None, apdu: bytes, now: float, request: int) -> None:
        """Send the answer to a request."""
        held = self._held.get(client_sap)
        if held is None or held.request != request:
            if terms is None or not is_long(apdu, terms):
                self._link.send(client_sap, apdu, now)
                return
            held = self._begin(client_sap, terms, now)
        for block in held.transfer.send(apdu):
            self._link.send(client_sap, block, now)

    def notify(self, client_sap: int, terms: Terms, apdu: bytes, now: float) -> None:
        """Send what nobody asked for."""
        if len(apdu) <= terms.limit:
            self._link.notify(client_sap, apdu, now)
            return
        if not is_long(apdu, terms):
            raise EncodeError(f"notification of {len(apdu)} octets, the client takes {terms.limit} and no blocks")
        held = self._held.get(client_sap)
        if held is not None and not held.transfer.is_sent:
            raise LocalProtocolError(f"client {client_sap} is in the middle of another block transfer")
        for block in self._begin(client_sap, terms, now).transfer.send(apdu):
            self._link.notify(client_sap, block, now)

    def end(self, client_sap: int) -> None:
        """Forget the exchange of a client."""
        self._held.pop(client_sap, None)

    def _begin(self, client_sap: int, terms: Terms, now: float) -> Held:
        held = self._held[client_sap] = Held(Transfer(terms.limit, self._window, is_server=True), now)
        return held


def is_over(held: Held, block: GeneralBlockTransfer, now: float) -> bool:
    """Whether a block begins another exchange, and is not sent again because our answer was lost.

    The same request once more, after its answer has left, is read again where it only reads; else it is
    taken for the one that was answered, for a while.
    """
    transfer = held.transfer
    if block.block_number_ack or not block.block_data or block.block_number != 1:
        return False
    if block.block_data != transfer.first:
        return True
    if not (transfer.is_complete and transfer.is_sent):
        return False
    is_idle = now - held.heard_at > LINGER_S
    return is_idle or transfer.is_several or block.block_data[0] == GET_TAG


def is_long(apdu: bytes, terms: Terms) -> bool:
    """Whether an APDU is to leave by general block transfer."""
    return len(apdu) > terms.limit and terms.allow(Conformance.GENERAL_BLOCK_TRANSFER)
