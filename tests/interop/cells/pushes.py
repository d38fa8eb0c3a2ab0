"""Pushes of peers to us, and ours to them."""

from itertools import product

from interop.cell import COSEM, GURUX, Cell, Outcome, defect

FRAMINGS = ("wrapper", "hdlc", "raw")
LINES = {"wrapper": "wrapper", "hdlc": "HDLC", "raw": "no frames"}
#: Words for the security control.
PROTECTIONS = {0: "clear", 0x10: "general-glo, A", 0x20: "general-glo, E", 0x30: "general-glo, A+E"}
SMALL = 64


def pushed(what: str, framing: str, control: int = 0, peer: str = GURUX, **facts: object) -> Cell:
    """A cell of a push."""
    return Cell(
        peer=peer,
        what=what,
        protection=PROTECTIONS[control],
        suite="0" if control else "–",
        line=LINES[framing],
        facts={"framing": framing, "protection": control, **facts},
    )


SETUPS = tuple(pushed("pushes a Push setup to us", *ways) for ways in product(FRAMINGS, PROTECTIONS))
BLOCKS = tuple(
    pushed("pushes in blocks to us", framing, control, values=40)
    for framing, control in product(FRAMINGS, (0, 0x10, 0x30))
)
UNMARKED = tuple(
    defect(pushed("pushes in blocks to us", framing, 0x20, values=40), "marks no block as the last")
    for framing in FRAMINGS
)
BLOCK_NUMBERS = (
    defect(
        pushed("acknowledges, in each block, none", "wrapper", values=40),
        "names block FFFF as acknowledged in the third",
    ),
)
FRAME_NUMBERS = (
    defect(
        pushed("pushes in several frames of HDLC", "hdlc", values=40),
        "sends a UI frame, then I-frames, on a line where no association is",
    ),
)
EVENTS = tuple(pushed("sends an EventNotification to us", framing) for framing in FRAMINGS)
SEALED_EVENTS = (
    defect(
        pushed("sends an EventNotification to us", "wrapper", 0x30),
        "knows no glo form of it",
        "Invalid GLO command",
    ),
)
REPORTS = (
    Cell(peer=GURUX, what="sends an information-report to us", referencing="SN", line="wrapper"),
    defect(
        Cell(peer=GURUX, what="sends an information-report with a time", referencing="SN", line="wrapper"),
        "drops the time",
    ),
)
CONFIRMED = tuple(pushed("pushes over TCP, and is confirmed", framing) for framing in ("wrapper", "hdlc"))
TAKEN = tuple(
    pushed(what, framing, control, max_pdu=max_pdu)
    for (what, max_pdu), framing, control in product(
        (("takes what we push", 0xFFFF), ("takes what we push in blocks", 128)), FRAMINGS, PROTECTIONS
    )
)
SEGMENTS = (pushed("takes what we push in segments", "hdlc"),)
REPORTS_TAKEN = (
    defect(
        Cell(peer=GURUX, what="takes our EventNotification", line="wrapper"),
        "cannot put the value into an object that it knows",
        "'GXDLMSRegister' object has no attribute 'settings'",
    ),
    defect(
        Cell(peer=GURUX, what="takes our information-report", referencing="SN", line="wrapper"),
        "cannot put the value into an object that it knows",
        "'tuple' object has no attribute 'key'",
    ),
)
GENERAL_TAKEN = (
    defect(
        Cell(
            peer=GURUX,
            what="takes what we push",
            protection="general-ciphering, A+E",
            suite="0",
            line="wrapper",
            facts={"framing": "wrapper", "protection": 0x30},
        ),
        "cannot open general-ciphering",
        "'AesGcmParameter' object has no attribute 'setSystemTitle'",
    ),
)
COSEM_TAKEN = tuple(pushed("takes what we push", "wrapper", control, peer=COSEM) for control in (0, 0x30))
TWICE = (
    Cell(
        peer=GURUX,
        what="pushes the same to us again",
        protection=PROTECTIONS[0x30],
        suite="0",
        line="wrapper",
        outcome=Outcome.REFUSED,
        facts={"framing": "wrapper", "protection": 0x30},
    ),
)
