"""Whole tours: object list, every attribute, rows by entry and by range, a write, a method."""

from itertools import product

from interop.cell import (
    AE,
    CLEAR,
    COSEM,
    FULL,
    GENERAL,
    GURUX,
    NONE,
    POLICIES,
    SECRET_16,
    SN,
    SUITE_0,
    SUITE_1,
    SUITE_2,
    defect,
    seen,
)
from interop.stands import GATEWAY, LINES, LONG_FRAMES
from openami.dlms.security import Suite
from secured import Way

TOUR = "whole tour"
FORMS = ("glo", "general-glo")
GURUX_WAYS = dict.fromkeys(
    (
        *(Way(number, policy=NONE) for number in range(1, 7)),
        *(Way(number, suite) for suite in Suite for number in range(2, 7)),
        *(Way(number) for number in (0, 1)),
        *(
            Way(5, suite, policy, form, dedicated_key=key)
            for suite, policy, form, key in product(Suite, POLICIES, FORMS, (None, "random"))
            if suite is SUITE_0 or policy is AE
        ),
    )
)
COSEM_WAYS = (
    *(Way(number, suite, ciphering="general-glo") for number, suite in ((0, SUITE_0), (1, SUITE_0))),
    *(Way(5, suite, ciphering="general-glo") for suite in (SUITE_1, SUITE_2)),
    Way(1, policy=NONE),
)
COSEM_LINES = [line for line in LINES if line not in {GATEWAY, "wrapper/UDP", LONG_FRAMES}]

TOURS = (
    *(seen(GURUX, TOUR, CLEAR, line) for line in LINES),
    *(seen(GURUX, TOUR, FULL, line) for line in LINES if line != GATEWAY),
    defect(
        seen(GURUX, TOUR, FULL, GATEWAY, facts={"timeout_s": 0.5}),
        "leaves the header of the gateway off an APDU that it ciphers",
        "no answer to 000100010001....cb",
    ),
    *(seen(GURUX, TOUR, way) for way in GURUX_WAYS if way != FULL),
    *(seen(GURUX, TOUR, way, facts={"challenge": 32}) for way in (Way(7, SUITE_1, NONE), Way(7, SUITE_1))),
    *(
        defect(seen(GURUX, TOUR, way, facts={"challenge": 32}), "cannot sign on P-384", "Invalid private key scheme")
        for way in (Way(7, SUITE_2, NONE), Way(7, SUITE_2))
    ),
    *(seen(COSEM, TOUR, way, line) for line in COSEM_LINES for way in (CLEAR, GENERAL)),
    *(seen(COSEM, TOUR, way) for way in COSEM_WAYS),
    *(
        seen(COSEM, TOUR, way, facts={"secret": SECRET_16})
        for way in (Way(2, policy=NONE), Way(2, ciphering="general-glo"))
    ),
)
SHORT_TOURS = (
    *(seen(GURUX, TOUR, CLEAR, line, **SN) for line in LINES if line != GATEWAY),
    defect(
        seen(GURUX, TOUR, CLEAR, GATEWAY, **SN, facts={"timeout_s": 0.5}),
        "leaves the header of the gateway off",
        "no answer to 000100010001....60",
    ),
    *(seen(GURUX, TOUR, Way(number, policy=NONE), **SN) for number in range(1, 7)),
    seen(GURUX, TOUR, Way(7, SUITE_1, NONE), **SN, facts={"challenge": 32}),
    *(
        defect(seen(GURUX, TOUR, way, **SN), "cannot send a ciphered request", "^AssertionError")
        for way in (FULL, GENERAL)
    ),
)
PUBLIC = (
    seen(GURUX, "public client: what is public, and no more"),
    seen(GURUX, "public client: what is public, and no more", **SN),
    seen(COSEM, "public client: what is public, and no more"),
)
