"""Bulk jobs by REST: proposed, carried out with progress to be seen, paused, resumed and stopped; templates; drift."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from headend.commands.field import COUNT, Field
from openami.headend.collection.dlms_reader import DlmsReader
from openami.headend.collection.reader import Association, Target

NORTH = {"area": "/north/"}


def texts(field: Field) -> list[str]:
    return [bytes(field.thing("consumer_message_text", meter).value).decode() for meter in range(COUNT)]


class Gated(DlmsReader):
    """Meters that answer one session for each turn that is given."""

    turns = 0

    @asynccontextmanager
    async def associate(self, target: Target) -> AsyncIterator[Association]:
        if not self.turns:
            raise ConnectionRefusedError(111, "connection refused")
        self.turns -= 1
        async with super().associate(target) as association:
            yield association


async def propose(field: Field, text: str) -> int:
    """A message for all, approved. -> the job."""
    job = await field.tell("olga", "message", NORTH, text=text)
    assert (job["total"], job["state"], job["title"] == "Show the consumer a message") == (COUNT, "running", True)
    return int(job["id"])


@pytest.mark.feature("SIMS-07", "SIMS-05")
async def test_many_meters_are_told_the_same(either: Field) -> None:
    field = either
    async with field.office.browser("olga") as olga:
        body = {"command": "message", "parameters": {"text": "hello"}, "meters": NORTH}
        asked = (await olga.post("/api/commands", json=body)).json()["proposal"]
        assert (asked["kind"], asked["scope"], f"{COUNT} meters" in asked["sentence"]) == (
            "commands.bulk", "/north/", True,
        )  # fmt: skip
        assert texts(field) == [""] * COUNT
        number = int((await field.approve(asked["id"]))["outcome"].removeprefix("job "))
        async with field.collecting():
            job = await field.job(olga, number, lambda found: found["state"] == "over")
        assert job["counts"] == {"done": COUNT}
        assert texts(field) == ["hello"] * COUNT
        listed = (await olga.get(f"/api/jobs/{number}/orders", params={"limit": 3})).json()
        rest = (await olga.get(f"/api/jobs/{number}/orders", params={"after": listed["next"]})).json()
        assert [each["serial"] for each in listed["items"] + rest["items"]] == sorted(field.serials)
        assert [each["id"] for each in (await olga.get("/api/jobs")).json()["items"]] == [number]
        assert (await olga.post(f"/api/jobs/{number}/pause")).status_code == 409


async def test_a_job_is_paused_resumed_and_stopped(either: Field) -> None:
    field, reader = either, Gated(timeout_s=5)
    number = await propose(field, "hello")
    async with field.collecting(reader), field.office.browser("olga") as olga:
        reader.turns = 1
        await field.job(olga, number, lambda found: found["counts"].get("done") == 1)
        paused = (await olga.post(f"/api/jobs/{number}/pause")).json()
        assert paused["state"] == "paused"
        reader.turns = 9
        other = await field.tell("olga", "clock", {"serials": field.serials[:1]})
        assert other["state"] == "done"
        assert (await olga.get(f"/api/jobs/{number}")).json()["counts"]["done"] == 1
        reader.turns = 0
        assert (await olga.post(f"/api/jobs/{number}/resume")).json()["state"] == "running"
        reader.turns = 1
        await field.job(olga, number, lambda found: found["counts"].get("done") == 2)
        stopped = (await olga.post(f"/api/jobs/{number}/stop")).json()
        assert stopped["state"] == "stopped"
        reader.turns = 9
        await field.tell("olga", "clock", {"serials": field.serials[:1]})
        over = await field.job(olga, number, lambda found: not found["waiting"])
        assert over["counts"] == {"done": 2, "cancelled": 2}
        assert (await olga.post(f"/api/jobs/{number}/resume")).status_code == 409
    assert sorted(texts(field)) == ["", "", "hello", "hello"]


async def test_a_job_that_stands_in_the_way_of_nobody_elses_area(field: Field) -> None:
    number = await propose(field, "hello")
    async with field.office.browser("sam") as sam:
        assert (await sam.get(f"/api/jobs/{number}")).status_code == 404
        assert (await sam.post(f"/api/jobs/{number}/stop")).status_code in {403, 404}
        assert (await sam.get("/api/jobs")).json()["items"] == []


@pytest.mark.feature("SIMS-07")
async def test_templates_are_kept_and_given(field: Field) -> None:
    async with field.office.browser("olga") as olga, field.collecting():
        wrong = await olga.put("/api/command-templates/bad", json={"command": "message", "parameters": {"txt": "x"}})
        assert wrong.status_code == 422
        body = {"title": "Storm", "command": "message", "parameters": {"text": "storm tonight"}}
        assert (await olga.put("/api/command-templates/storm", json=body)).json()["who"] == "olga"
        (kept,) = (await olga.get("/api/command-templates")).json()
        told = await field.tell("olga", kept["command"], **kept["parameters"])
        assert told["state"] == "done"
        assert texts(field)[0] == "storm tonight"
        assert (await olga.delete("/api/command-templates/storm")).status_code == 204
        assert (await olga.get("/api/command-templates")).json() == []


@pytest.mark.feature("SIMS-07")
async def test_what_groups_ought_to_be_is_compared_and_corrected(either: Field) -> None:
    field = either
    field.thing("consumer_message_text", 1).value = b"wanted"
    async with field.office.browser("olga") as olga, field.collecting():
        body = {"command": "message", "parameters": {"text": "wanted"}, "meters": NORTH, "title": "Greeting"}
        declared = (await olga.post("/api/desired", json=body)).json()
        assert (declared["as_desired"], declared["drifted"], declared["last_checked"]) == (0, 0, None)
        place = f"/api/desired/{declared['id']}"
        job = (await olga.post(f"{place}/check")).json()
        await field.job(olga, job["id"], lambda found: found["state"] == "over")
        found = (await olga.get(place)).json()
        assert (found["as_desired"], found["drifted"]) == (1, 3)
        drift = (await olga.get(f"{place}/drift", params={"limit": 2})).json()
        assert (len(drift["items"]), drift["next"]) == (2, drift["items"][1]["serial"])
        assert drift["items"][0]["drift"][0]["wanted"] == "wanted"
        asked = (await olga.post(f"{place}/correct", json={})).json()["proposal"]
        assert asked["kind"] == "commands.bulk"
        number = int((await field.approve(asked["id"]))["outcome"].removeprefix("job "))
        await field.job(olga, number, lambda found: found["state"] == "over")
        job = (await olga.post(f"{place}/check")).json()
        await field.job(olga, job["id"], lambda found: found["state"] == "over")
        found = (await olga.get(place)).json()
        assert (found["as_desired"], found["drifted"]) == (4, 0)
        assert (await olga.delete(place)).status_code == 204
        assert (await olga.get(place)).status_code == 404
    assert texts(field) == ["wanted"] * COUNT
