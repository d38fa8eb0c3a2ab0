"""Proof of who one is, answers that somebody has changed, and what peers let out or never notice."""

from dataclasses import replace

from interop.cell import COSEM, FULL, GENERAL, GURUX, NONE, SECRET_16, SUITE_1, SUITE_2, Outcome, defect, seen
from interop.stands import HDLC, SERIAL, WINDOW
from secured import Way

WRONG, CHANGED = "association with a wrong secret", "answer with a changed"
SECRETS = {1: "another", 2: "another secret!!", 3: "another", 4: "another", 6: "another"}
REFUSALS = (
    *(
        replace(seen(peer, WRONG, way, facts={**facts, "wrong": wrong}), outcome=Outcome.REFUSED)
        for peer, way, facts, wrong in (
            *((GURUX, Way(n, policy=NONE), {"secret": SECRET_16}, {"secret": s}) for n, s in SECRETS.items()),
            (GURUX, Way(5, SUITE_1), {}, {"authentication_key": "00" * 16}),
            (GURUX, Way(5, SUITE_2), {}, {"authentication_key": "00" * 32}),
            (GURUX, Way(7, SUITE_1, NONE), {"challenge": 32}, {"private_key": "01" * 32}),
            (COSEM, Way(1, policy=NONE), {}, {"secret": "another"}),
            (COSEM, Way(2, policy=NONE), {"secret": SECRET_16}, {"secret": "another secret!!"}),
            (COSEM, GENERAL, {}, {"authentication_key": "00" * 16}),
        )
    ),
)
FORGERIES = (
    *(
        defect(seen(GURUX, f"{CHANGED} {place}", FULL, facts={"octet": octet, "taken": taken}), note)
        for place, octet, taken, note in (
            ("tag", -1, "12345", "does not check the tag"),
            ("ciphertext", -13, "12473", "does not check the tag: it takes another value"),
        )
    ),
    defect(
        seen(GURUX, "answers whose invocation counters go down", FULL, facts={"goes_down": True, "taken": "12345"}),
        "does not look at invocation counters",
    ),
    *(
        replace(
            seen(COSEM, f"{CHANGED} {place}", GENERAL, facts={"octet": octet}, failure="tag is not valid"),
            outcome=Outcome.REFUSED,
        )
        for place, octet in (("tag", -1), ("ciphertext", -13))
    ),
    replace(
        seen(
            COSEM,
            "answers whose invocation counters go down",
            GENERAL,
            facts={"goes_down": True},
            failure="invocation counter is not larger",
        ),
        outcome=Outcome.REFUSED,
    ),
)
OPENINGS = (
    defect(
        seen(GURUX, "AARQ of more than 127 octets", Way(5, SUITE_2, dedicated_key="random"), facts={"challenge": 32}),
        "writes the length in one octet",
    ),
    defect(
        seen(COSEM, "AARQ of more than 127 octets", GENERAL, facts={"challenge": 64}), "writes the length in one octet"
    ),
)
DISCLOSURES = (
    defect(
        seen(GURUX, "secrets stay at home", Way(7, SUITE_1, NONE), facts={"challenge": 32}),
        "prints its private key",
    ),
    defect(
        seen(COSEM, "secrets stay at home", Way(2, policy=NONE), facts={"secret": SECRET_16}),
        "sends its secret, in clear, for a challenge",
    ),
)
PROOFS = (
    defect(
        seen(COSEM, "secret of HLS 2 of other than 16 octets", Way(2, policy=NONE)),
        "cannot make the proof",
        "not a multiple of the block length",
    ),
)
FRAMES = (
    defect(
        seen(GURUX, "answer in several frames at once", line=WINDOW, facts={"timeout_s": 0.5}),
        "does not take them: it goes on waiting",
        "no answer to 7ea01a",
    ),
    defect(
        seen(
            COSEM,
            "frame whose check sequence ends in 7E",
            line=HDLC,
            facts={"name": "OAMSIM0000000001", "timeout_s": 0.5},
        ),
        "takes the end of the check sequence for the closing flag, and waits for more",
        "CommunicationError: Could not receive data",
    ),
    defect(
        seen(
            COSEM,
            "frame whose check sequence ends in 7E",
            line=SERIAL,
            facts={"name": "OAMSIM0000000001", "timeout_s": 0.5},
        ),
        "takes the end of the check sequence for the closing flag, and goes on after its time-out",
    ),
)
HANGS = (defect(seen(COSEM, "connection that the meter closes"), "never notices, and waits for ever"),)
