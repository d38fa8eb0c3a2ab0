"""Peers asked for their opinion on our octets and on data; and gurux-dlms tried as a server."""

from interop.cell import COSEM, GURUX, Cell, defect

SHORT = "APDUs of short names"
TRANSLATED = (Cell(peer=GURUX, what=f"{SHORT}: reads ours as we mean them", referencing="SN"),)
ALIKE = (Cell(peer=GURUX, what=f"{SHORT}: sends what we send", referencing="SN"),)
OPENED = (
    Cell(
        peer=GURUX,
        what=f"{SHORT}: opens our ciphered answers",
        referencing="SN",
        protection="glo and general-glo, A+E",
        suite="0",
    ),
)
BLOCKS = (
    Cell(
        peer=GURUX,
        what=f"{SHORT}: puts our blocks together, two methods supplied",
        referencing="SN",
        facts={"supplied": True},
    ),
    defect(
        Cell(peer=GURUX, what=f"{SHORT}: puts our blocks together", referencing="SN", facts={"supplied": False}),
        "calls two methods that it has not",
        "'GXReplyData' object has no attribute 'setTotalCount'",
    ),
)
NEXT_BLOCKS = (
    defect(
        Cell(peer=GURUX, what=f"{SHORT}: request for the next block", referencing="SN", facts={"supplied": True}),
        "has tag 00 in the place of 05",
    ),
)
COMPACT = (
    Cell(peer=GURUX, what="compact-array: reads every description"),
    Cell(peer=GURUX, what="compact-array: reads a profile"),
)
ODD_COMPACT = (
    defect(
        Cell(peer=GURUX, what="compact-array: rows that hold an array", facts={"holds": "array"}),
        "puts each element of the array into a list of its own",
    ),
    defect(Cell(peer=GURUX, what="compact-array: rows that hold null-data", facts={"holds": "null"}), "loses rows"),
)
TYPES = (
    Cell(peer=GURUX, what="Data of 18 types"),
    Cell(peer=COSEM, what="Data of 13 types"),
)
ODD_TYPES = (
    defect(Cell(peer=GURUX, what="utf8-string"), "takes octets beyond ASCII for no text"),
    *(
        defect(Cell(peer=COSEM, what=name), "cannot read it")
        for name in ("bit-string", "utf8-string", "bcd", "float32", "float64", "compact-array")
    ),
)
SERVERS = (
    defect(
        Cell(peer=GURUX, what="as server: answers an AARQ", facts={"whatever": True}),
        "cannot: its answer lacks what it calls",
        "'GXServerReply' object has no attribute 'setReply'",
    ),
    defect(
        Cell(peer=GURUX, what="as server: is made ready", facts={"whatever": False}),
        "takes no object for one",
        "TypeError: item is not of type GXDLMSObject",
    ),
)
