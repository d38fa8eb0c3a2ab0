"""The REST interface over a head-end of a hundred meters, against what the meters have lived."""

import csv
import io
from datetime import UTC, datetime
from typing import Any

import httpx
import numpy as np
import pytest

from headend.fake_meters import QUARTER, ZONE, ManualClock, serial_of
from headend.web.conftest import Seeded
from headend.web.seed import DAYS, NOW, Household, households
from openami.headend.kit.zone import zone

pytestmark = pytest.mark.asyncio

METER = f"/api/meters/{serial_of(0)}"
LAST = NOW - NOW % QUARTER


def household(number: int) -> Household:
    meter = households(ManualClock(NOW), number + 1).meters[serial_of(number)]
    assert isinstance(meter, Household)
    return meter


def totals(meter: Household, ends: np.ndarray) -> np.ndarray:
    """Import and export register at each stamp. [n] -> [n, 2]."""
    registers = meter.at(ends)
    return np.stack([registers[:, :2].sum(axis=1), registers[:, 2:].sum(axis=1)], axis=1)


async def get(api: httpx.AsyncClient, path: str, **parameters: object) -> Any:
    answer = await api.get(path, params={name: str(value) for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(api: httpx.AsyncClient, path: str, status: int, **parameters: str) -> str:
    answer = await api.get(path, params=parameters)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body.keys() == {"type", "title", "status", "detail"}
    assert body["status"] == status
    return str(body["detail"])


async def walk(api: httpx.AsyncClient, path: str, key: str, **parameters: object) -> list[Any]:
    """Every entry of a list, page by page."""
    found: list[Any] = []
    following: dict[str, object] = {}
    while True:
        page = await get(api, path, **parameters, **following)
        found += page["items"]
        if page["next"] is None:
            return found
        following = {key: page["next"]}


async def test_summary_tells_read_rate_meters_and_energy(api: httpx.AsyncClient) -> None:
    summary = await get(api, "/api/summary")
    assert summary["now"] == "2026-11-20T14:47:20+01:00"
    assert summary["is_simulated"] is True
    assert summary["speed"] == 60.0
    assert summary["meters"] == {"in use": 99, "installed": 1}
    assert summary["failing"] == 5
    rate = summary["read_rate"]
    assert rate["day"] == "2026-11-20"
    assert rate["meters"] == 100
    assert 0.9 < rate["rate"] < 1.0
    assert rate["intervals"] == pytest.approx(rate["rate"] * rate["expected"])
    midnight = zone(ZONE).bounds(zone(ZONE).day(NOW))[0]
    silent, late = {99}, {7, 8, 12}
    energy = [
        totals(household(n), np.array([midnight, LAST - 5 * 3600 if n in late else LAST]))
        for n in range(100)
        if n not in silent
    ]
    assert summary["import_wh"] == sum(int(day[1, 0] - day[0, 0]) for day in energy)
    assert summary["export_wh"] == sum(int(day[1, 1] - day[0, 1]) for day in energy)


async def test_meters_page_by_page_are_all_meters_once(api: httpx.AsyncClient) -> None:
    for limit in (7, 25, 100, 500):
        found = await walk(api, "/api/meters", "after", limit=limit)
        assert [meter["serial"] for meter in found] == [serial_of(n) for n in range(100)]


async def test_meters_are_found_by_prefix_and_state(api: httpx.AsyncClient) -> None:
    found = await walk(api, "/api/meters", "after", prefix=serial_of(10)[:-1], limit=3)
    assert [meter["serial"] for meter in found] == [serial_of(n) for n in range(10, 20)]
    assert await walk(api, "/api/meters", "after", prefix="NONE") == []
    (silent,) = await walk(api, "/api/meters", "after", state="installed")
    assert silent["serial"] == serial_of(99)
    assert silent["last_read"] is None
    assert "connection refused" in silent["reason"]


async def test_one_meter(api: httpx.AsyncClient) -> None:
    meter = await get(api, METER)
    assert meter["model"] == "CompactIQ IQ0404100K1-R"
    assert (meter["address"], meter["port"], meter["zone"]) == ("127.16.0.0", 4059, ZONE)
    assert meter["state"] == "in use"
    assert meter["last_read"] == "2026-11-20T14:47:20+01:00"
    assert meter["clock_offset_s"] == 2.0
    assert meter["reason"] is None
    assert not any("key" in name for name in meter)


@pytest.mark.parametrize("path", ["", "/curve", "/billing", "/events", "/sessions"])
async def test_an_unknown_meter_is_named(api: httpx.AsyncClient, path: str) -> None:
    assert await problem(api, f"/api/meters/NOSUCH{path}", 404) == "meter NOSUCH is not registered"


async def test_the_curve_is_what_the_meter_measured(api: httpx.AsyncClient) -> None:
    found = await get(api, METER + "/curve", start="2026-11-11", end="2026-11-20")
    starts = np.array([int(datetime.fromisoformat(row["start"]).timestamp()) for row in found["intervals"]])
    assert len(starts) == (DAYS - 1) * 96
    assert (np.diff(starts) == QUARTER).all()
    assert found["intervals"][0]["start"] == "2026-11-11T00:00:00+01:00"
    meter = household(0)
    energy = totals(meter, starts + QUARTER) - totals(meter, starts)
    assert [row["import_wh"] for row in found["intervals"]] == energy[:, 0].tolist()
    assert [row["export_wh"] for row in found["intervals"]] == energy[:, 1].tolist()


async def test_the_last_day_is_what_one_gets_without_asking(api: httpx.AsyncClient) -> None:
    found = await get(api, METER + "/curve")
    assert len(found["intervals"]) == 95  # from 14:47:20 to 14:47:20, whole quarters of an hour
    assert (
        found["intervals"][-1]["start"]
        == datetime.fromtimestamp(LAST - QUARTER, UTC).astimezone(zone(ZONE).info).isoformat()
    )


async def test_an_interval_beside_a_gap_is_null(api: httpx.AsyncClient) -> None:
    found = await get(api, f"/api/meters/{serial_of(3)}/curve", start="2026-11-19", end="2026-11-20")
    assert len(found["intervals"]) == 96 - 13
    assert [row["import_wh"] is None for row in found["intervals"]].count(True) == 1


@pytest.mark.parametrize(
    ("parameters", "accept"), [({"format": "csv"}, "application/json"), ({}, "text/csv"), ({}, "text/csv;q=0.9, */*")]
)
async def test_the_curve_as_csv(api: httpx.AsyncClient, parameters: dict[str, str], accept: str) -> None:
    span = {"start": "2026-11-18", "end": "2026-11-19"}
    answer = await api.get(METER + "/curve", params=span | parameters, headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("text/csv")
    assert serial_of(0) in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    as_json = (await get(api, METER + "/curve", **span))["intervals"]
    assert [float(row["import_wh"]) for row in rows] == [row["import_wh"] for row in as_json]
    assert [row["start"] for row in rows] == [row["start"] for row in as_json]
    assert rows[-1]["end"] == "2026-11-19T00:00:00+01:00"


async def test_json_is_asked_for_by_format_even_of_a_csv_reader(api: httpx.AsyncClient) -> None:
    answer = await api.get(METER + "/curve", params={"format": "json"}, headers={"Accept": "text/csv"})
    assert answer.json()["serial"] == serial_of(0)


@pytest.mark.parametrize(
    ("start", "count"),
    [
        ("2026-11-20T00:00:00+01:00", 8),
        ("2026-11-19T23:00:00Z", 8),
        ("2026-11-20T00:00:00 01:00", 8),
        ("2026-11-20", 8),
    ],
)
async def test_times_come_in_every_usual_form(api: httpx.AsyncClient, start: str, count: int) -> None:
    found = await get(api, METER + "/curve", start=start, end="2026-11-20T02:00:00")
    assert len(found["intervals"]) == count


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"start": "2026-11-20", "end": "2026-11-19"}, "start must come before end"),
        ({"start": "2026-01-01", "end": "2026-11-19"}, "at most 100 days at a time"),
        ({"start": "yesterday"}, "start: "),
        ({"start": "0001-01-01", "end": "0001-01-02"}, "outside the years"),
        ({"format": "xml"}, "format: Input should be 'json' or 'csv'"),
    ],
)
async def test_a_bad_span_is_one_sentence(api: httpx.AsyncClient, parameters: dict[str, str], sentence: str) -> None:
    assert sentence in await problem(api, METER + "/curve", 422, **parameters)


async def test_billing_is_what_the_meter_closed(api: httpx.AsyncClient) -> None:
    found = await walk(api, METER + "/billing", "before", limit=7)
    ends = np.array([int(datetime.fromisoformat(row["at"]).timestamp()) for row in found])
    assert (np.diff(ends) < 0).all()
    assert found[0]["at"] == "2026-11-20T00:00:00+01:00"
    assert [[r["name"], r["unit"]] for r in found[0]["readings"]] == [
        [name, "Wh"] for name in ("Import T1", "Import T2", "Export T1", "Export T2")
    ]
    values = [[reading["value"] for reading in row["readings"]] for row in found]
    assert values == household(0).at(ends).tolist()
    (month,) = await walk(api, METER + "/billing", "before", kind="monthly")
    assert month["at"] == "2026-11-01T00:00:00+01:00"


async def test_events_page_by_page_are_all_events_once(api: httpx.AsyncClient) -> None:
    path = f"/api/meters/{serial_of(2)}/events"
    everything = await walk(api, path, "before", limit=500)
    assert await walk(api, path, "before", limit=3) == everything
    assert len(everything) == sum(len(log) for log in household(2).logs.values())
    assert (everything[0]["meaning"], everything[0]["code"]) == ("clock adjusted, new time", 5)
    standard = await walk(api, path, "before", log="standard", limit=2)
    assert standard == [event for event in everything if event["log"] == "standard"]


@pytest.mark.parametrize("before", ["", "x", "1.a.2", "1.a.b.c", "9" * 30 + ".standard.1.1", "1.standard.1.-1"])
async def test_a_made_up_place_is_refused(api: httpx.AsyncClient, before: str) -> None:
    assert "was never given as next" in await problem(api, METER + "/events", 422, before=before)


async def test_numbers_out_of_range_are_refused(api: httpx.AsyncClient) -> None:
    assert "before" in await problem(api, METER + "/billing", 422, before="9" * 30)
    assert "limit" in await problem(api, "/api/meters", 422, limit="0")
    assert "limit" in await problem(api, "/api/meters", 422, limit="501")


async def test_sessions_tell_why_not(api: httpx.AsyncClient) -> None:
    found = await walk(api, f"/api/meters/{serial_of(12)}/sessions", "before", limit=50)
    assert [session["reason"] is None for session in found] == [False, False, False, True]
    assert "check the keys of the meter" in found[0]["reason"]
    assert found[-1]["rows"] == DAYS * 96
    assert "profile" in found[-1]["items"]


async def test_the_neighbourhood_is_the_sum_of_its_meters(api: httpx.AsyncClient, seeded: Seeded) -> None:
    found = await get(api, "/api/neighbourhood", start="2026-11-15", end="2026-11-16")
    assert len(found["intervals"]) == 96
    assert {row["meters"] for row in found["intervals"]} == {99}
    starts = np.array([int(datetime.fromisoformat(row["start"]).timestamp()) for row in found["intervals"]])
    meters = [household(n) for n in range(99)]
    energy = sum(totals(m, starts + QUARTER) - totals(m, starts) for m in meters)
    assert isinstance(energy, np.ndarray)
    assert [row["import_wh"] for row in found["intervals"]] == energy[:, 0].tolist()
    assert [row["export_wh"] for row in found["intervals"]] == energy[:, 1].tolist()
    one = await get(api, "/api/neighbourhood", node="neighbourhood", start="2026-11-15", end="2026-11-16")
    assert one["intervals"] == found["intervals"]
    none = await get(api, "/api/neighbourhood", node="elsewhere")
    assert none["intervals"] == []


async def test_an_address_that_is_none_is_a_problem_too(api: httpx.AsyncClient) -> None:
    assert await problem(api, "/api/nothing", 404) == "there is no GET /api/nothing; see /api/openapi.json"
    answer = await api.delete("/api/meters")
    assert answer.status_code == 405
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_description_is_complete(api: httpx.AsyncClient) -> None:
    document = await get(api, "/api/openapi.json")
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) >= 10
    for path, _, operation in operations:
        assert operation["tags"], path
        assert operation["summary"], path
        assert operation["description"], path
        answers = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        assert answers, path
        for status, answer in answers.items():
            assert status == "204" or answer["content"], path
            assert answer.get("content", {}).get("application/json", {"schema": True})["schema"], path
        if "{serial}" in path:
            assert operation["responses"]["404"]["content"]["application/json"]["schema"]["$ref"].endswith("/Problem")
