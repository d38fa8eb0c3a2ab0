"""The outage engine: debounce, grouping, restoration, storms; on both databases."""

import pytest

from headend.conftest import METER
from headend.fake_meters import ZONE, serial_of
from openami.headend.events.told import UnknownNumberError
from openami.headend.kit.database import Database
from openami.headend.kit.watch_settings import WatchSettings
from openami.headend.outage import engine, service, signals, telling
from openami.headend.outage.engine import Settled

T = 1_790_000_000
WATCH = WatchSettings(debounce_s=60, group_s=300, group_least=2, storm_least=4, storm_share=0.5, storm_channel="ops")
NODES = 3
EACH = 3


@pytest.fixture
def street(database: Database) -> Database:
    """Three transformers with three meters each: 1 to 3, 4 to 6, 7 to 9."""
    with database.write() as unit:
        for node in range(1, NODES + 1):
            unit.run("INSERT INTO node (id, name, path) VALUES (?, ?, ?)", (node, f"T{node}", f"/{node}/"))
        for index in range(NODES * EACH):
            unit.run(METER, (index + 1, serial_of(index), ZONE))
            unit.run("UPDATE meter SET node = ? WHERE id = ?", (1 + index // EACH, index + 1))
    return database


def gasp(database: Database, at: int, *meters: int) -> None:
    with database.write() as unit:
        for meter in meters:
            signals.down(unit, meter, at)


def back(database: Database, at: int, *meters: int) -> None:
    with database.write() as unit:
        for meter in meters:
            signals.up(unit, meter, at)


def settle(database: Database, now: int) -> Settled:
    with database.write() as unit:
        changed = engine.settle(unit, now, WATCH)
        telling.tell(unit, changed, now, WATCH)
        return changed


def outages(database: Database) -> list[tuple[str, int, int, int | None]]:
    with database.read() as unit:
        return [(o.node, o.meters, o.began - T, o.ended and o.ended - T) for o in service.listed(unit).outages]


def told(database: Database) -> list[str]:
    with database.read() as unit:
        return [row[0] for row in unit.rows("SELECT subject FROM notice ORDER BY id")]


def test_a_last_gasp_that_is_soon_taken_back_is_no_outage_but_a_momentary_interruption(street: Database) -> None:
    gasp(street, T, 1, 2)
    back(street, T + 20, 1, 2)
    settle(street, T + 1_000)
    assert outages(street) == []
    with street.read() as unit:
        found = service.report(unit, T - 100, T + 100, T + 1_000, ZONE).indices
    assert (found.saidi_min, found.maifi) == (0, pytest.approx(2 / 9))


def test_meters_of_one_transformer_that_go_together_are_one_outage_until_all_are_back(street: Database) -> None:
    gasp(street, T, 1)
    gasp(street, T + 5, 2, 1)
    assert settle(street, T + 30) == Settled((), ())
    assert settle(street, T + 70).began
    assert outages(street) == [("T1", 2, 0, None)]
    gasp(street, T + 80, 3)
    settle(street, T + 200)
    assert outages(street) == [("T1", 3, 0, None)], "one more of the same"
    back(street, T + 4_000, 1, 2)
    assert settle(street, T + 4_001).ended == ()
    back(street, T + 4_100, 3)
    assert settle(street, T + 4_101).ended
    assert settle(street, T + 4_200) == Settled((), ()), "done again, it changes nothing"
    assert outages(street) == [("T1", 3, 0, 4_100)]
    assert told(street) == ["outage of T1 began: 2 meters", "outage of T1 ended: 3 meters"]


def test_one_meter_of_several_is_no_outage_of_its_node_and_counts_all_the_same(street: Database) -> None:
    gasp(street, T, 4)
    settle(street, T + 100)
    back(street, T + 600, 4)
    settle(street, T + 700)
    assert outages(street) == []
    with street.read() as unit:
        found = service.report(unit, T, T + 1, T + 700, ZONE).indices
    assert found.saidi_min == pytest.approx(10 / 9)
    assert found.caidi_min == pytest.approx(10)


def test_losses_far_apart_in_time_are_two_outages(street: Database) -> None:
    gasp(street, T, 1, 2)
    back(street, T + 100, 1, 2)
    gasp(street, T + 2_000, 1, 2)
    back(street, T + 2_400, 1, 2)
    settle(street, T + 3_000)
    assert outages(street) == [("T1", 2, 2_000, 2_400), ("T1", 2, 0, 100)]


def test_the_log_puts_right_what_the_last_gasp_told(street: Database) -> None:
    gasp(street, T, 1, 2)
    settle(street, T + 100)
    with street.write() as unit:
        for meter in (1, 2, 3):
            signals.failure(unit, meter, T - 4, T + 900)
            signals.failure(unit, meter, T - 4, T + 900)
    settle(street, T + 1_000)
    assert outages(street) == [("T1", 3, -4, 900)]
    with street.read() as unit:
        assert unit.value("SELECT count(*) FROM interruption") == 3
        (found,) = service.listed(unit).outages
        assert {m.source for m in service.outage(unit, found.id).members} == {"log"}
        with pytest.raises(UnknownNumberError):
            service.outage(unit, 4_711)


def test_a_recloser_makes_a_loss_of_each_try(street: Database) -> None:
    for at in (T, T + 30, T + 60):
        gasp(street, at, 1)
        gasp(street, at + 2, 1)
        back(street, at + 5, 1)
    with street.read() as unit:
        found = service.report(unit, T - 100, T + 100, T + 1_000, ZONE).indices
    assert (found.maifi, found.maifi_e) == (pytest.approx(3 / 9), pytest.approx(1 / 9))


def test_a_meter_that_answers_has_supply(street: Database) -> None:
    gasp(street, T, 1, 2)
    settle(street, T + 100)
    with street.write() as unit:
        signals.reached(unit, [(1, T + 700), (2, T), (3, T + 700)])
    settle(street, T + 800)
    with street.read() as unit:
        assert service.standing(unit).out == 1, "a session that began before the loss says nothing of it"


def test_a_meter_behind_a_phase_belongs_to_the_transformer(street: Database) -> None:
    with street.write() as unit:
        for phase in (1, 2):
            unit.run(
                "INSERT INTO node (id, name, level, parent, path) VALUES (?, ?, 'phase', 1, ?)",
                (10 + phase, f"T1 L{phase}", f"/1/{10 + phase}/"),
            )
            unit.run("UPDATE meter SET node = ? WHERE id = ?", (10 + phase, phase))
    gasp(street, T, 1, 2)
    settle(street, T + 100)
    assert outages(street) == [("T1", 2, 0, None)]


def test_in_a_storm_nobody_is_told_of_single_outages(street: Database) -> None:
    gasp(street, T, 1, 2, 4, 5, 7, 8)
    assert settle(street, T + 100).storm
    with street.read() as unit:
        assert service.standing(unit) == service.Standing(6, 0, 3, T + 100)
        assert all(outage.is_storm for outage in service.listed(unit).outages)
    back(street, T + 500, 1, 2, 4, 5)
    changed = settle(street, T + 501)
    assert changed.storm_is_over
    back(street, T + 900, 7, 8)
    settle(street, T + 901)
    assert told(street)[:2] == [
        "storm has begun: 6 meters without supply",
        "storm is over: 6 meters without supply at the most",
    ]
    assert [subject for subject in told(street) if "T1 began" in subject] == []


def test_the_area_of_an_outage_holds_all_its_meters(street: Database) -> None:
    assert engine.shared(["/north/a/", "/north/b/"]) == "/north/"
    assert engine.shared(["/north/a/"]) == "/north/a/"
    assert engine.shared(["/north/", "/south/"]) == "/"
