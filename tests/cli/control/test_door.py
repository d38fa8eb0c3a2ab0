"""The door of a fleet: what it shows, what it does, what it refuses, and that only this machine comes in."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.small_fleet import FRAUD, START, Company
from openami.aio.segments import JournalError
from openami.cli.control.door import application
from openami.meters.hands import HANDS

PROBLEM = "application/problem+json"
AS_JSON = {"content-type": "application/json"}
BODIES = st.binary(max_size=40) | st.text(max_size=20).map(lambda text: json.dumps({"value": text}).encode())


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
async def door(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with client(company) as opened:
        yield opened


def client(company: Company) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application(company.fleet), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8070")


def refused(answer: httpx.Response, status: int, words: str) -> None:
    """One typed error: a problem of RFC 9457 with one sentence."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    found = answer.json()
    assert set(found) == {"type", "title", "status", "detail"}
    assert words in found["detail"]
    assert "\n" not in found["detail"]


async def test_the_hands_with_what_they_take(door: httpx.AsyncClient) -> None:
    found = (await door.get("/hands")).json()
    assert {hand["name"]: hand["takes"] for hand in found} == {name: hand.takes for name, hand in HANDS.items()}
    assert {hand["name"] for hand in found if not hand["leaves"]} >= {"sag", "button_press"}


async def test_meters_page_by_page() -> None:
    async with client(Company(meters=7)) as door:
        after, numbers = "0", []
        while after is not None:
            page = (await door.get("/meters", params={"after": after, "limit": 3})).json()
            numbers += [meter["number"] for meter in page["items"]]
            after = page["next"]
        assert numbers == [1, 2, 3, 4, 5, 6, 7]
        assert (await door.get("/meters", params={"after": 7})).json() == {"items": [], "next": None}
        assert (await door.get("/meters", params={"after": 10**9})).json()["items"] == []
        refused(await door.get("/meters", params={"after": -1}), 422, "after")
        refused(await door.get("/meters", params={"limit": 501}), 422, "limit")


async def test_a_meter_by_number_and_by_serial_number(door: httpx.AsyncClient) -> None:
    found = (await door.get("/meters/2")).json()
    assert found == (await door.get("/meters/OAMSIM00000000226")).json()
    assert (found["number"], found["serial"], found["address"], found["supply"]) == (
        2, "OAMSIM00000000226", "127.16.0.2", True,
    )  # fmt: skip
    assert found["clock"] == "2026-11-02T00:00:00+01:00"
    assert (found["hands"]["terminal_cover"], found["hands"]["battery_mv"]) == ("closed", 3600)
    for nobody in ("0", "4", "OAMSIM", "1,2", "x y"):
        refused(await door.get(f"/meters/{nobody}"), 404, "they are 1 to 3")


async def test_no_key_and_no_password_is_shown(door: httpx.AsyncClient, company: Company) -> None:
    texts = [(await door.get(path)).text for path in ("/meters", "/meters/1", "/hands", "/openapi.json")]
    keys = company.fleet.keys.of(0)
    for key in (keys.encryption, keys.authentication, keys.master):
        assert key
        assert not any(key.hex() in text.lower() for text in texts)


async def test_a_hand_on_a_meter_is_in_its_log(door: httpx.AsyncClient, company: Company) -> None:
    company.live(100)
    answer = await door.post("/meters/2/hands/terminal_cover", json={"value": "open"})
    assert (answer.status_code, answer.json()["hands"]["terminal_cover"]) == (200, "open")
    company.live(60)
    assert [code for _, code in company.talk(1).rows(FRAUD, START, START + 999)] == [40]
    assert not company.talk(0).rows(FRAUD, START, START + 999)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("supply", "off"), ("phase_lost", [1]), ("clock_drift_ppb", 5000), ("magnet_mt", 90), ("bypass_share", 50),
        ("memory_error", "nv"), ("link_noise", 100), ("clock_offset_s", -3600), ("battery_mv", 2500),
    ],
)  # fmt: skip
async def test_every_fault_of_the_list_can_be_had(door: httpx.AsyncClient, name: str, value: Any) -> None:
    before = (await door.get("/meters/1")).json()["hands"]
    after = (await door.post(f"/meters/1/hands/{name}", json={"value": value})).json()["hands"]
    assert after[name] != before[name]
    assert {**after, name: before[name]} == before


async def test_a_welded_relay_needs_a_relay(door: httpx.AsyncClient) -> None:
    assert (await door.get("/meters/1")).json()["hands"]["relay_stuck"] is None
    refused(await door.post("/meters/1/hands/relay_stuck", json={"value": True}), 409, "no relay")


async def test_a_hand_on_several_meters(door: httpx.AsyncClient) -> None:
    answer = await door.post("/hands/magnet_mt", json={"meters": "1,OAMSIM00000000326", "value": 90})
    assert answer.json() == {"hand": "magnet_mt", "value": 90, "meters": [1, 3]}
    fields = [(await door.get(f"/meters/{number}")).json()["hands"]["magnet_mt"] for number in (1, 2, 3)]
    assert fields == [90, 0, 90]
    await door.post("/hands/magnet_mt", json={"meters": "all"} | {"value": 0})
    assert (await door.get("/meters/3")).json()["hands"]["magnet_mt"] == 0


async def test_what_is_asked_wrongly(door: httpx.AsyncClient) -> None:
    url = "/meters/1/hands/magnet_mt"
    refused(await door.post("/meters/1/hands/nosuch", json={}), 404, "no hand is called 'nosuch'; there are")
    refused(await door.post("/hands/nosuch", json={"meters": "1"}), 404, "no hand is called")
    refused(await door.post("/meters/9/hands/magnet_mt", json={"value": 1}), 404, "no meter '9'")
    refused(await door.post("/hands/magnet_mt", json={"meters": "1-9", "value": 1}), 422, "1-9: this fleet has")
    refused(await door.post("/hands/magnet_mt", json={"value": 1}), 422, "meters: Field required")
    refused(await door.post(url, json={"value": "strong"}), 422, "magnet_mt: 'strong': expected a number")
    refused(await door.post(url, json={"vale": 1}), 422, "vale: Extra inputs are not permitted")
    refused(await door.post(url, content=b"{", headers=AS_JSON), 422, "JSON decode error")
    refused(await door.post(url, content=b'{"value": NaN}', headers=AS_JSON), 422, "magnet_mt: nan: expected a number")
    refused(await door.post(url, json=[]), 422, "")
    refused(await door.get(url), 404, "there is no GET /meters/1/hands/magnet_mt")
    refused(await door.get("/elsewhere"), 404, "see /openapi.json")
    assert (await door.get("/meters/1")).json()["hands"]["magnet_mt"] == 0


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([*HANDS, "x"]),
    st.binary(max_size=40) | st.text(max_size=20).map(lambda t: json.dumps({"value": t}).encode()),
)
async def test_any_body_is_taken_or_refused(door: httpx.AsyncClient, name: str, body: bytes) -> None:
    answer = await door.post(f"/meters/1/hands/{name}", content=body, headers=AS_JSON)
    assert answer.status_code == 200 or (answer.headers["content-type"] == PROBLEM and answer.status_code < 500)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "10.0.0.1"])
async def test_another_name_is_refused(door: httpx.AsyncClient, host: str) -> None:
    for path in ("/meters", "/openapi.json", "/elsewhere"):
        refused(await door.get(path, headers={"Host": host}), 403, "on this machine only")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_page_of_another_site_does_nothing(door: httpx.AsyncClient, origin: str) -> None:
    answer = await door.post("/meters/1/hands/supply", json={"value": "off"}, headers={"Origin": origin})
    refused(answer, 403, "another site")
    assert (await door.get("/meters/1")).json()["supply"] is True


class Full:
    """A journal whose disk takes nothing."""

    def append(self, payload: bytes) -> None:
        pass

    async def commit(self) -> None:
        from pathlib import Path

        raise JournalError(Path("fleet.journal"), "no space left on device")


async def test_what_cannot_be_written_down_is_not_said_to_be_done(door: httpx.AsyncClient, company: Company) -> None:
    company.fleet.journal = Full()
    refused(await door.post("/meters/1/hands/magnet_mt", json={"value": 9}), 507, "no space left")


async def test_the_description_names_every_route_and_its_errors(door: httpx.AsyncClient) -> None:
    paths = (await door.get("/openapi.json")).json()["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == {
        ("/hands", "get"), ("/meters", "get"), ("/meters/{meter}", "get"),
        ("/meters/{meter}/hands/{name}", "post"), ("/hands/{name}", "post"),
    }  # fmt: skip
    assert {"200", "404", "409", "422", "507"} == set(paths["/hands/{name}"]["post"]["responses"])
