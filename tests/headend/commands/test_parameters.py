"""Clocks, messages, displays, alarm filters, push setups, and any attribute or method, told by REST and read back."""

import pytest

from headend.commands.field import Field
from openami.aio.meter import Meter
from openami.core.errors import ActionError
from openami.dlms.xdlms import ActionResult


def offset(field: Field) -> float:
    """How far the meter's clock is ahead of ours."""
    return float(field.thing("clock").time.to_utc(0) - field.clock.at)


@pytest.mark.feature("SIMS-08")
@pytest.mark.parametrize("knows_shift", [True, False])
async def test_a_clock_is_set_to_ours(either: Field, knows_shift: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    field = either
    field.clock.at += 37
    whole = Meter.action

    async def refusing(meter: Meter, method: object, *given: object) -> object:
        if not knows_shift:
            raise ActionError(ActionResult.OBJECT_UNAVAILABLE, "shift_time")
        return await whole(meter, method, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Meter, "action", refusing)
    assert offset(field) == -37
    async with field.collecting():
        order = await field.tell("olga", "clock")
        assert order["state"] == "done", order
        assert order["result"]["offset_before_s"] == -37
        assert order["result"]["how"] == ("shifted" if knows_shift else "set")
        assert abs(offset(field)) <= 1
        again = await field.tell("olga", "clock")
    assert again["result"]["how"] == "in step"


async def test_a_jump_of_a_clock_takes_two_people(field: Field) -> None:
    field.clock.at += 7_200
    async with field.collecting():
        refused = await field.tell("olga", "clock")
        assert refused["state"] == "failed"
        assert "takes two people" in refused["reason"]
        async with field.office.browser("olga") as olga:
            body = {"command": "clock", "parameters": {"may_jump": True}, "meters": {"serials": field.serials[:1]}}
            assert (await olga.post("/api/commands", json=body)).json()["proposal"]["kind"] == "clock.jump"
        order = await field.tell("olga", "clock", may_jump=True)
    assert (order["state"], order["result"]["how"]) == ("done", "set")
    assert abs(offset(field)) <= 1


@pytest.mark.feature("SIMS-07")
async def test_parameters_are_written_and_read_back(either: Field) -> None:
    field = either
    async with field.collecting():
        message = await field.tell("olga", "message", text="Überlast: please save")
        assert (message["state"], message["result"]["is_as_told"]) == ("done", True)
        assert bytes(field.thing("consumer_message_text").value).decode() == "Überlast: please save"
        push = await field.tell("olga", "push", destination="192.0.2.7:4059", logical_name="0.0.25.9.0.255")
        assert push["state"] == "done", push
        assert field.thing("push_setup_1").send_destination_and_method.destination == b"192.0.2.7:4059"
        threshold = {"type": "double-long-unsigned", "value": 12_000}
        limit = await field.tell("olga", "limiter", threshold=threshold)
        assert (limit["state"], limit["result"]["is_as_told"]) == ("done", True), limit
        assert field.thing("limiter").threshold_normal == 12_000
        assert limit["proposal"] is not None


async def test_alarm_filters_are_written(field: Field) -> None:
    async with field.collecting():
        order = await field.tell("olga", "alarm-filter", mask=0x0000_0102)
    assert (order["state"], order["result"]["is_as_told"]) == ("done", True), order
    assert field.thing("alarm_filter").value == 0x0102


@pytest.mark.feature("SIMS-07")
async def test_a_demand_reset_closes_the_billing_period(field: Field) -> None:
    before = len(field.thing("billing_values").buffer)
    async with field.collecting():
        order = await field.tell("olga", "demand-reset")
    assert order["state"] == "done"
    assert len(field.thing("billing_values").buffer) == before + 1


async def test_a_display_list_is_told_as_the_meter_keeps_it(field: Field) -> None:
    """This model lets nobody write it; what it holds is what we would have written, octet for octet."""
    kept = field.thing("display_list_service")
    objects = [
        {"class_id": one.class_id, "logical_name": str(one.logical_name), "attribute": one.attribute_id}
        for one in kept.value
    ]
    told = {"objects": objects, "logical_name": "0.0.21.0.2.255", "class_id": 1}
    async with field.collecting(), field.office.browser("olga") as olga:
        refused = await field.tell("olga", "display-list", **told)
        assert (refused["state"], "read-write-denied" in refused["reason"]) == ("failed", True)
        body = {"command": "display-list", "parameters": told, "meters": {"serials": field.serials[:1]}}
        group = (await olga.post("/api/desired", json=body)).json()["id"]
        job = (await olga.post(f"/api/desired/{group}/check")).json()["id"]
        await field.job(olga, job, lambda found: found["state"] == "over")
        found = (await olga.get(f"/api/desired/{group}")).json()
    assert (found["as_desired"], found["drifted"]) == (1, 0)


async def test_any_attribute_is_read_and_a_refusal_stands_in_its_place(field: Field) -> None:
    items = [
        {"class_id": 3, "logical_name": "1.0.1.8.0.255", "attribute": 3},
        {"class_id": 3, "logical_name": "1.0.99.99.0.255", "attribute": 2},
    ]
    async with field.collecting(), field.office.browser("olga") as olga:
        answer = await olga.post(f"/api/meters/{field.serials[1]}/attributes", json={"items": items})
        assert answer.status_code == 200
        first, second = answer.json()["result"]["items"]
        assert (first["value"][1], first["error"]) == (30, None)
        assert second["value"] is None
        assert "object-undefined" in second["error"]


async def test_any_attribute_is_written_by_two_people(field: Field) -> None:
    item = {
        "class_id": 70, "logical_name": "0.0.96.3.10.255", "attribute": 4, "value": {"type": "enum", "value": 4},
    }  # fmt: skip
    other = {**item, "class_id": 1, "logical_name": "0.0.96.13.1.255", "attribute": 2}
    async with field.collecting():
        closed = await field.tell("olga", "write", items=[item])
        assert "the relay" in closed["detail"]
        wrong = await field.tell("olga", "write", items=[{**other, "value": {"type": "octet-string", "value": "xyz"}}])
        assert "octet-string" in wrong["detail"]
        refused = await field.tell("olga", "write", items=[{**other, "value": {"type": "enum", "value": 4}}])
        assert (refused["state"], "type-unmatched" in refused["reason"]) == ("failed", True), refused
        method = await field.tell("olga", "action", class_id=64, logical_name="0.0.43.0.0.255", method=2)
        assert "keys" in method["detail"]
    assert field.thing("disconnect_control").control_mode == 2


async def test_a_guarded_command_cannot_be_slipped_in_as_another(field: Field) -> None:
    wanted = {
        "kind": "commands.relay", "payload": {"action": "disconnect"}, "serials": field.serials[:1], "asked": 0,
        "expires": 2_000_000_000,
    }  # fmt: skip
    async with field.office.browser("olga") as olga:
        slipped = await olga.post("/api/proposals", json={"kind": "commands.bulk", "payload": wanted})
        assert (slipped.status_code, slipped.json()["detail"]) == (422, "this is not commands.bulk")
        right = await olga.post("/api/proposals", json={"kind": "relay.disconnect", "payload": wanted})
        assert right.status_code == 202
    async with field.office.browser("sam") as sam:  # of the south; the meters lie in the north
        away = await sam.post("/api/proposals", json={"kind": "relay.disconnect", "payload": wanted})
        assert away.status_code in {403, 404}
        body = {"command": "message", "parameters": {"text": "x"}, "meters": {"serials": field.serials[:1]}}
        assert (await sam.post("/api/commands", json=body)).status_code in {403, 404}
    async with field.office.browser("vic") as vic:
        assert (await vic.post("/api/commands", json=body)).status_code == 403
