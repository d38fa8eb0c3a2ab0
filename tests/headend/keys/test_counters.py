import pytest

from openami.core.errors import SecurityError
from openami.headend.keys import counters
from openami.headend.kit.database import Database


def test_strides_follow_each_other_and_never_overlap(database: Database) -> None:
    taken: list[int] = []
    for _ in range(5):
        with database.write() as unit:
            taken.append(counters.reserve(unit, ["A", "B"])["A"])
    assert taken == [0, 1000, 2000, 3000, 4000]


def test_an_undone_reservation_was_none(database: Database) -> None:
    def break_off() -> None:
        with database.write() as unit:
            counters.reserve(unit, ["A"])
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        break_off()
    with database.write() as unit:
        assert counters.reserve(unit, ["A"]) == {"A": 0}


def test_a_counter_never_goes_back(database: Database) -> None:
    with database.write() as unit:
        counters.raise_to(unit, "A", 5000)
        counters.raise_to(unit, "A", 10)
        assert counters.reserve(unit, ["A"]) == {"A": 5000}
        assert counters.following(unit, ["A", "B"]) == {"A": 6000}


def test_a_range_another_process_has_taken_cannot_be_extended_into(database: Database) -> None:
    with database.write() as unit:
        counters.reserve(unit, ["A"])
        counters.extend(unit, "A", 1000, 2000)
        with pytest.raises(SecurityError, match="another process"):
            counters.extend(unit, "A", 1500, 2500)


def test_the_end_of_the_range_is_the_end(database: Database) -> None:
    with database.write() as unit:
        counters.raise_to(unit, "A", 2**32 - 1500)
        assert counters.reserve(unit, ["A"]) == {"A": 2**32 - 1500}
        assert counters.reserve(unit, ["A"]) == {}
        with pytest.raises(SecurityError, match="out of range"):
            counters.raise_to(unit, "A", 2**32)
