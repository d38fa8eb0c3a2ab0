"""The relay of a virtual meter, switched by REST: four eyes, interlocks, limits, and what is read back."""

import asyncio
import json
from pathlib import Path

import pytest

from headend.commands.field import PATIENCE_S, Field, opened
from openami.cosem.disconnect_control import ControlMode
from openami.headend.kit.database import Unit
from openami.headend.registry import groups, network
from openami.headend.registry.network import NewNode
from openami.headend.registry.schemas import Level

HOUR_S = 3_600


@pytest.mark.feature("SIMS-11", "SIMS-05")
async def test_a_meter_is_disconnected_by_two_people_and_reconnected_by_one(either: Field) -> None:
    field = either
    async with field.collecting(), field.office.browser("olga") as olga:
        asked = await olga.post(
            "/api/commands", json={"command": "disconnect", "meters": {"serials": field.serials[:1]}}
        )
        assert asked.status_code == 202
        proposal = asked.json()["proposal"]
        assert (proposal["kind"], proposal["sentence"]) == (
            "relay.disconnect", f"Disconnect meter {field.serials[0]}",
        )  # fmt: skip
        own = await olga.post(f"/api/proposals/{proposal['id']}/approve", json={"digest": proposal["digest"]})
        assert own.status_code in {403, 409}
        assert field.state() == "connected"
        outcome = (await field.approve(proposal["id"]))["outcome"]
        order = (await olga.get(f"/api/orders/{outcome.removeprefix('order ')}", params={"wait_s": 60})).json()
        assert order["state"] == "done", order
        assert (order["result"]["before"], order["result"]["after"]) == ("connected", "disconnected")
        assert (order["who"], order["proposal"]) == ("olga", proposal["id"])
        assert field.state() == "disconnected"
        field.live(120)
        checked = (await olga.get(f"/api/meters/{field.serials[0]}/orders")).json()["items"]
        load = (await olga.get(f"/api/orders/{checked[0]['id']}", params={"wait_s": 60})).json()
        assert (load["kind"], load["state"], load["result"]["power_w"]) == ("commands.load", "done", 0)
        back = await field.tell("olga", "reconnect")
        assert (back["state"], back["result"]["after"], field.state()) == ("done", "connected", "connected")
    async with field.office.browser("aud") as aud:
        done = (await aud.get("/api/audit", params={"action": "order.done"})).json()["items"]
        assert [each["subject"] for each in done] == field.serials[:1] * 2
        assert {each["who"] for each in done} == {"olga"}


async def test_power_behind_an_open_relay_keeps_it_open_and_is_told(field: Field) -> None:
    async with field.collecting():
        assert (await field.tell("olga", "disconnect"))["state"] == "done"
        refused = await field.tell("olga", "reconnect")  # the meter still tells the power of the minute before
        assert refused["state"] == "failed"
        assert "fed from elsewhere" in refused["reason"]
        assert field.state() == "disconnected"
        field.clock.at += 120  # time goes on for us, and nothing for the meter: power flows still
        async with field.office.browser("olga") as olga:
            newest = (await olga.get(f"/api/meters/{field.serials[0]}/orders")).json()["items"]
            number = next(each["id"] for each in newest if each["kind"] == "commands.load")
            found = (await olga.get(f"/api/orders/{number}", params={"wait_s": 60})).json()
        assert found["state"] == "failed"
        assert "bridged" in found["reason"]
    async with field.office.browser("aud") as aud:
        assert (await aud.get("/api/audit", params={"action": "relay.bridged"})).json()["items"]


async def test_a_protected_meter_is_not_disconnected(field: Field) -> None:
    serial = field.serials[0]
    async with field.collecting(), field.office.browser("olga") as olga:
        asked = {"command": "disconnect", "meters": {"serials": [serial]}}
        waiting = (await olga.post("/api/commands", json=asked)).json()["proposal"]["id"]
        kept = await olga.put(f"/api/meters/{serial}/protection", json={"reason": "life support"})
        assert kept.json() == {"serial": serial, "why": "life support"}
        refused = await olga.post("/api/commands", json=asked)
        assert (refused.status_code, "life support" in refused.json()["detail"]) == (409, True)
        number = (await field.approve(waiting))["outcome"].removeprefix("order ")
        order = (await olga.get(f"/api/orders/{number}", params={"wait_s": 60})).json()
        assert (order["state"], order["begun"]) == ("failed", None)
        assert "life support" in order["reason"]
        assert field.state() == "connected"
        taking = (await olga.post(f"/api/meters/{serial}/protection/remove", json={})).json()
        assert taking["state"] == "open"
        await field.approve(taking["id"])
        assert (await field.tell("olga", "disconnect"))["state"] == "done"


async def test_remote_control_that_is_off_is_said(field: Field) -> None:
    field.thing("disconnect_control").control_mode = ControlMode.NONE
    async with field.collecting():
        order = await field.tell("olga", "disconnect")
    assert (order["state"], field.state()) == ("failed", "connected")
    assert "control mode (0)" in order["reason"]


def hang(field: Field) -> None:
    """Three meters at two transformers of one feeder, and the fourth at another feeder."""

    def build(unit: Unit) -> None:
        for name, level, parent in (
            ("F1", Level.FEEDER, None), ("T1", Level.TRANSFORMER, "F1"), ("T2", Level.TRANSFORMER, "F1"),
            ("F2", Level.FEEDER, None),
        ):  # fmt: skip
            network.make(unit, NewNode(name, level, parent))
        for serial, name in zip(field.serials, ("T1", "T1", "T2", "F2"), strict=True):
            node = network.find(unit, name)
            unit.run("UPDATE meter SET node = ?, place = ? WHERE serial = ?", (node.id, node.path, serial))

    field.office.system(build)


async def test_a_feeder_loses_no_more_relays_an_hour_than_its_limit(tmp_path: Path) -> None:
    async with opened(tmp_path, commands={"relay_per_hour": 2}) as field, field.collecting():
        hang(field)
        job = await field.tell("olga", "disconnect", {"area": "/north/"})
        async with field.office.browser("olga") as olga:
            stuck = await field.job(olga, job["id"], lambda found: found["counts"].get("done") == 3)
            assert stuck["counts"]["done"] == 3
            assert field.state(3) == "disconnected"  # of the other feeder
            waits = await olga.get(f"/api/jobs/{job['id']}/orders", params={"state": "queued"})
            async with asyncio.timeout(PATIENCE_S):
                while not (found := waits.json()["items"]) or found[0]["reason"] is None:
                    await asyncio.sleep(0.05)
                    waits = await olga.get(f"/api/jobs/{job['id']}/orders", params={"state": "queued"})
            assert "2 relays of its feeder were switched within the hour" in found[0]["reason"]
            assert sum(field.state(meter) == "connected" for meter in range(4)) == 1
            field.live(HOUR_S + 2)
            over = await field.job(olga, job["id"], lambda found: found["state"] == "over")
        assert over["counts"] == {"done": 4}
        assert {field.state(meter) for meter in range(4)} == {"disconnected"}


async def test_meters_are_chosen_by_group_and_by_node(field: Field) -> None:
    hang(field)
    field.office.system(lambda unit: (groups.make(unit, "pilots"), groups.add(unit, "pilots", field.serials[2:])))
    async with field.office.browser("olga") as olga:
        for choice, serials in (({"node": "F1"}, field.serials[:3]), ({"group": "pilots"}, field.serials[2:])):
            asked = await olga.post("/api/commands", json={"command": "disconnect", "meters": choice})
            assert json.loads(asked.json()["proposal"]["payload"])["serials"] == serials
        nothing = await olga.post("/api/commands", json={"command": "disconnect", "meters": {}})
        assert (nothing.status_code, "choose meters" in nothing.json()["detail"]) == (422, True)
