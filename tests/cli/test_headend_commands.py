"""`openami headend commands`: the switch and the jobs, as whoever owns the machine has them."""

import json
from pathlib import Path

from typer.testing import CliRunner

from headend.fake_meters import installation, serial_of
from openami.cli.headend import app
from openami.headend.accounts.audit import read
from openami.headend.collection.tables import open_database
from openami.headend.commands.payloads import Place, Reading
from openami.headend.commands.performing import READ
from openami.headend.orders.batches import make
from openami.headend.orders.queue import Wish, enqueue_many
from openami.headend.registry.service import meter

runner = CliRunner()


def run(folder: Path, *arguments: str) -> str:
    done = runner.invoke(app, ["commands", *arguments, "--data", str(folder / "data")])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_switch_is_shown_stopped_and_released(tmp_path: Path) -> None:
    settings = installation(tmp_path, 1)
    assert "only reads" in run(tmp_path, "show")
    assert "commands go out" in run(tmp_path, "release")
    assert "wrong feeder" in run(tmp_path, "stop", "--reason", "wrong feeder")
    assert json.loads(run(tmp_path, "show", "--json"))["is_stopped"] is True
    assert json.loads(run(tmp_path, "release", "--json"))["refusal"] is None
    database = open_database(settings)
    with database.read() as unit:
        actions = [entry.action for entry in read(unit, limit=50).entries]
    database.close()
    assert [action for action in reversed(actions) if action.startswith("switch.")] == [
        "switch.commission", "switch.stop", "switch.resume",
    ]  # fmt: skip


def test_jobs_are_listed(tmp_path: Path) -> None:
    database = open_database(installation(tmp_path, 2))
    with database.write() as unit:
        meters = [meter(unit, serial_of(index)) for index in range(2)]
        wish = Wish(now=0)
        batch = make(unit, "Look", READ.name, meters, wish)
        place = Place(class_id=8, logical_name="0.0.1.0.0.255", attribute=2)
        enqueue_many(unit, meters, READ, Reading(items=(place,)), Wish(now=0, batch=batch))
    database.close()
    assert "1  running  Look: 2 queued of 2" in run(tmp_path, "jobs")
    (job,) = json.loads(run(tmp_path, "jobs", "--json"))
    assert (job["title"], job["counts"], job["total"]) == ("Look", {"queued": 2}, 2)
