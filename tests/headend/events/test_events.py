import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headend import stores
from headend.fake_meters import ZONE, serial_of
from openami.headend.events import service
from openami.headend.events.codes import meaning, table
from openami.headend.kit.database import Database
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

STANDARD = Layout.of(model("compactiq").find("standard"), ZONE)
FAILURES = Layout.of(model("compactiq").find("failures"), ZONE)


def logged(*events: tuple[int, int]) -> service.Logged:
    values = np.array([(code,) for _, code in events], STANDARD.dtype)
    return service.Logged(1, "standard", np.array([at for at, _ in events], np.int64), values)


def pages(database: Database, limit: int) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    before = None
    with database.read() as unit:
        while True:
            page = service.of(unit, serial_of(0), before=before, limit=limit)
            found += [(event.at, event.code, event.seq) for event in page.events]
            before = page.before
            if before is None:
                return found


def test_events_come_newest_first_page_by_page(database: Database, series: object) -> None:
    with database.write() as unit:
        service.store(unit, STANDARD, [logged(*((100 + n // 2, n % 3) for n in range(11)))])
    everything = pages(database, 100)
    assert len(everything) == 11
    assert everything == sorted(everything, reverse=True)
    assert pages(database, 3) == everything


@settings(max_examples=25)
@given(
    log=st.lists(st.tuples(st.integers(1000, 1004), st.sampled_from([1, 2, 255])), max_size=12).map(
        lambda events: sorted(events, key=lambda event: event[0])
    ),
    reads=st.lists(st.integers(1000, 1004), max_size=4),
)
def test_a_log_read_again_and_again_is_stored_once(log: list[tuple[int, int]], reads: list[int]) -> None:
    import tempfile

    from headend.conftest import METER

    with tempfile.TemporaryDirectory() as folder:
        database = stores.current.database(Path(folder))
        with database.write() as unit:
            unit.run("INSERT INTO node (id, name) VALUES (1, 'n')")
            unit.run(METER, (1, serial_of(0), ZONE))
            for since in [*reads, 1000]:
                service.store(unit, STANDARD, [logged(*(event for event in log if event[0] >= since))])
        found = pages(database, 100)
        assert sorted((at, code) for at, code, _ in found) == sorted(log)
        database.close()


def test_power_failures_have_a_duration(database: Database, series: object) -> None:
    values = np.array([(7200,)], FAILURES.dtype)
    with database.write() as unit:
        service.store(unit, FAILURES, [service.Logged(1, "failures", np.array([50]), values)])
        (event,) = service.of(unit, serial_of(0), "failures").events
    assert (event.meaning, event.detail) == ("long power failure", {"0.0.96.7.19.255": 7200})


def test_an_unknown_code_is_kept_and_says_so(database: Database, series: object) -> None:
    with database.write() as unit:
        service.store(unit, STANDARD, [logged((100, 217))])
        (event,) = service.of(unit, serial_of(0)).events
    assert (event.code, event.meaning) == (217, "event 217, meaning not known")


def test_a_family_nobody_wrote_down_has_no_meanings() -> None:
    assert table("nothing") == {}


@pytest.mark.parametrize(("log", "ours"), [("standard", "standard"), ("fraud", "fraud"), ("power quality", "quality")])
def test_codes_agree_with_the_published_list(shared: Path, log: str, ours: str) -> None:
    with (shared / "facts" / "data" / "smr5_events.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["log"] == log and "ESMR" in row["edition"]]
    assert rows
    assert {int(row["code"]): row["meaning"] for row in rows} == {
        int(row["code"]): meaning("esmr", ours, int(row["code"])) for row in rows
    }
