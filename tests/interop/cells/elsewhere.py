"""What tests of other folders hold against a peer; they bear the mark with the same words."""

from interop.cell import GURUX, Cell, defect


def held(what: str, referencing: str = "–", line: str = "–") -> Cell:
    """A cell that has no way of security."""
    return Cell(peer=GURUX, what=what, referencing=referencing, protection="–", line=line)


OCTETS = (
    held("octets of attributes, more than 130: classes that every meter has"),
    held("octets of attributes, more than 350: classes of media, switches, limits, pushes"),
    held("numbers of attributes and methods of 39 versions of classes"),
    held("octets of parameters of methods"),
    held("account, credit, charge, token gateway: numbers, types and octets of every attribute"),
    defect(
        held("Schedule: enable and disable"),
        "sends for enable what disables, and the other way about",
    ),
)
SHORT_NAMES = (
    held("where methods stand", "SN"),
    defect(
        held("where methods of profiles and clocks stand", "SN"),
        "names the place of an attribute",
    ),
    held("requests of the client", "SN"),
)
HDLC = (
    held("values in segments", line="HDLC"),
    held("lengths of frames and windows agreed on", line="HDLC"),
    held("our frames taken apart", line="HDLC"),
)
