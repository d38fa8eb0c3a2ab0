"""Optical ports by IEC 62056-21: HDLC after mode E, and a reader of mode C."""

from interop.cell import CLEAR, FULL, GURUX, Cell, seen
from interop.stands import OPTICAL

IEC = "iec62056-21"
LINE = "serial, IEC 62056-21 mode C"
GREETED = tuple(seen(GURUX, "whole tour", way, OPTICAL) for way in (CLEAR, FULL))
READOUTS = (Cell(peer=IEC, what="readout", referencing="–", line=LINE),)
PROGRAMMED = (Cell(peer=IEC, what="password, a value read and written, break", referencing="–", line=LINE),)
