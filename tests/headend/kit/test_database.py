"""The unit of work, the same on both databases."""

import threading
from pathlib import Path

import pytest

from headend import stores
from openami.core.errors import DefinitionError
from openami.headend.kit.database import NOW, Database
from openami.headend.kit.errors import StoreBusyError

NODE = "INSERT INTO node (name) VALUES (?)"


def test_what_raises_is_undone(database: Database) -> None:
    def break_off() -> None:
        with database.write() as unit:
            unit.run(NODE, ("a",))
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        break_off()
    with database.read() as unit:
        assert unit.rows("SELECT * FROM node") == []


def test_what_is_written_while_reading_is_not_kept(database: Database) -> None:
    with database.read() as unit:
        unit.run(NODE, ("a",))
    with database.read() as unit:
        assert unit.rows("SELECT * FROM node") == []


def test_a_reader_sees_one_state_while_a_writer_goes_on(database: Database) -> None:
    with database.read() as reader:
        assert reader.rows("SELECT * FROM node") == []
        with database.write() as writer:
            writer.run(NODE, ("a",))
        assert reader.rows("SELECT * FROM node") == []


def test_a_second_writer_waits_then_says_so(place: stores.Place, tmp_path: Path) -> None:
    first = place.database(tmp_path)
    second = Database.at(first.url, wait_s=0.05)
    with first.write(), pytest.raises(StoreBusyError, match=r"keeps .* busy"), second.write():
        pass
    with second.write() as unit:
        unit.run(NODE, ("later",))
    first.close()
    second.close()


def test_writers_that_may_be_beside_others_keep_out_of_the_way_of_one_that_is_alone(database: Database) -> None:
    other = Database.at(database.url, wait_s=0.05)
    with database.write(alone=False) as unit:
        unit.run(NODE, ("first",))
        with pytest.raises(StoreBusyError), other.write():
            pass
    with database.write(), pytest.raises(StoreBusyError), other.write(alone=False):
        pass
    other.close()


def test_one_sql_serves_both(database: Database) -> None:
    with database.write() as unit:
        assert unit.run_many(NODE, [(name,) for name in ("b", "a", "50 %", "was?", "Ä", "c")]) == 6
        assert unit.run(NODE + " ON CONFLICT DO NOTHING", ("a",)) == 0
        numbers = dict(unit.rows("SELECT name, id FROM node WHERE name IN ('50 %', 'was?') AND name <> ?", ("x",)))
        assert sorted(numbers) == ["50 %", "was?"]
        named = {"low": "a", "high": "c"}
        assert unit.rows("SELECT name FROM node WHERE name >= :low AND name < :high ORDER BY name", named) == [
            ("a",), ("b",),
        ]  # fmt: skip
        assert [row[0] for row in unit.rows("SELECT name FROM node ORDER BY name")] == [
            "50 %", "a", "b", "c", "was?", "Ä",
        ]  # fmt: skip
        assert unit.value("SELECT greatest(?, 3) + least(?, 3)", (5, 1)) == 6
        assert unit.value("SELECT sum(id) FROM node WHERE ? IS NULL OR name = ?", (None, None)) == 21
        assert unit.value("SELECT name FROM node WHERE name = ? FOR UPDATE", ("a",)) == "a"
        assert unit.value("INSERT INTO node (name) VALUES (?) RETURNING name", ("d",)) == "d"


def test_lists_and_tables_of_any_length_may_be_given(database: Database) -> None:
    with database.write() as unit:
        unit.run_many(NODE, [(f"n{number}",) for number in range(5)])
        assert unit.rows_in("SELECT name FROM node WHERE name IN {keys} ORDER BY name", ["n3", "n1", "x"]) == [
            ("n1",), ("n3",),
        ]  # fmt: skip
        assert unit.rows_in("SELECT name FROM node WHERE id IN {keys} AND name <> ?", [], "n3") == []
        assert len(unit.rows_in("SELECT name FROM node WHERE name NOT IN {keys}", ["n0"])) == 4
        found = unit.rows_of(
            "SELECT p.place, n.name, p.b FROM {rows} p CROSS JOIN node n"
            " WHERE n.name = p.a AND p.b < ? ORDER BY p.place",
            [("n4", 7), ("n0", 8), ("n1", 9)],
            9,
        )
        assert [(name, number) for _, name, number in found] == [("n4", 7), ("n0", 8)]
        assert unit.rows_of("SELECT 1 FROM {rows} p", []) == []


def test_the_clock_is_the_databases(database: Database) -> None:
    epoch = "extract(epoch FROM now())" if database.path is None else "unixepoch()"
    with database.read() as unit:
        assert abs(unit.value(f"SELECT {NOW} - {epoch}")) < 1.5
        assert isinstance(unit.value(f"SELECT {NOW}"), float)


def test_instants_after_2038_have_room(database: Database) -> None:
    with database.write() as unit:
        unit.run("INSERT INTO hot (day, series, at, quality, data) VALUES (?, ?, ?, ?, ?)", (1, 1, 2**32, 0, b"\0%?"))
        assert unit.rows("SELECT at, data FROM hot") == [(2**32, b"\0%?")]


def test_our_own_mistakes_are_not_called_a_fault_of_the_store(database: Database) -> None:
    with pytest.raises(database.dialect.errors, match="syntax"), database.read() as unit:
        unit.rows("SELEKT 1")
    with database.write() as unit:
        unit.run(NODE, ("still here",))


def test_many_threads_share_one_database(database: Database) -> None:
    def add(number: int) -> None:
        for index in range(5):
            with database.write(alone=bool(number % 2)) as unit:
                unit.run(NODE, (f"{number}-{index}",))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as unit:
        assert unit.value("SELECT count(*) FROM node") == 30


@pytest.mark.parametrize(
    "url",
    ["mysql://root:hunter2@db/x", "postgresql://u:hunter2@db", "hunter2", "sqlite://", "postgresql://u:hunter2@db:x/y"],
)
def test_a_url_that_is_none_of_ours_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(DefinitionError, match="postgresql://HOST/NAME") as caught:
        Database.at(url)
    assert "hunter2" not in str(caught.value)
