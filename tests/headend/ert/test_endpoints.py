"""Discoveries, making one a meter's, and files of endpoints."""

from pathlib import Path

import pytest

from headend.ert.hearing import SERIAL, START, ZONE, Counting, owned
from openami.core.errors import AmiError, DefinitionError
from openami.headend.collection import work
from openami.headend.curves.repository import series_of_meters
from openami.headend.ert.endpoints import Wanted, counts, discoveries, import_endpoints, of_meter, promote, registered
from openami.headend.ert.intake import take
from openami.headend.kit.database import Database
from openami.headend.registry.service import meter
from openami.phy.ert import SCM

OTHER = "OAMSIM00000000926"


def test_who_is_nobodys_is_a_discovery_and_nothing_of_it_is_kept_but_the_last(database: Database) -> None:
    ours, theirs = Counting(66_000_001), Counting(66_000_002)
    owned(database, [ours])
    with database.write() as unit:
        found = take(unit, [*ours.day(), *theirs.day(), Counting.through(50.0, SCM(9, 12, 7))], "van")
    assert (found.discovered, found.meters) == (2, 1)
    with database.read() as unit:
        assert counts(unit) == (1, 2)
        heard = discoveries(unit)
        assert [(each.endpoint, each.commodity, each.receiver) for each in heard] == [
            (66_000_002, "electricity", "van"),
            (9, "gas", "van"),
        ]
        assert (heard[1].count, heard[1].energy_wh, heard[1].serial) == (7, None, None)
        assert unit.value("SELECT count(*) FROM ert_reading WHERE endpoint <> 66000001") == 0
        assert unit.value("SELECT count(*) FROM series") == 1
        assert discoveries(unit, after=(heard[0].last_at or 0.0, heard[0].endpoint), limit=1) == heard[1:]


def test_a_discovery_becomes_the_radio_of_a_meter(database: Database) -> None:
    endpoint = Counting()
    with database.write() as unit:
        take(unit, endpoint.day()[:20])
        assert promote(unit, Wanted(endpoint.endpoint, SERIAL), default_zone=ZONE, at=START) == "added"
        assert promote(unit, Wanted(endpoint.endpoint, SERIAL), default_zone=ZONE, at=START) == "unchanged"
        assert discoveries(unit) == ()
        assert [each.serial for each in registered(unit)] == [SERIAL]
        number = meter(unit, SERIAL).id
        found = take(unit, endpoint.day()[20:])
        assert found.intervals > 200
        assert [series.meter for series in series_of_meters(unit, [number], "1.0.99.1.0.255")] == [number]


def test_nobody_is_sent_to_read_a_meter_that_is_heard(database: Database) -> None:
    owned(database, [Counting()])
    with database.write() as unit:
        assert work.plan(unit) == 0
        assert work.meters(unit) == 0


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (Wanted(66_000_001, OTHER), f"endpoint 66000001 is that of meter {SERIAL} already"),
        (Wanted(66_000_002, SERIAL), f"meter {SERIAL} has endpoint 66000001 already"),
        (Wanted(5, "A", "compactiq"), "product 'compactiq' has no ERT endpoint; there are c3a1h"),
        (Wanted(5, "A", "toaster"), "toaster"),
        (Wanted(-1, "A"), "endpoint -1"),
        (Wanted(5, "A B"), "serial number 'A B'"),
        (Wanted(5, "A", count_wh=0), "count_wh 0"),
        (Wanted(66_000_003, SERIAL, "c3a1h_mono"), f"meter {SERIAL} has endpoint 66000001"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(database: Database, wanted: Wanted, sentence: str) -> None:
    owned(database, [Counting(66_000_001)])
    with database.write() as unit, pytest.raises(AmiError, match=sentence):
        promote(unit, wanted, default_zone=ZONE, at=START)


def test_a_file_of_endpoints_goes_in_and_a_bad_line_stops_no_other(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "endpoints.csv"
    file.write_text("endpoint,serial,product,node\n1,M1,c3a1h,north\nx,M2,c3a1h,north\n3,M3,oven,\n4,M4,,\n")
    with database.write() as unit:
        outcome = import_endpoints(unit, file, default_zone=ZONE, at=START)
        assert (outcome.added, outcome.updated, outcome.unchanged) == (2, 0, 0)
        assert [fault.split(":")[0] for fault in outcome.faults] == ["endpoints.csv, line 3", "endpoints.csv, line 4"]
        assert import_endpoints(unit, file, default_zone=ZONE, at=START).unchanged == 2
        assert (meter(unit, "M1").node, meter(unit, "M4").product) == ("north", "c3a1h")
        assert of_meter(unit, "M4") is not None
    file.write_text("serial\nM1\n")
    with database.write() as unit, pytest.raises(DefinitionError, match="endpoint"):
        import_endpoints(unit, file, default_zone=ZONE, at=START)
