"""The conformance cases, from the suite that runs them; results and witnesses from a file that tests hold."""

import json
from pathlib import Path
from textwrap import fill
from typing import Any

from generators.markdown import code, table
from openami.conformance.case import Case
from openami.conformance.report import CLAIM
from openami.conformance.suite import SUITE
from openami.conformance.verdict import Group, Verdict

HEAD = f"""# Conformance

`openami meter test --conformance URL` runs the cases below against any meter, by octets, over TCP, UDP, HDLC and serial
lines.

{fill(CLAIM, 119)}
Names that begin with `COSEM_` are ours for the subtests of that plan, but for `COSEM_x_y`.

| verdict | meaning |
| --- | --- |
"""
MEANINGS = {
    Verdict.PASS: "the rule holds; remarks tell what else was seen",
    Verdict.FAIL: "the meter broke the rule: what was sent, what was expected, what came. The command ends with 1",
    Verdict.INCONCLUSIVE: "the rule could not be put to the test: no link, no answer to what comes before, time over",
    Verdict.NOT_APPLICABLE: "the way there, the associations given, or the meter itself has nothing the rule is about",
}
ABOUT = """
Nothing is written to a meter without `--allow-writes`. Where the books leave a choice, the case leaves it too: a frame
that cannot be taken may be answered by FRMR, DM or silence; a request that cannot be served by its result, an
exception-response, an error or silence; a refused association may always keep its reason to itself. What is never
accepted is an answer that serves.

Each case is shown twice by the tests: our meter passes it, and a meter that breaks its one rule fails it, for that
reason (`tests/conformance/test_broken_*.py`). The last column names a client that somebody else wrote and that was
driven to the same effect against our meter, for the chief part of the case, and the test in which it was.

## What must be known of a meter

Keys come from the environment, from a shipment file, or from a file like this; a key left out is taken from the
environment.

```toml
server = "1/17"          # SAP; on HDLC also logical/physical device
response_s = 5           # how long an answer may take
silence_s = 1.5          # how long nothing must come to count as nothing
gap_s = 1.5              # HDLC: a pause that surely ends a frame
inactivity_s = 120       # HDLC: the meter's inactivity time-out; HDLC_FRAME_P3 waits for it
addresses = ["1"]        # HDLC: other addresses it answers to

[[association]]
client = 16

[[association]]
client = 1
mechanism = "hls5"                      # lowest, lls, hls2 to hls6
policy = "authenticated-encrypted"      # none, authenticated, encrypted
encryption_key = "000102030405060708090A0B0C0D0E0F"
authentication_key = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
client_title = "4F414D0000000001"
```

Further keys of an association: `password`, `secret`, `server_title`, `ciphering` (`glo`, `general-glo`), `referencing`
(`short`), `suite`, `invocation_counter`, `challenge_length`, `master_key`, `broadcast_key`, and `spare_key`: the key
that the key transfer cases change to. `SYMSEC_0_Key_Tx_P1` leaves it in place: a key that was in use before would let
old requests in, for its counters begin anew.
"""
TITLES = {
    Group.HDLC: "Data link layer",
    Group.APPLICATION: "Application layer",
    Group.OBJECTS: "COSEM objects",
    Group.SECURITY: "Symmetric key security, suite 0",
}
COLUMNS = ("case", "rule", "what is done and expected", "CompactIQ", "confirmed by")
RESULTS = Path("docs") / "reference" / "conformance.json"


def page(root: Path) -> str:
    """Describe every case."""
    results = json.loads((root / RESULTS).read_text(encoding="utf-8"))
    verdicts = "\n".join(f"| {verdict.value} | {meaning} |" for verdict, meaning in MEANINGS.items())
    sections = "".join(section(group, results) for group in Group)
    return f"{HEAD}{verdicts}\n{ABOUT}{sections}"


def section(group: Group, results: dict[str, Any]) -> str:
    """Describe the cases of a group."""
    rows = [row(case, results) for case in SUITE if case.group is group]
    return f"\n## {TITLES[group]}\n\n{table(COLUMNS, rows)}\n"


def row(case: Case, results: dict[str, Any]) -> tuple[str, ...]:
    """Describe one case."""
    known = results["confirmed"].get(case.name)
    witness = "" if known is None else f"{known['by']} ({known['in']})"
    return code(case.name), case.title, case.story, result(case, results), witness


def result(case: Case, results: dict[str, Any]) -> str:
    """Say how our meter does."""
    none = results["not_applicable"].get(case.name)
    if none is not None:
        return f"not applicable: {none['why']}; passes against {none['passes']}"
    ways = {Group.HDLC: "HDLC", Group.APPLICATION: "wrapper and HDLC"}.get(case.group, "wrapper")
    terms = results["on_terms"].get(case.name)
    return f"passes ({ways})" if terms is None else f"passes ({ways}) {terms}"
