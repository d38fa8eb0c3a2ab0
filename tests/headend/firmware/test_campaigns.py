"""Firmware brought to virtual meters by REST: a pilot, waves, links that drop, a date, and the rule that stops it."""

import asyncio
from random import Random
from typing import Any

import pytest

from headend.accounts.office import START
from headend.commands.field import Field
from headend.firmware.bringing import CAMPAIGNS, NEW, OLD, begin, image_in, living, look, running, take, until
from meters.upgrading import content, made
from openami.aio.meter import Meter
from openami.core.errors import ConnectionLost
from openami.cosem.image_transfer import ImageTransfer
from openami.dlms.security.curve import P256, PrivateKey
from openami.headend.orders import switch
from openami.headend.orders.switch import Switch
from openami.meters.firmware.version import Version

DAY_S = 86_400


@pytest.mark.feature("SIMS-05", "SIMS-06", "SIMS-10")
async def test_a_pilot_at_once_and_a_wave_on_a_date(either: Field) -> None:
    image = await take(either)
    begins = START + DAY_S
    number = await begin(either, image, pilot_size=2, wave_size=4, activates=f"{begins}")
    async with living(either):
        found = await until(either, number, lambda c: c["counts"] == {"done": 2, "activating": 6})
        assert (found["state"], found["wave"]) == ("running", 2)
        assert [running(either, meter) for meter in range(8)].count(NEW) == 2, "only the pilot, before the date"
        either.live(begins - int(either.clock.at))
        found = await until(either, number, lambda c: c["state"] == "over")
    assert found["counts"] == {"done": 8}
    assert [running(either, meter) for meter in range(8)] == [NEW] * 8
    rows = (await look(either, number, "meters"))["items"]
    assert {(row["before"], row["after"], row["reason"]) for row in rows} == {(OLD, NEW, None)}
    assert sorted(row["wave"] for row in rows) == [0, 0, 1, 1, 1, 1, 2, 2]
    told = await look(either, number, "statistics")
    assert told["sent"] == told["blocks"] > 0
    assert (told["resumed"], told["sessions"], told["reasons"]) == (0, 8, {})
    assert (
        either.office.system(lambda unit: unit.value("SELECT count(*) FROM audit WHERE action = 'firmware.over'")) == 1
    )


@pytest.mark.feature("SIMS-06")
async def test_a_pilot_that_fails_stops_the_wave(either: Field) -> None:
    """The image is good by all that can be checked, and fails its self-check once it is active."""
    image = await take(either, made(is_defective=True))
    number = await begin(either, image, pilot_size=2)
    async with living(either):
        found = await until(either, number, lambda c: c["state"] == "stopped" and not c["counts"].get("activating"))
    assert "meters of the pilot failed" in found["why"]
    assert found["counts"].get("cancelled", 0) + found["counts"].get("failed", 0) == 8
    assert found["counts"]["cancelled"] >= 6
    assert [running(either, meter) for meter in range(8)] == [OLD] * 8
    waves = {row["wave"]: row for row in (await look(either, number, "meters"))["items"]}
    assert waves[1]["tries"] == 0, "no meter of the wave was ever told"
    async with either.office.browser("ed") as browser:
        answer = await browser.post(f"{CAMPAIGNS}/{number}/resume")
        assert answer.status_code == 409, "what was stopped is proposed anew"


async def test_only_missing_blocks_are_sent_after_a_link_broke(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    image = await take(field, made(content=content(20_000)))
    whole, sent = Meter.action, 0

    async def breaking(meter: Meter, method: Any, at: Any, parameter: Any) -> Any:
        nonlocal sent
        if method is ImageTransfer.image_block_transfer:
            sent += 1
            if sent in {10, 25}:
                raise ConnectionLost("cut")
        return await whole(meter, method, at, parameter)

    monkeypatch.setattr(Meter, "action", breaking)
    number = await begin(field, image, meters={"serials": field.serials[:1]})
    async with living(field):
        await until(field, number, lambda c: c["counts"] == {"done": 1})
    (row,) = (await look(field, number, "meters"))["items"]
    assert (row["tries"], row["sent"]) == (3, row["blocks"])
    assert running(field, 0) == NEW


async def test_no_more_meters_of_a_node_than_it_bears(either: Field) -> None:
    image = await take(either)
    number = await begin(either, image, pilot_size=1, per_node=2)
    seen: list[int] = []
    async with living(either):

        def note(found: dict[str, Any]) -> bool:
            seen.append(found["counts"].get("sending", 0))
            return bool(found["state"] == "over")

        await until(either, number, note)
    assert max(seen) <= 2
    assert [running(either, meter) for meter in range(8)] == [NEW] * 8


async def test_it_waits_after_the_pilot_and_while_it_is_paused(field: Field) -> None:
    image = await take(field)
    number = await begin(field, image, pilot_size=1, waits_after_pilot=True)
    async with living(field), field.office.browser("ed") as browser:
        found = await until(field, number, lambda c: c["state"] == "paused")
        assert (found["counts"], found["wave"]) == ({"done": 1, "waiting": 7}, 1)
        assert (await browser.post(f"{CAMPAIGNS}/{number}/resume")).json()["state"] == "running"
        assert (await browser.post(f"{CAMPAIGNS}/{number}/pause", json={})).json()["state"] == "paused"
        assert (await browser.post(f"{CAMPAIGNS}/{number}/resume")).json()["state"] == "running"
        await until(field, number, lambda c: c["state"] == "over" and c["counts"] == {"done": 8})


async def test_a_campaign_that_is_stopped_activates_nothing_more(field: Field) -> None:
    image = await take(field)
    number = await begin(field, image, pilot_size=1, activates=f"{START + DAY_S}")
    async with living(field), field.office.browser("ed") as browser:
        await until(field, number, lambda c: c["counts"] == {"done": 1, "activating": 7})
        answer = await browser.post(f"{CAMPAIGNS}/{number}/stop", json={"reason": "a fault was found"})
        assert answer.json()["counts"] == {"done": 1, "cancelled": 7}
        field.live(DAY_S + 3_600)
        await asyncio.sleep(0.5)
    assert [running(field, meter) for meter in range(8)].count(NEW) == 1


async def test_the_kill_switch_holds_a_campaign_until_somebody_resumes_it(field: Field) -> None:
    image = await take(field)
    number = await begin(field, image, pilot_size=1, waits_after_pilot=True)
    async with living(field), field.office.browser("ed") as browser:
        await until(field, number, lambda c: c["state"] == "paused")
        shut = Switch(is_commissioned=True, is_stopped=True, why="storm", who="sue")
        field.office.system(lambda unit: switch.put(unit, shut))
        answer = await browser.post(f"{CAMPAIGNS}/{number}/resume")
        assert answer.status_code == 409
        assert "storm" in answer.json()["detail"]
        field.office.system(switch.commission)
        await browser.post(f"{CAMPAIGNS}/{number}/resume")
        await until(field, number, lambda c: c["state"] == "over")


async def test_a_meter_out_of_reach_is_missed_and_stops_nothing(field: Field) -> None:
    image = await take(field)
    field.office.system(lambda unit: unit.run("UPDATE meter SET port = 1 WHERE serial = ?", (field.serials[5],)))
    number = await begin(field, image, pilot=field.serials[:1], valid_s=200)
    async with living(field):
        found = await until(field, number, lambda c: c["state"] == "over")
    assert found["counts"] == {"done": 7, "missed": 1}


async def test_a_meter_is_in_one_campaign_at_a_time(field: Field) -> None:
    image = await take(field)
    await begin(field, image, meters={"serials": field.serials[:2]})
    async with field.office.browser("ed") as browser, field.office.browser("ann") as ann:
        body = {"image": image, "meters": {"serials": field.serials[1:3]}}
        made = (await browser.post(CAMPAIGNS, json=body)).json()
        answer = await ann.post(f"/api/proposals/{made['id']}/approve", json={"digest": made["digest"]})
    assert answer.status_code == 409
    assert f"meter {field.serials[1]} is still in campaign 1" in answer.json()["detail"]


async def test_the_version_it_comes_from_is_asked_for(field: Field) -> None:
    image = await take(field, from_versions=["01 02 03 00"])
    number = await begin(field, image, meters={"serials": field.serials[:1]})
    async with living(field):
        await until(field, number, lambda c: c["state"] == "stopped")
    (row,) = (await look(field, number, "meters"))["items"]
    assert row["reason"] == f"it runs {OLD}; this image may only follow 01 02 03 00"
    assert row["sent"] == 0


FORGED = PrivateKey.draw(P256, Random(9).randbytes).sign(made()).hex()


async def test_an_image_that_cannot_be_trusted_is_not_taken(field: Field) -> None:
    wrong = {
        "without the signature of its maker": {"signature": ""},
        "signature is wrong": {"signature": FORGED},
        "maker 'somebody' is not known here; known: xemex": {"maker": "somebody"},
        "this is not the file that the hash is of": {"sha256": "0" * 64},
        "is not one of": {"models": ["../../etc/passwd"]},
        "is not base64": {"content": "***"},
    }
    async with field.office.browser("ed") as browser:
        for message, changes in wrong.items():
            answer = await browser.post("/api/firmware/images", json=image_in(made()) | changes)
            assert answer.status_code in {409, 422}
            assert message in answer.json()["detail"]
        assert (await browser.get("/api/firmware/images")).json()["items"] == []


async def test_an_image_is_only_for_its_models_and_until_it_is_retired(field: Field) -> None:
    image = await take(field, models=["c3a1h"])
    async with field.office.browser("ed") as browser:
        body = {"image": image, "meters": {"area": "/north/"}}
        answer = await browser.post(CAMPAIGNS, json=body)
        assert "is not for it" in answer.json()["detail"]
        other = await take(field, made(version=Version("01 02 03 06")))
        assert (await browser.post(f"/api/firmware/images/{other}/retire")).json()["is_retired"] is True
        answer = await browser.post(CAMPAIGNS, json={**body, "image": other})
        assert answer.status_code == 409
