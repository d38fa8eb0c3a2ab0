"""What an association stands on: a link carries whole APDUs over octets (wrapper, HDLC)."""

from typing import Protocol


class ClientLink(Protocol):
    """The client's end. Raises `LinkError`, `DecodeError` or `RemoteProtocolError` when it cannot go on."""

    @property
    def is_connected(self) -> bool:
        """Whether the link is set up, or needs no setting up."""
        ...

    @property
    def progress(self) -> int:
        """Count that moves with every frame that brings a long answer on; an answer is late only without it."""
        ...

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        ...

    def connect(self, now: float) -> None:
        """Set the link up; APDUs to be sent wait for it."""
        ...

    def send(self, apdu: bytes, now: float) -> None:
        """Take an APDU to be sent."""
        ...

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take what has arrived; the APDUs that are whole by now."""
        ...

    def expire(self, now: float) -> None:
        """Repeat what was lost, or give up by `LinkTimeout`."""
        ...

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        ...

    def disconnect(self, now: float) -> bool:
        """Take the link down: whether that is done at once; if not, `is_connected` tells when it is."""
        ...

    def abort(self) -> None:
        """Forget everything: the line is gone."""
        ...


class ServerLink(Protocol):
    """The end of one logical device, with any number of clients told apart by their SAP."""

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        ...

    def receive(self, data: bytes, now: float) -> list[tuple[int, bytes | None]]:
        """Take what has arrived: client SAP and whole APDU, or None for a client that has left the link."""
        ...

    def send(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an answer to be sent; of no effect once the client has left."""
        ...

    def notify(self, client_sap: int, apdu: bytes, now: float) -> None:
        """Take an APDU that nobody asked for."""
        ...

    def expire(self, now: float) -> list[tuple[int, bytes | None]]:
        """Repeat what was lost; None for a client that was silent for too long."""
        ...

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        ...

    def abort(self) -> None:
        """Forget everything: the line is gone."""
        ...
