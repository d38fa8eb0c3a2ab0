"""What becomes of an order when the link, the collector or the meter fails: carried out once, or said to be unknown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from headend.commands.field import COUNT, Field, opened
from openami.aio.meter import Meter
from openami.core.errors import ConnectionLost, DecodeError
from openami.headend.collection.dlms_reader import DlmsReader
from openami.headend.collection.reader import Association, Target
from openami.headend.orders.kinds import kind_of
from openami.headend.orders.queue import begin, load, take
from openami.headend.orders.schemas import State


def cut(monkeypatch: pytest.MonkeyPatch, verb: str, *, times: int = 1) -> list[str]:
    """Let the link break right behind a request that the meter has carried out."""
    calls: list[str] = []
    whole = getattr(Meter, verb)

    async def broken(meter: Meter, *given: Any, **named: Any) -> Any:
        calls.append(verb)
        answer = await whole(meter, *given, **named)
        if len(calls) <= times:
            raise ConnectionLost("the other end went away")
        return answer

    monkeypatch.setattr(Meter, verb, broken)
    return calls


class Absent(DlmsReader):
    """Meters that are out of reach for a while."""

    is_absent = True

    @asynccontextmanager
    async def associate(self, target: Target) -> AsyncIterator[Association]:
        if self.is_absent:
            raise ConnectionRefusedError(111, "connection refused")
        async with super().associate(target) as association:
            yield association


def operations(field: Field) -> int:
    return int(field.thing("relay_operations").value)


async def test_a_link_lost_behind_the_command_is_looked_into_not_repeated(
    either: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = cut(monkeypatch, "action")
    async with either.collecting():
        order = await either.tell("olga", "disconnect")
    assert (order["state"], order["result"]["after"]) == ("done", "disconnected")
    assert order["attempts"] > 1
    assert (len(calls), operations(either)) == (1, 1)


async def test_a_method_whose_outcome_nobody_knows_stays_unknown(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = cut(monkeypatch, "action_raw", times=9)
    async with field.collecting():
        order = await field.tell(
            "olga", "action", class_id=9, logical_name="0.0.10.0.1.255", method=1,
            parameter={"type": "long-unsigned", "value": 1},
        )  # fmt: skip
    assert (order["state"], len(calls)) == ("unknown", 1)
    assert order["ended"] is not None
    assert "nobody can tell" in order["reason"]


async def test_a_meter_out_of_reach_gets_it_when_it_is_back(field: Field) -> None:
    reader = Absent(timeout_s=5)
    async with field.collecting(reader):
        asked = await field.tell("olga", "message", text="hello", wait_s=0.5)
        assert (asked["state"], asked["begun"]) in {("queued", None), ("leased", None)}
        reader.is_absent = False
        async with field.office.browser("olga") as olga:
            order = (await olga.get(f"/api/orders/{asked['id']}", params={"wait_s": 60})).json()
    assert (order["state"], order["reason"]) == ("done", None)
    assert bytes(field.thing("consumer_message_text").value) == b"hello"


async def test_what_came_too_late_is_not_done(field: Field) -> None:
    reader = Absent(timeout_s=5)
    async with field.collecting(reader), field.office.browser("olga") as olga:
        asked = await field.tell("olga", "message", text="hello", wait_s=0)
        field.clock.at += 86_400
        reader.is_absent = False
        order = (await olga.get(f"/api/orders/{asked['id']}", params={"wait_s": 60})).json()
    assert (order["state"], order["reason"]) == ("failed", "it was not carried out in time")
    assert bytes(field.thing("consumer_message_text").value) == b""


async def test_what_was_taken_back_is_not_done(field: Field) -> None:
    asked = await field.tell("olga", "message", text="hello", wait_s=0)
    async with field.office.browser("olga") as olga:
        assert (await olga.post(f"/api/orders/{asked['id']}/cancel")).json()["state"] == "cancelled"
        assert (await olga.post(f"/api/orders/{asked['id']}/cancel")).status_code == 409
        async with field.collecting():
            other = await field.tell("olga", "clock")
    assert other["state"] == "done"
    assert bytes(field.thing("consumer_message_text").value) == b""


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_collector_killed_in_mid_command_leaves_it_to_be_looked_into(either: Field, is_done: bool) -> None:
    """The order was marked begun, on disk; whether the meter got it decides what the next collector finds."""
    field = either
    async with field.office.browser("olga") as olga:
        made = (await olga.post("/api/commands", json=disconnect(field))).json()["proposal"]["id"]
        number = int((await field.approve(made))["outcome"].removeprefix("order "))

        def die(unit: Any) -> None:
            unit.run("UPDATE work SET worker = 'dead', lease_until = 1 WHERE item = 'orders'")
            order = load(unit, number)
            taken = take(unit, [order.meter], "dead", field.clock.at)[order.meter]
            assert begin(unit, load(unit, number), "dead", field.clock.at, field.settings) is None
            assert [each.id for each in taken] == [number]

        field.office.system(die)
        if is_done:
            field.thing("disconnect_control").remote_disconnect(0)
        async with field.collecting():
            order = (await olga.get(f"/api/orders/{number}", params={"wait_s": 60})).json()
    assert (order["state"], field.state(), operations(field)) == ("done", "disconnected", 1)


def disconnect(field: Field) -> dict[str, Any]:
    return {"command": "disconnect", "meters": {"serials": field.serials[:1]}}


async def test_collectors_that_share_a_job_do_it_once(either: Field) -> None:
    field = either
    async with field.collecting(), field.collecting(), field.collecting():
        job = await field.tell("olga", "disconnect", {"area": "/north/"})
        async with field.office.browser("olga") as olga:
            over = await field.job(olga, job["id"], lambda found: found["state"] == "over")
    assert over["counts"] == {"done": COUNT}
    assert [int(field.thing("relay_operations", meter).value) for meter in range(COUNT)] == [1] * COUNT


@pytest.mark.feature("SIMS-26")
async def test_a_new_installation_only_reads_until_two_people_commission_it(tmp_path: Path) -> None:
    async with opened(tmp_path, is_commissioned=False) as field, field.collecting():
        assert "commissioned" in (await field.tell("olga", "message", text="hello"))["detail"]
        assert "commissioned" in (await field.tell("olga", "disconnect"))["detail"]
        async with field.office.browser("olga") as olga:
            place = {"class_id": 1, "logical_name": "0.0.96.13.0.255", "attribute": 2}
            read = await olga.post(f"/api/meters/{field.serials[0]}/attributes", json={"items": [place]})
            assert read.json()["state"] == "done"
            assert (await olga.post("/api/switch/release", json={})).status_code == 403
        async with field.office.browser("ada") as ada:
            asked = (await ada.post("/api/switch/release", json={})).json()
            assert (asked["kind"], asked["state"]) == ("commands.commission", "open")
        await field.approve(asked["id"])
        assert (await field.tell("olga", "message", text="hello"))["state"] == "done"


async def test_the_kill_switch_stops_what_waits_and_what_is_asked_for(either: Field) -> None:
    field = either
    waiting = await field.tell("olga", "message", text="hello", wait_s=0)
    async with field.office.browser("ada") as ada, field.office.browser("olga") as olga:
        assert (await olga.post("/api/switch/stop", json={"reason": "wrong feeder"})).status_code == 403
        assert (await ada.post("/api/switch/stop", json={})).status_code == 422
        stopped = (await ada.post("/api/switch/stop", json={"reason": "wrong feeder"})).json()
        assert (stopped["is_stopped"], "wrong feeder" in stopped["refusal"]) == (True, True)
        async with field.collecting():
            assert "wrong feeder" in (await field.tell("olga", "message", text="other"))["detail"]
            read = await olga.post(
                f"/api/meters/{field.serials[0]}/attributes",
                json={"items": [{"class_id": 1, "logical_name": "0.0.96.13.0.255", "attribute": 2}]},
            )
            assert read.json()["state"] == "done"
            held = (await olga.get(f"/api/orders/{waiting['id']}")).json()
            assert (held["state"], held["begun"]) == ("queued", None)
            freed = (await ada.post("/api/switch/release", json={})).json()
            assert freed["kind"] == "commands.resume"
            await field.approve(freed["id"])
            order = (await olga.get(f"/api/orders/{waiting['id']}", params={"wait_s": 60})).json()
    assert order["state"] == "done"


async def test_the_switch_counts_at_the_last_moment(field: Field) -> None:
    """An order that a collector has in hand does not go out once the switch was thrown."""
    asked = await field.tell("olga", "message", text="hello", wait_s=0)
    desk = field.office.desk("ada")

    def in_hand(unit: Any) -> None:
        take(unit, [load(unit, asked["id"]).meter], "me", field.clock.at)

    field.office.system(in_hand)
    async with field.office.browser("ada") as ada:
        await ada.post("/api/switch/stop", json={"reason": "wrong feeder"})
    refused = field.office.system(
        lambda unit: begin(unit, load(unit, asked["id"]), "me", field.clock.at, field.settings)
    )
    assert desk
    assert (refused.state, "wrong feeder" in refused.reason) == (State.QUEUED, True)


async def test_an_order_of_a_kind_that_there_is_no_longer_stands_in_nobodys_way(field: Field) -> None:
    with pytest.raises(DecodeError, match=r"no order of the kind 'commands\.nothing'"):
        kind_of("commands.nothing")
    with pytest.raises(DecodeError, match="no order of the kind"):
        kind_of("no.such")
    asked = await field.tell("olga", "message", text="hello", wait_s=0)
    field.office.system(lambda unit: unit.run("UPDATE device_order SET kind = 'no.such' WHERE id = ?", (asked["id"],)))
    async with field.collecting(), field.office.browser("olga") as olga:
        other = await field.tell("olga", "message", {"serials": field.serials[1:2]}, text="other")
        assert other["state"] == "done"
        field.clock.at += 86_401
        order = (await olga.get(f"/api/orders/{asked['id']}", params={"wait_s": 60})).json()
    assert (order["state"], order["reason"]) == ("failed", "it was not carried out in time")


@pytest.mark.feature("SIMS-10")
async def test_a_command_waits_for_its_time(either: Field) -> None:
    field = either
    due = int(field.clock.at) + 3_600
    async with field.collecting(), field.office.browser("olga") as olga:
        body = {
            "command": "message", "parameters": {"text": "later"}, "meters": {"serials": field.serials[:1]}, "due": due,
        }  # fmt: skip
        asked = (await olga.post("/api/commands", json=body)).json()["order"]
        assert (await field.tell("olga", "clock"))["state"] == "done"
        held = (await olga.get(f"/api/orders/{asked['id']}")).json()
        assert (held["state"], held["begun"]) == ("queued", None)
        field.live(3_601)
        order = (await olga.get(f"/api/orders/{asked['id']}", params={"wait_s": 60})).json()
    assert order["state"] == "done"
    assert bytes(field.thing("consumer_message_text").value) == b"later"
