"""Security setup, worked by a peer."""

from dataclasses import replace

from interop.cell import FULL, GURUX, SUITE_0, SUITE_1, SUITE_2, Cell, Outcome, Way, defect, seen

METHODS = "Security setup, version"
OLD, NEW = {"version": 0}, {"version": 1}

TRANSFERS = (
    seen(GURUX, f"{METHODS} 0: global_key_transfer", FULL, facts=OLD),
    *(seen(GURUX, f"{METHODS} 1: key_transfer", Way(5, suite), facts=NEW) for suite in (SUITE_0, SUITE_1)),
    defect(
        seen(GURUX, f"{METHODS} 1: key_transfer", Way(5, SUITE_2), facts=NEW),
        "takes no master key of 32 octets",
        "ValueError: Key Encrypting Key",
    ),
)
ACTIVATIONS = (
    seen(GURUX, f"{METHODS} 0: security_activate", FULL, facts=OLD | {"policy": 3}),
    *(
        seen(GURUX, f"{METHODS} 1: security_activate", Way(5, suite), facts=NEW | {"policy": 12})
        for suite in (SUITE_0, SUITE_1, SUITE_2)
    ),
)
AGREEMENTS = (
    defect(
        seen(GURUX, f"{METHODS} 1: key_agreement", Way(5, SUITE_1), facts=NEW),
        "cannot make the request with key pairs in the form that HLS 7 needs",
        "AttributeError: 'tuple' object has no attribute 'public'",
    ),
)
REQUESTS = tuple(
    seen(GURUX, f"{METHODS} 1: generate_key_pair, generate_certificate_request", Way(5, suite), facts=NEW)
    for suite in (SUITE_1, SUITE_2)
)
CERTIFICATES = tuple(
    seen(GURUX, f"{METHODS} 1: certificates imported, listed, exported, removed", Way(5, suite), facts=NEW)
    for suite in (SUITE_1, SUITE_2)
)
READINGS = (
    defect(
        Cell(peer=GURUX, what="certificate with a key usage, taken apart"),
        "cannot read it, and takes none without",
        "TypeError: 'bool' object is not subscriptable",
    ),
)
LONG_ACTION = "ACTION with long parameters, in blocks"
BLOCKS = (
    seen(GURUX, LONG_ACTION, Way(5, SUITE_1), facts=NEW),
    seen(GURUX, LONG_ACTION, Way(5, SUITE_1, dedicated_key="random"), facts=NEW),
    defect(
        seen(GURUX, LONG_ACTION, Way(5, SUITE_1, ciphering="general-glo"), facts=NEW),
        "does not count its system title: what it sends is longer than the server takes",
        "PDU is too long",
    ),
)
ANSWERS = (
    replace(
        seen(GURUX, "ACTION with a long answer, in blocks", Way(5, SUITE_1), facts=NEW),
        outcome=Outcome.DIFFERENCE,
        note="takes what the blocks hold for the return parameter alone; ours hold the result before it",
    ),
)
