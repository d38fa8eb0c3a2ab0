import time

import pytest

from openami.headend.collection import work
from openami.headend.collection.work import Claim, Done, Open
from openami.headend.kit.database import NOW, Database
from openami.headend.registry import service as registry
from openami.headend.registry.schemas import Lifecycle


def claim(database: Database, worker: str = "w", *, now: float = 1000, second: int = 0, meters: int = 10,
          lease_s: float = 60.0, attempts: int = work.ENDLESS) -> list[Claim]:  # fmt: skip
    with database.write() as unit:
        return work.claim(unit, worker, now, second=second, meters=meters, lease_s=lease_s, attempts=attempts)


@pytest.fixture
def planned(database: Database, series: object) -> Database:
    with database.write() as unit:
        assert work.plan(unit, ["profile", "daily"]) == 6
        assert work.plan(unit, ["profile", "daily"]) == 0
    return database


def test_all_due_items_of_a_meter_come_together_and_to_one_worker(planned: Database) -> None:
    first = claim(planned, "a", meters=2)
    assert {(one.meter, one.item) for one in first} == {(m, i) for m in (1, 2) for i in ("profile", "daily")}
    assert {one.meter for one in claim(planned, "b")} == {3}
    assert claim(planned, "c") == []


def test_an_item_that_comes_due_waits_for_the_session_that_goes_on(planned: Database) -> None:
    claim(planned, "a")
    with planned.write() as unit:
        unit.run(
            "INSERT INTO work (meter, item, priority, due, window_from, window_to) VALUES (1, 'x', 5, 0, 0, 86400)"
        )
    assert claim(planned, "b") == []


def test_a_lease_that_ran_out_makes_the_work_free_again(planned: Database) -> None:
    first = claim(planned, "a", lease_s=0.15)
    assert claim(planned, "b") == []
    time.sleep(0.2)
    second = claim(planned, "b")
    assert {one.work for one in second} == {one.work for one in first}
    assert {one.attempts for one in second} == {2}
    with planned.write() as unit:
        work.settle(unit, "a", [Done(first[0].work, 9999, 5)], [Open(first[1].work, 60.0, "late")])
        assert unit.value("SELECT count(*) FROM work WHERE due = 9999 OR reason IS NOT NULL") == 0
        work.settle(unit, "b", [Done(one.work, 9999, 5) for one in second], [])
    assert claim(planned, "c") == []


def test_a_sign_of_life_keeps_the_lease(planned: Database) -> None:
    claim(planned, "a", lease_s=0.15)
    with planned.write() as unit:
        work.renew(unit, "a", 60.0)
    time.sleep(0.2)
    assert claim(planned, "b") == []


def test_what_is_given_back_is_free_at_once(planned: Database) -> None:
    claim(planned, "a")
    with planned.write() as unit:
        assert work.holders(unit) == ["a"]
        assert work.release(unit, "a") == 6
    assert len(claim(planned, "b")) == 6


def test_a_failure_waits_and_keeps_its_reason(planned: Database) -> None:
    (one, *others) = claim(planned)
    with planned.write() as unit:
        work.settle(unit, "w", [Done(other.work, 5000, 5) for other in others], [Open(one.work, 60.0, "no answer")])
        assert work.failing(unit, 1000) == 1
        assert unit.value(f"SELECT not_before - {NOW} FROM work WHERE id = ?", (one.work,)) == pytest.approx(60, abs=2)
        assert unit.rows("SELECT reason FROM work WHERE reason IS NOT NULL") == [("no answer",)]
    assert claim(planned) == []
    with planned.write() as unit:
        work.demand(unit, 1000)
    assert one.work in {again.work for again in claim(planned)}


def test_success_clears_reason_and_attempts(planned: Database) -> None:
    (one, *others) = claim(planned)
    with planned.write() as unit:
        work.settle(unit, "w", [Done(other.work, 5000, 5) for other in others], [Open(one.work, 0.0, "no answer")])
    assert [again.work for again in claim(planned)] == [one.work]
    with planned.write() as unit:
        work.settle(unit, "w", [Done(one.work, 5000, 5)], [])
        query = "SELECT due, attempts, lease_until, reason FROM work WHERE id = ?"
        assert unit.rows(query, (one.work,)) == [(5000, 0, 0.0, None)]


def test_nothing_is_claimed_before_it_is_due_or_outside_its_window(planned: Database) -> None:
    with planned.write() as unit:
        unit.run("UPDATE work SET due = 2000 WHERE meter = 1")
        unit.run("UPDATE work SET window_from = 3600, window_to = 7200 WHERE meter = 2")
    assert {one.meter for one in claim(planned, second=100)} == {3}
    assert {one.meter for one in claim(planned, second=3600)} == {2}
    assert {one.meter for one in claim(planned, now=2000, second=100)} == {1}


def test_people_who_wait_come_first_and_outside_of_windows(planned: Database) -> None:
    with planned.write() as unit:
        unit.run("UPDATE work SET due = 5000, not_before = 1e12, window_from = 3600, window_to = 7200 WHERE meter = 3")
        assert work.hurry(unit, 3, ["profile"]) == 1
    assert [(one.meter, one.item) for one in claim(planned, meters=1)] == [(3, "profile")]


def test_tries_are_limited_in_a_single_pass(planned: Database) -> None:
    for _ in range(2):
        for one in claim(planned, attempts=2):
            with planned.write() as unit:
                work.settle(unit, "w", [], [Open(one.work, 0.0, "no")])
    assert claim(planned, attempts=2) == []
    with planned.read() as unit:
        assert work.wait_s(unit, 1000, 2) is None
        assert work.wait_s(unit, 1000, 3) == 0.0


def test_retired_meters_get_no_work(database: Database, series: object) -> None:
    with database.write() as unit:
        serial = registry.search(unit).meters[0].serial
        registry.move(unit, serial, Lifecycle.RETIRED)
        assert work.plan(unit, ["profile"]) == 2
        assert work.plan(unit, ["profile", "clock"]) == 2  # an item that the model has got since
