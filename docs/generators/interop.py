"""What other stacks do with ours, from what the tests of interoperation wrote down."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TypedDict

from generators.markdown import table

LEDGER: Final = Path("docs") / "reference" / "interop.json"


class Cell(TypedDict):
    """One test, as `tests/interop/cell.py` gives it."""

    peer: str
    what: str
    referencing: str
    mechanism: str
    protection: str
    suite: str
    line: str
    outcome: str
    note: str


class Ledger(TypedDict):
    """Versions of the peers, and all cells."""

    peers: dict[str, str]
    cells: list[Cell]


Row = tuple[tuple[str, ...], ...]
"""Values of each column that all go with one another."""

HEAD = """# Interoperation

Other people's stacks, run beside ours in processes of their own. Every row below stands for tests of `tests/interop`
(some of `tests/cosem` and `tests/dlms/hdlc`) that have passed: where it says *works*, the values that were read,
written or returned are compared with those that the meter holds; where it names a **defect**, the test holds just that
failure of the peer, so that a peer that is mended is noticed. The table is made by `make interop`; a test holds that
it is the one of the matrix and of the versions that are installed.

A row with several values in several columns stands for every combination of them; the last column counts its tests. Our
side is the server, the peer the client, unless a row says otherwise. In the columns:

- A *whole tour* is: the object list, every attribute, a profile by entry and by range (dlms-cosem: by range alone), a
  write, a method, and the release.
- Protection is the form of the APDUs and the policy: A authenticated, E encrypted. *glo* and *ded* are the forms that
  each service has, *general-glo* and *general-ded* the general ones.
- The blocks of long values come of APDUs of 120 octets at most (128 for ACTION).
- HDLC is spoken with server addresses of one, two or four octets; the serial line is a pair of ptys.
"""
SERVERS = """
## As servers

No Python package on the index has a server that a client could reach. That of gurux-dlms is in its table: it does not
get as far as an AARE. dlms-cosem has none. So our client is not tried against a peer here; what peers send of their own
accord, their pushes, is. Our client is tried against our server, and both against published examples.
"""
UNTRIED: Final = (
    (
        "Gurux Java, C, C# and Delphi, jDLMS, the simulator of GXF",
        "not on the package index; tests install nothing else",
    ),
    (
        "general-ciphering and general-signing sent by gurux-dlms",
        "its client has no setting for them: no protection that signs, no choice of a key",
    ),
    ("glo, ded and general-ded forms, policies A and E with dlms-cosem", "it has general-glo with A+E alone"),
    (
        "dlms-cosem at HLS 3, 4, 6, 7, short names, ACCESS, general block transfer, lists to write, Security setup",
        "it has none of them",
    ),
    ("UDP with dlms-cosem", "25.1.0 has no such line"),
    ("a dedicated key by short names", "gurux-dlms sends no ciphered request by short names"),
    ("compression (V.44)", "ours refuses it: there is no library of it that is kept"),
)
SEEN = """
## Seen while building

Not held by a test, as the rows above are:

- gurux-dlms 1.0.203 gives no logical name for an object of class 74, nor attributes 2 and 3 of class 24.
- gurux-dlms 1.0.203 marks the last block of a ciphered push for some lengths only; above is one of each.
- gurux-dlms 1.0.203 cannot read an information-report with a time in its translator.
- gurux-dlms 1.0.203 prints two lines for each APDU that it ciphers or opens.
- dlms-cosem 25.1.0 has a setting for a dedicated key that changes nothing on the wire.
- iec62056-21 0.0.2 cannot send a password (its data sets ask for an address), and throws away what a meter sends within
  half a second of a change of speed: the tests do both in its place.
"""
COLUMNS: Final = ("what", "referencing", "mechanism", "protection", "suite", "line", "result", "tests")
AXES: Final = ("line", "suite", "mechanism", "protection")
SHOWN: Final = ("mechanism", "protection", "suite", "line")


def page(root: Path) -> str:
    """Describe every peer."""
    ledger: Ledger = json.loads((root / LEDGER).read_text(encoding="utf-8"))
    sections = "".join(section(peer, version, ledger["cells"]) for peer, version in ledger["peers"].items())
    untried = f"## What was not tried, and why\n\n{table(('what', 'why'), UNTRIED)}\n"
    return f"{HEAD}{sections}{SERVERS}\n{untried}{SEEN}"


def section(peer: str, version: str, cells: Iterable[Cell]) -> str:
    """Describe one peer."""
    own = [cell for cell in cells if cell["peer"] == peer]
    counts = "; ".join(f"{count} × {outcome}" for outcome, count in counted(own).items())
    return f"\n## {peer} {version}\n\n{len(own)} tests: {counts}.\n\n{table(COLUMNS, rows(own))}\n"


def counted(cells: Iterable[Cell]) -> dict[str, int]:
    """Count the cells of each outcome, the most frequent first."""
    outcomes = [cell["outcome"] for cell in cells]
    return {outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes), key=outcomes.count, reverse=True)}


def rows(cells: list[Cell]) -> Iterator[tuple[str, ...]]:
    """Give one row for all cells that differ in ways that go with one another."""
    for what, referencing, outcome, note in dict.fromkeys(map(subject, cells)):
        alike = [cell for cell in cells if subject(cell) == (what, referencing, outcome, note)]
        for row in merged([tuple((cell[axis],) for axis in AXES) for cell in alike]):
            ways = dict(zip(AXES, row, strict=True))
            shown = ("; ".join(value for value in ways[axis] if value != "–") for axis in SHOWN)
            yield what, referencing.strip("–"), *shown, result(outcome, note), str(size(row))


def subject(cell: Cell) -> tuple[str, str, str, str]:
    """Say what a row is about."""
    return cell["what"], cell["referencing"], cell["outcome"], cell["note"]


def result(outcome: str, note: str) -> str:
    """Say what came of it."""
    if not note:
        return outcome
    return f"**defect**: {note}" if outcome.startswith("defect") else f"{outcome}: {note}"


def merged(found: list[Row]) -> list[Row]:
    """Put rows together that differ in one column alone, column after column."""
    for place in range(len(AXES)):
        together: dict[Row, list[str]] = {}
        for row in found:
            together.setdefault(row[:place] + row[place + 1 :], []).extend(row[place])
        found = [(*rest[:place], tuple(values), *rest[place:]) for rest, values in together.items()]
    return found


def size(row: Row) -> int:
    """Count the combinations of a row."""
    count = 1
    for values in row:
        count *= len(values)
    return count
