"""APDUs on their way over the link: whole, or longer than the server takes, by general block transfer."""

from typing import Final

from openami.dlms.client.session import Session
from openami.dlms.gbt import Transfer
from openami.dlms.link import ClientLink
from openami.dlms.xdlms import Conformance, GeneralBlockTransfer

_GBT: Final = int(Conformance.GENERAL_BLOCK_TRANSFER)


class Carrier:
    """Sends and gathers blocks of one exchange at a time; a new request begins another."""

    __slots__ = ("_link", "_prefers_gbt", "_session", "_transfer", "_window")

    def __init__(self, link: ClientLink, session: Session, window: int, *, prefers_gbt: bool) -> None:
        self._link = link
        self._session = session
        self._window = window
        self._prefers_gbt = prefers_gbt
        self._transfer: Transfer | None = None

    def send(self, apdu: bytes, now: float, *, is_confirmed: bool) -> None:
        """Send a request; in blocks only what is answered."""
        session = self._session
        if is_confirmed and (self._prefers_gbt or len(apdu) > session.limit) and session.conformance & _GBT:
            self._transfer = Transfer(session.limit, self._window)
            self._put(self._transfer.send(apdu), now)
            return
        self._transfer = None
        self._link.send(apdu, now)

    def take(self, apdu: bytes, now: float) -> tuple[bytes | None, bool]:
        """Take a block of the server: the APDU it completes, and whether it is of any news."""
        block = GeneralBlockTransfer.decode(apdu)
        transfer = self._transfer
        if transfer is None or (transfer.is_complete and transfer.is_followed_by(block)):
            transfer = self._transfer = Transfer(self._session.limit, self._window)
        before = transfer.progress
        whole, out = transfer.receive(block)
        self._put(out, now)
        return whole, transfer.progress != before

    def repeat(self, now: float) -> bool:
        """Ask again for what was lost; whether there is an exchange under way."""
        transfer = self._transfer
        if transfer is None or transfer.is_complete:
            return False
        self._put(transfer.repeat(), now)
        return True

    def end(self) -> None:
        """Forget the exchange."""
        self._transfer = None

    def _put(self, apdus: list[bytes], now: float) -> None:
        for apdu in apdus:
            self._link.send(apdu, now)
