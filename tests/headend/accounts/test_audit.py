"""The audit: a chain per organisation that tells whatever is done to it."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from headend.accounts.office import NORTH, Office
from openami.headend.accounts import audit
from openami.headend.accounts.audit import FIRST, digest, note, verify
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import ForbiddenError

BOTH = True
AUDITED = pytest.mark.feature("SIMS-26")


def fill(office: Office, rows: int = 6) -> None:
    for number in range(rows):
        office.system(lambda unit, n=number: note(unit, "test", f"thing {n}", scope=NORTH, at=n, before=n, after=n + 1))
    office.accounts.gate.kept(office.database)


def faults(office: Office, *, anchored: bool = True) -> list[str]:
    anchors = office.accounts.gate.anchors.load() if anchored else {}
    return [str(fault) for fault in office.system(lambda unit: verify(unit, anchors))]


def last(office: Office) -> int:
    return int(office.system(lambda unit: unit.value("SELECT number FROM audit_head WHERE tenant = 'north'")))


def rewritten(unit: Unit, after: int) -> None:
    """What a patient forger does: compute every hash behind a change anew, and the head as well."""
    rows = unit.rows(f"SELECT {audit.COLUMNS} FROM audit WHERE tenant = 'north' ORDER BY number")
    previous = FIRST
    for row in rows:
        hash_ = digest(*row[:9], previous) if row[1] >= after else row[10]
        unit.run(
            "UPDATE audit SET previous = ?, hash = ? WHERE tenant = 'north' AND number = ?",
            (previous if row[1] >= after else row[9], hash_, row[1]),
        )
        previous = hash_
    unit.run("UPDATE audit_head SET hash = ? WHERE tenant = 'north'", (previous,))


@AUDITED
def test_an_untouched_chain_is_whole(office: Office) -> None:
    fill(office)
    assert faults(office) == []
    assert office.settings.anchors.stat().st_mode & 0o077 == 0


@AUDITED
@pytest.mark.parametrize("column", ["who", "at", "action", "subject", "detail", "scope", "means", "hash", "previous"])
def test_a_changed_row_is_noticed(office: Office, column: str) -> None:
    fill(office)
    row = last(office) - 2
    value: object = 7 if column == "at" else "forged"
    office.system(
        lambda unit: unit.run(f"UPDATE audit SET {column} = ? WHERE tenant = 'north' AND number = ?", (value, row))
    )
    assert any(f"row {row}: was changed" in fault for fault in faults(office, anchored=False))


@AUDITED
@pytest.mark.parametrize("many", [1, 3])
def test_a_removed_row_is_noticed(office: Office, many: int) -> None:
    fill(office)
    row = last(office) - 4
    office.system(lambda unit: unit.run(
        "DELETE FROM audit WHERE tenant = 'north' AND number >= ? AND number < ?", (row, row + many)
    ))  # fmt: skip
    assert f"row {row}: row {row if many == 1 else f'{row} to {row + many - 1}'} was removed" in faults(office)[0]


@AUDITED
def test_swapped_rows_are_noticed(office: Office) -> None:
    fill(office)
    row = last(office) - 3

    def swap(unit: Unit) -> None:
        for old, new in ((row, -1), (row + 1, row), (-1, row + 1)):
            unit.run("UPDATE audit SET number = ? WHERE tenant = 'north' AND number = ?", (new, old))

    office.system(swap)
    assert any(f"row {row}: does not follow" in fault for fault in faults(office, anchored=False))


@AUDITED
@pytest.mark.parametrize("with_head", [False, True])
def test_a_tail_that_was_cut_off_is_noticed(office: Office, *, with_head: bool) -> None:
    """By the head in the database; and where that was taken back too, by the anchor beside it."""
    fill(office)
    end = last(office)

    def cut(unit: Unit) -> None:
        unit.run("DELETE FROM audit WHERE tenant = 'north' AND number > ?", (end - 2,))
        if with_head:
            hash_ = unit.value("SELECT hash FROM audit WHERE tenant = 'north' AND number = ?", (end - 2,))
            unit.run("UPDATE audit_head SET number = ?, hash = ? WHERE tenant = 'north'", (end - 2, hash_))

    office.system(cut)
    assert faults(office) == [f"audit of /north, row {end - 1}: everything up to row {end} was cut off"]
    assert (faults(office, anchored=False) == []) is with_head


@AUDITED
def test_a_whole_chain_that_is_gone_is_noticed(office: Office) -> None:
    fill(office)
    office.system(lambda unit: unit.run("DELETE FROM audit WHERE tenant = 'north'"))
    office.system(lambda unit: unit.run("DELETE FROM audit_head WHERE tenant = 'north'"))
    assert any("cut off" in fault for fault in faults(office))


@AUDITED
def test_a_chain_that_was_computed_anew_is_noticed_by_its_anchors(office: Office) -> None:
    fill(office)
    row = last(office) - 2

    def forge(unit: Unit) -> None:
        unit.run("UPDATE audit SET who = 'somebody else' WHERE tenant = 'north' AND number = ?", (row,))
        rewritten(unit, row)

    office.system(forge)
    assert faults(office, anchored=False) == []
    assert any("not the row that was anchored" in fault for fault in faults(office))


@AUDITED
def test_writers_at_the_same_time_make_one_chain(office: Office) -> None:
    def write() -> None:
        for _ in range(10):
            office.system(lambda unit: note(unit, "race", "x", scope=NORTH))

    before = last(office)
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert last(office) == before + 40
    assert faults(office) == []


@AUDITED
def test_there_is_no_row_without_its_action(office: Office) -> None:
    end = last(office)

    def broken(unit: Unit) -> None:
        note(unit, "test", "x", scope=NORTH)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        office.system(broken)
    assert last(office) == end


@AUDITED
def test_each_reads_what_is_theirs(office: Office) -> None:
    fill(office)
    read: Callable[[Unit], audit.Page] = lambda unit: audit.read(unit, limit=500)  # noqa: E731
    everything = office.as_(office.signed_in("aud"), read).entries
    assert {entry.tenant for entry in everything} == {"", "north", "south"}
    with pytest.raises(ForbiddenError, match="read the audit"):
        office.as_(office.signed_in("nora"), read)


@AUDITED
async def test_rest_reads_and_verifies(office: Office) -> None:
    fill(office)
    async with office.browser("aud") as browser:
        page = (await browser.get("/api/audit", params={"limit": 3, "action": "test"})).json()
        assert [entry["subject"] for entry in page["items"]] == ["thing 5", "thing 4", "thing 3"]
        more = (await browser.get("/api/audit", params={"limit": 3, "action": "test", "before": page["next"]})).json()
        assert [entry["subject"] for entry in more["items"]] == ["thing 2", "thing 1", "thing 0"]
        assert (await browser.get("/api/audit/verify")).json() == {"is_whole": True, "faults": []}
        office.system(lambda unit: unit.run("UPDATE audit SET who = 'x' WHERE subject = 'thing 1'"))
        broken = await browser.get("/api/audit/verify")
        assert (broken.status_code, broken.json()["is_whole"]) == (409, False)


@AUDITED
def test_the_command_verifies(office: Office) -> None:
    if office.database.path is None:
        return  # the command takes a folder here; the URL is shown with the settings
    fill(office)
    command = [sys.executable, "-m", "openami", "headend", "audit", "verify", "--data", str(office.settings.data)]
    whole = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.startswith("the audit is whole: ")
    office.system(lambda unit: unit.run("DELETE FROM audit WHERE subject = 'thing 3'"))
    broken = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    assert broken.returncode == 1
    told = json.loads(broken.stdout)
    assert told["is_whole"] is False
    assert "removed" in told["faults"][0]["message"]
