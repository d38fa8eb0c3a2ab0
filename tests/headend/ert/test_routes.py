"""REST: a receiver's feed, discoveries, and making one of them a meter's."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from headend.ert.hearing import SERIAL, START, ZONE, Counting
from headend.fake_meters import ManualClock
from openami.headend.app import rest
from openami.headend.ert.overheard import Overheard
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings


@pytest.fixture
async def api(database: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = rest(Settings(data=tmp_path, zone=ZONE), ManualClock(START + 90_000.0), database)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as opened:
        yield opened


def lines(heard: list[Overheard]) -> str:
    return "".join(
        json.dumps({"at": each.at, "octets": each.message.encode().hex(), "level_dbfs": each.level_dbfs}) + "\n"
        for each in heard
    )


async def test_from_the_feed_to_the_load_curve(api: httpx.AsyncClient) -> None:
    endpoint = Counting()
    told = (await api.post("/api/ert/messages?receiver=roof", content=lines(endpoint.day()[:4]))).json()
    assert (told["messages"], told["discovered"], told["intervals"], told["faults"]) == (4, 1, 0, [])
    [found] = (await api.get("/api/ert/discoveries")).json()["items"]
    assert (found["endpoint"], found["serial"], found["receiver"]) == (endpoint.endpoint, None, "roof")
    [listed] = (await api.get("/api/discoveries?kind=radio")).json()["items"]
    assert (listed["identity"], listed["times"]) == (str(endpoint.endpoint), 1)
    refused = await api.post(f"/api/discoveries/{listed['id']}/register", json={"serial": SERIAL, "product": "c3a1h"})
    assert refused.status_code == 409
    made = await api.put(f"/api/ert/endpoints/{endpoint.endpoint}", json={"serial": SERIAL})
    assert (await api.get("/api/discoveries")).json()["items"] == []
    assert (made.status_code, made.json()["serial"]) == (200, SERIAL)
    assert (await api.get("/api/ert/discoveries")).json()["items"] == []
    assert (await api.get("/api/ert")).json() == {"registered": 1, "discovered": 0}
    feed = lines(endpoint.day())
    for intervals in (288 - (4 - 47) + 1, 0):  # from 47 before the first message to the last
        told = (await api.post("/api/ert/messages?receiver=roof", content=feed + "oops\n")).json()
        assert (told["meters"], told["intervals"]) == (1, intervals)
        assert told["faults"] == [{"line": 141, "message": "is no JSON document"}]
    curve = (await api.get(f"/api/meters/{SERIAL}/curve?start=2026-11-02&end=2026-11-03")).json()
    assert sum(part["import_wh"] for part in curve["intervals"]) == endpoint.wh[START + 86_400] - endpoint.wh[START]
    readings = (await api.get(f"/api/meters/{SERIAL}/ert?limit=5")).json()
    assert (len(readings["items"]), readings["items"][0]["receiver"]) == (5, "roof")
    older = (await api.get(f"/api/meters/{SERIAL}/ert?limit=5&before={readings['next']}")).json()["items"]
    assert older[0]["at"] < readings["items"][-1]["at"]
    [known] = (await api.get("/api/ert/endpoints")).json()["items"]
    assert known["energy_wh"] == 10 * int(endpoint.totals[288])


async def test_pages_of_discoveries(api: httpx.AsyncClient) -> None:
    heard = [Counting(66_000_000 + number).idm(3_000.0 + number % 3) for number in range(7)]
    await api.post("/api/ert/messages", content=lines(heard))
    seen: list[int] = []
    after = ""
    while True:
        page = (await api.get("/api/ert/discoveries", params={"after": after, "limit": 2})).json()
        seen += [each["endpoint"] for each in page["items"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert sorted(seen) == [66_000_000 + number for number in range(7)]
    assert seen[:2] == [66_000_002, 66_000_005]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/api/ert/endpoints/5", {"serial": "A B"}, 422),
        ("PUT", "/api/ert/endpoints/5", {"serial": "A", "product": "compactiq"}, 422),
        ("PUT", "/api/ert/endpoints/99999999999", {"serial": "A"}, 422),
        ("POST", "/api/ert/messages?start=yesterday", None, 422),
        ("GET", "/api/ert/discoveries?after=x", None, 422),
        ("GET", "/api/meters/NOBODY/ert", None, 404),
    ],
)
async def test_what_cannot_be_is_a_problem(
    api: httpx.AsyncClient, method: str, path: str, body: object, status: int
) -> None:
    answer = await api.request(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]


async def test_two_meters_cannot_have_one_endpoint(api: httpx.AsyncClient) -> None:
    assert (await api.put("/api/ert/endpoints/5", json={"serial": "A"})).status_code == 200
    refused = await api.put("/api/ert/endpoints/5", json={"serial": "B"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "endpoint 5 is that of meter A already")


async def test_a_capture_says_when_it_began(api: httpx.AsyncClient) -> None:
    one = Counting().idm(3_010.0)
    text = json.dumps({"time_s": 10.0, "octets": one.message.encode().hex()})
    lost = (await api.post("/api/ert/messages", content=text)).json()
    assert lost["faults"][0]["message"].endswith("say when the capture began")
    told = (await api.post("/api/ert/messages", params={"start": "2026-11-02T00:50:00+01:00"}, content=text)).json()
    assert (told["messages"], told["faults"]) == (1, [])
