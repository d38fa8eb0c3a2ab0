"""Calendars brought to virtual meters by REST: written, activated on a date, read back, taken back."""

import asyncio
from typing import Any

import pytest

from headend.accounts.office import START
from headend.commands.field import Field
from headend.tariffs.test_documents import WINTER
from openami.aio.meter import Meter
from openami.core.errors import ConnectionLost
from openami.headend.orders import switch
from openami.headend.orders.switch import Switch
from openami.headend.tariffs.rollouts import VERIFY_AFTER_S

PATIENCE_S = 60
DAY_S = 86_400
ROLLOUTS = "/api/tariffs/rollouts"


async def make(field: Field, **changes: Any) -> None:
    async with field.office.browser("ed") as browser:
        body = {"name": "Winter", "document": {**WINTER, **changes}, "note": "for the cold"}
        answer = await browser.post("/api/tariffs/calendars", json=body)
        assert answer.status_code == 201, answer.text


async def bring(field: Field, *, approve: bool = True, **wanted: Any) -> int:
    """Propose a roll-out as the engineer, approve it as somebody else. -> its number, or that of the proposal."""
    async with field.office.browser("ed") as browser:
        body = {"calendar": "Winter", "meters": {"serials": field.serials}, **wanted}
        answer = await browser.post(ROLLOUTS, json=body)
        assert answer.status_code == 202, answer.text
        number = int(answer.json()["id"])
    return number if not approve else int((await field.approve(number))["outcome"].split()[1])


async def settled(field: Field, number: int, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Wait until so many meters stand where. -> the meters."""
    async with field.office.browser("vic") as browser:
        async with asyncio.timeout(PATIENCE_S):
            while (await browser.get(f"{ROLLOUTS}/{number}")).json()["counts"] != counts:
                await asyncio.sleep(0.05)
        found: list[dict[str, Any]] = (await browser.get(f"{ROLLOUTS}/{number}/meters")).json()["items"]
    return found


def active(field: Field, meter: int = 0) -> bytes:
    return bytes(field.thing("activity_calendar", meter).calendar_name_active)


def special(field: Field, meter: int = 0) -> list[tuple[int, int, int, int]]:
    entries = field.thing("special_days_table", meter).entries
    return [(e.specialday_date.year, e.specialday_date.month, e.specialday_date.day, e.day_id) for e in entries]


@pytest.mark.feature("SIMS-05", "SIMS-07", "SIMS-09", "SIMS-10")
async def test_a_calendar_becomes_active_on_its_date_and_is_read_back(either: Field) -> None:
    await make(either)
    factory = active(either)
    begins = START + DAY_S
    async with either.collecting():
        number = await bring(either, activates=f"{begins}")
        await settled(either, number, {"written": 4})
        calendar = either.thing("activity_calendar")
        assert calendar.calendar_name_passive == b"T2"
        assert calendar.activate_passive_calendar_time.to_utc() == begins
        assert active(either) == factory
        assert special(either) == [], "they wait for the activation, as their table has no passive side"
        either.live(DAY_S - 60)
        assert active(either) == factory
        either.live(60 + VERIFY_AFTER_S)
        rows = await settled(either, number, {"active": 4})
    assert [row["before"] for row in rows] == [factory.decode()] * 4
    assert [active(either, meter) for meter in range(4)] == [b"T2"] * 4
    assert special(either) == [(2026, 4, 6, 2), (2027, 3, 29, 2), (0xFFFF, 12, 25, 2)]


@pytest.mark.feature("SIMS-07", "SIMS-09")
async def test_at_once_and_back_again(either: Field) -> None:
    await make(either)
    factory = either.thing("activity_calendar")
    name, days = factory.calendar_name_active, factory.day_profile_table_active
    async with either.collecting():
        number = await bring(either)
        await settled(either, number, {"active": 4})
        assert active(either) == b"T2"
        assert len(special(either)) == 3
        async with either.office.browser("ed") as browser:
            answer = await browser.post(f"{ROLLOUTS}/{number}/back", json={"reason": "too dear"})
            assert "4 meters get what they had before" in answer.json()["sentence"]
            outcome = (await either.approve(answer.json()["id"]))["outcome"]
        back = int(outcome.split()[1])
        await settled(either, back, {"active": 4})
        restored = either.thing("activity_calendar")
        assert (restored.calendar_name_active, restored.day_profile_table_active) == (name, days)
        assert special(either) == []
        async with either.office.browser("vic") as browser:
            assert (await browser.get(f"{ROLLOUTS}/{back}")).json()["undoes"] == number


async def test_what_waits_for_its_date_is_taken_back_before_it(field: Field) -> None:
    await make(field)
    factory = active(field)
    async with field.collecting():
        number = await bring(field, activates=f"{START + DAY_S}")
        await settled(field, number, {"written": 4})
        async with field.office.browser("ed") as browser:
            answer = await browser.post(f"{ROLLOUTS}/{number}/back", json={})
            await field.approve(answer.json()["id"])
        await settled(field, number, {"cancelled": 4})
        field.live(DAY_S + VERIFY_AFTER_S)
        rows = await settled(field, number, {"cancelled": 4})
    assert active(field) == factory
    assert rows[0]["reason"] == "taken back before it became active"


async def test_a_calendar_is_edited_in_versions_and_compared_with_what_a_meter_has(either: Field) -> None:
    await make(either)
    changed = {**WINTER, "days": [WINTER["days"][1], {"id": 1, "switches": [{"at": "00:00", "rate": 2}]}]}
    calendar = "/api/tariffs/calendars/Winter"
    async with either.office.browser("ed") as browser:
        body = {"document": changed, "based_on": 1, "note": "one rate"}
        assert (await browser.put(calendar, json=body)).json()["version"] == 2
        again = await browser.put(calendar, json={**body, "document": WINTER})
        assert again.status_code == 409
        assert "version 2 by now, made by ed" in again.json()["detail"]
        found = (await browser.get(f"{calendar}/differences")).json()
        assert [(d["what"], d["after"]) for d in found] == [("day 1", "00:00 rate 2")]
        day = (await browser.get(f"{calendar}/day", params={"date": "2027-03-30", "version": 1})).json()
        assert day["switches"][1] == {"at": "07:00", "rate": 2}
        assert [v["version"] for v in (await browser.get(f"{calendar}/versions")).json()] == [2, 1]
        assert [v["version"] for v in (await browser.get("/api/tariffs/calendars")).json()["items"]] == [2]
    async with either.collecting(), either.office.browser("olga") as browser:
        meter = f"/api/meters/{either.serials[1]}/tariff"
        assert (await browser.get(meter)).json() is None
        assert (await browser.post(f"{meter}/read")).status_code == 202
        async with asyncio.timeout(PATIENCE_S):
            while (found := (await browser.get(meter)).json()) is None:
                await asyncio.sleep(0.05)
        assert found["active"]["name"] == {"name": active(either, 1).decode()}
        drift = (await browser.get(f"{meter}/differences", params={"calendar": "Winter", "version": 1})).json()
        assert {"part": "name", "what": "name", "before": "T2", "after": active(either, 1).decode()} in drift


async def test_what_was_approved_is_what_is_written_whatever_is_edited_meanwhile(field: Field) -> None:
    await make(field)
    number = await bring(field, approve=False)
    async with field.office.browser("ed") as browser:
        body = {"document": {**WINTER, "name": "EVIL"}, "based_on": 1}
        assert (await browser.put("/api/tariffs/calendars/Winter", json=body)).status_code == 200
        shown = (await browser.get(f"/api/proposals/{number}")).json()
        own = await browser.post(f"/api/proposals/{number}/approve", json={"digest": shown["digest"]})
        assert own.status_code in {403, 409}, "nobody approves what they have proposed"
    async with field.collecting():
        made = int((await field.approve(number))["outcome"].split()[1])
        await settled(field, made, {"active": 4})
    assert active(field) == b"T2"


async def test_what_does_not_fit_the_model_or_comes_too_late_is_never_proposed(field: Field) -> None:
    await make(field, days=[*WINTER["days"], *({"id": n, "switches": [{"at": "00:00", "rate": 1}]} for n in (3, 4, 5))])
    async with field.office.browser("ed") as browser:
        body: dict[str, Any] = {"calendar": "Winter", "meters": {"area": "/north/"}}
        answer = await browser.post(ROLLOUTS, json=body)
        assert answer.status_code == 422
        assert "CompactIQ" in answer.json()["detail"]
        assert "5 entries, the meter holds 4" in answer.json()["detail"]
        assert (await browser.post(ROLLOUTS, json={**body, "activates": f"{START - 1}"})).status_code == 422
    field.office.system(lambda unit: switch.put(unit, Switch(is_commissioned=False)))
    async with field.office.browser("ed") as browser:
        assert (await browser.post(ROLLOUTS, json=body)).status_code == 409


async def test_a_meter_that_is_not_reached_in_time_keeps_what_it_has(field: Field) -> None:
    await make(field)
    factory = active(field)
    number = await bring(field, activates=f"{START + DAY_S}")
    field.live(DAY_S + VERIFY_AFTER_S)
    async with field.collecting():
        rows = await settled(field, number, {"failed": 4})
    assert active(field) == factory
    assert {row["reason"] for row in rows} == {"it was not carried out in time"}


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("cut", [1, 3, 6])
async def test_a_link_that_breaks_anywhere_leaves_the_calendar_whole(
    field: Field, cut: int, is_after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is lost before or behind one of the writes; what was there before is still known."""
    await make(field)
    factory, asked = active(field), 0
    whole = Meter.set_raw

    async def counting(meter: Meter, *arguments: Any) -> None:
        nonlocal asked
        asked += 1
        if asked != cut or is_after:
            await whole(meter, *arguments)
        if asked == cut:
            raise ConnectionLost("cut")

    monkeypatch.setattr(Meter, "set_raw", counting)
    async with field.collecting():
        number = await bring(field, meters={"serials": field.serials[:1]})
        (row,) = await settled(field, number, {"active": 1})
    assert asked > cut or (cut, is_after) == (6, True), "it was begun anew, unless nothing was left to do"
    assert active(field) == b"T2"
    assert len(special(field)) == 3
    assert row["before"] == factory.decode()
