"""APDUs out of frames that are not numbered: the UI frames of one sender."""

from openami.dlms.hdlc import llc
from openami.dlms.hdlc.frame import Frame
from openami.dlms.hdlc.transfer import MAX_APDU


class Segments:
    """Puts segments together. Nothing numbers them: an LLC header begins anew, a lost beginning drops what follows."""

    __slots__ = ("_is_lost", "_max_apdu", "_partial")

    def __init__(self, max_apdu: int = MAX_APDU) -> None:
        self._max_apdu = max_apdu
        self._partial: bytearray | None = None
        self._is_lost = False

    def add(self, frame: Frame) -> bytes | None:
        """Take a frame; the APDU once it is whole, without LLC header."""
        if llc.has_header(frame.information):
            self._partial, self._is_lost = bytearray(), False
        elif self._is_lost or (self._partial is None and frame.is_segmented):
            self._is_lost = frame.is_segmented
            return None
        partial = bytearray() if self._partial is None else self._partial
        partial += llc.strip(frame.information)
        self._partial = partial if frame.is_segmented else None
        if len(partial) > self._max_apdu:
            self._partial, self._is_lost = None, frame.is_segmented
            return None
        return bytes(partial) if partial and not frame.is_segmented else None
