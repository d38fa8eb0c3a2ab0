"""Services one at a time: lists, long values in blocks, general block transfer, ACCESS."""

from itertools import product

from interop.cell import CLEAR, COSEM, FULL, GENERAL, GURUX, SN, Way, defect, seen
from interop.stands import HDLC, SERIAL, WRAPPER

DEDICATED = Way(5, dedicated_key="random")
SERVICE_BLOCKS = [f"BLOCK_TRANSFER_WITH_{service}" for service in ("GET_OR_READ", "SET_OR_WRITE", "ACTION")]
GENERAL_BLOCKS = {"without": SERVICE_BLOCKS, "with": ["GENERAL_BLOCK_TRANSFER", "GENERAL_PROTECTION"]}
LONG_GET, LONG_SET = "GET of a long value, in blocks", "SET of a long value, in blocks"
BLOCK_WAYS = ((CLEAR, WRAPPER), (CLEAR, HDLC), (CLEAR, SERIAL), (FULL, WRAPPER), (FULL, HDLC), (DEDICATED, WRAPPER))
LONG_GETS = (
    *(seen(GURUX, LONG_GET, way, line) for way, line in (*BLOCK_WAYS, (GENERAL, WRAPPER))),
    *(seen(COSEM, LONG_GET, way, line) for way, line in product((CLEAR, GENERAL), (WRAPPER, HDLC))),
    defect(
        seen(GURUX, LONG_GET, **SN, facts={"with": ["BLOCK_TRANSFER_WITH_GET_OR_READ"]}),
        "calls two methods that it has not",
        "'GXReplyData' object has no attribute 'setTotalCount'",
    ),
    defect(
        seen(GURUX, "GET of a long value, by general block transfer", facts=GENERAL_BLOCKS),
        "cannot confirm a block that it was sent",
        "'GXDLMSSettings' object has no attribute 'blockNumber'",
    ),
)
LONG_SETS = (
    *(seen(GURUX, LONG_SET, way, line) for way, line in BLOCK_WAYS),
    defect(
        seen(GURUX, LONG_SET, GENERAL),
        "does not count its system title: what it sends is longer than the server takes",
        "PDU is too long",
    ),
    defect(
        seen(COSEM, LONG_SET),
        "has no blocks for what it writes",
        "PDU size too big. Max PDU size for association is 120",
    ),
)
READ_LISTS = (
    *(
        defect(
            seen(GURUX, "GET with a list", referencing=referencing),
            "cannot read the answer",
            "TypeError: 'bytearray' object cannot be interpreted as an integer",
        )
        for referencing in ("LN", "SN")
    ),
    seen(COSEM, "GET with a list"),
    seen(COSEM, "GET with a list", GENERAL),
)
WRITE_LISTS = (
    defect(
        seen(GURUX, "SET with a list"),
        "cannot make the request",
        "AttributeError: 'GXWriteItem' object has no attribute 'getDataType'",
    ),
)
ACCESSES = (
    *(seen(GURUX, "ACCESS to read", way) for way in (CLEAR, GENERAL)),
    defect(seen(GURUX, "ACCESS to read", FULL), "knows no glo form of ACCESS", "Invalid GLO command"),
)
ACCESSES_TO_WRITE = (
    defect(
        seen(GURUX, "ACCESS to write"), "cannot make the request", "'GXDLMSData' object has no attribute 'settings'"
    ),
)
GENERAL_SETS = (
    seen(GURUX, "SET of a long value, by general block transfer", facts=GENERAL_BLOCKS | {"size": 500}),
    defect(
        seen(
            GURUX,
            "SET by general block transfer that fills the last block",
            facts=GENERAL_BLOCKS | {"size": 1000, "is_marked": False},
        ),
        "marks no block as the last",
    ),
    defect(
        seen(
            GURUX,
            "SET of little less than the largest APDU, general block transfer agreed",
            facts=GENERAL_BLOCKS | {"size": 100},
        ),
        "cuts the APDU short",
        "the meter answered with error 12",
    ),
    *(
        defect(
            seen(
                GURUX,
                "SET of a long value, by general block transfer",
                way,
                facts=GENERAL_BLOCKS | {"size": 500, "is_marked": False},
            ),
            "marks no block as the last",
        )
        for way in (FULL, GENERAL)
    ),
)
RESETS = (
    seen(GURUX, "reset of a register"),
    defect(seen(GURUX, "reset of a register", **SN), "knows no method of a register", "ValueError: methodIndex"),
)
ENTRIES = (defect(seen(COSEM, "rows by entry"), "cannot make the request", "^NotImplementedError"),)
