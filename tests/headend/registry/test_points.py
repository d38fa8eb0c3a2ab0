"""Usage points, exchange of meters, ratios of transformers, discoveries and trial imports, over REST."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headend.fake_meters import HEADER, ZONE, serial_of, shipment_line
from headend.registry.conftest import NOW, Desk
from openami.headend.curves.intake import Arrival, store
from openami.headend.curves.repository import ensure_series
from openami.headend.registers import service as registers
from openami.headend.registry import discovery, factors, service
from openami.headend.registry.discovery import INBOUND, PUSH, Met, noted
from openami.headend.registry.factors import Factor
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

IMPORT, EXPORT = "1.0.1.8.0.255", "1.0.2.8.0.255"
QUARTER = 900
START = NOW - NOW % QUARTER - 8 * QUARTER


async def occupied(desk: Desk, **opening: Any) -> None:
    await desk.send("POST", "/api/points", {"code": "UP-1", "title": "Quay 4", "node": "neighbourhood"}, status=201)
    body = {"serial": serial_of(0), "at": "2026-11-01T10:00:00+00:00", "opening": opening or {IMPORT: 100}}
    await desk.send("POST", "/api/points/UP-1/install", body)


async def test_an_exchange_keeps_what_both_meters_show(desk: Desk) -> None:
    await occupied(desk)
    await desk.send("POST", "/api/groups", {"name": "pilot"}, status=201)
    await desk.send("POST", "/api/groups/pilot/meters", {"serials": [serial_of(0)]})
    await desk.send("PUT", f"/api/meters/{serial_of(0)}/factors", {"ct_primary": 100, "ct_secondary": 5})
    body = {
        "serial": serial_of(1), "at": "2026-11-10T09:00:00Z", "reason": "display dark",
        "closing": {IMPORT: 5100, EXPORT: 7}, "opening": {IMPORT: 3},
    }  # fmt: skip
    found = await desk.send("POST", "/api/points/UP-1/exchange", body)
    new, old = found["stays"]
    assert (new["serial"], old["serial"], new["until"]) == (serial_of(1), serial_of(0), None)
    assert old["until"] == new["since"]
    assert [(stand["logical_name"], stand["raw"]) for stand in old["closing"]] == [(IMPORT, 5100), (EXPORT, 7)]
    assert [stand["raw"] for stand in old["opening"] + new["opening"]] == [100, 3]
    assert (await desk.get(f"/api/meters/{serial_of(0)}"))["state"] == "removed"
    place = await desk.get(f"/api/meters/{serial_of(1)}/place")
    assert (place["usage_point"], place["groups"], place["factors"][0]["power"]) == ("UP-1", ["pilot"], 20)
    assert await desk.audited("meter.exchange") == [serial_of(1)]
    with desk.database.read() as unit:
        from openami.headend.registry import points

        assert points.stays(unit, "UP-1")[1].through(IMPORT) == 5000


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"closing": {IMPORT: 99}}, "came with more"),
        ({"closing": {"1.0.99.9.9.255": 1}}, "none of that name"),
        ({"closing": {IMPORT: 100.5}}, "in steps of"),
        ({"opening": {IMPORT: -1}}, "no reading"),
        ({"at": "2026-10-01T00:00:00Z"}, "after that"),
        ({"serial": serial_of(0)}, "already"),
        ({"serial": serial_of(2)}, "retired"),
    ],
)
async def test_an_exchange_that_cannot_be_leaves_everything(desk: Desk, change: dict[str, Any], said: str) -> None:
    await occupied(desk)
    await desk.send("POST", f"/api/meters/{serial_of(2)}/state", {"state": "retired"})
    body = {"serial": serial_of(1), "closing": {IMPORT: 200}, "opening": {IMPORT: 0}, **change}
    answer = await desk.client.post("/api/points/UP-1/exchange", json=body)
    assert answer.status_code in {409, 422}
    assert said in answer.json()["detail"]
    [stay] = (await desk.get("/api/points/UP-1"))["stays"]
    assert (stay["serial"], stay["until"]) == (serial_of(0), None)


async def test_a_meter_leaves_its_place_only_there(desk: Desk) -> None:
    await occupied(desk)
    state = f"/api/meters/{serial_of(0)}/state"
    assert "UP-1" in (await desk.send("POST", state, {"state": "stock"}, status=409))["detail"]
    await desk.send("PUT", f"/api/meters/{serial_of(0)}/area", {"area": "/north/"}, status=409)
    await desk.send("POST", "/api/points/UP-1/take-out", {"closing": {IMPORT: 150}, "state": "stock"})
    await desk.send("POST", "/api/points/UP-1/take-out", {}, status=409)
    assert (await desk.get(f"/api/meters/{serial_of(0)}"))["state"] == "stock"
    [listed] = (await desk.get("/api/points", prefix="UP"))["items"]
    assert listed["serial"] is None


def meter_counts(desk: Desk) -> None:
    """One meter with a load curve of 8 quarters, 10 Wh each, and a closing."""
    item, daily = model("compactiq").main_profile, model("compactiq").find("daily")
    layout, closing = Layout.of(item, ZONE), Layout.of(daily, ZONE)
    at = np.arange(START, START + 8 * QUARTER, QUARTER)
    values = np.zeros(8, layout.dtype)
    values[IMPORT] = 1000 + 10 * np.arange(8)
    shut = np.zeros(1, closing.dtype)
    shut["1.0.1.8.1.255"] = 1234
    with desk.database.write() as unit:
        number = service.meter(unit, serial_of(0)).id
        series = ensure_series(unit, [number], item.logical_name, layout, is_rolled_up=True)
        store(unit, [Arrival(series[number].id, at, values)])
        registers.store(unit, closing, [registers.Closings(number, "daily", np.array([START]), shut)])


async def test_ratios_are_applied_where_somebody_looks_and_not_to_integers(desk: Desk) -> None:
    changed = START + 4 * QUARTER
    path = f"/api/meters/{serial_of(0)}"
    meter_counts(desk)
    span = {"start": f"{START}", "end": f"{START + 8 * QUARTER}"}
    from datetime import UTC, datetime

    span = {
        name: datetime.fromtimestamp(at, UTC).isoformat()
        for name, at in (("start", START), ("end", START + 8 * QUARTER))
    }
    await desk.send("PUT", f"{path}/factors", {"ct_primary": 100, "ct_secondary": 5})
    since = datetime.fromtimestamp(changed, UTC).isoformat()
    body = {"since": since, "ct_primary": 100, "ct_secondary": 5, "vt_primary": 20_000, "vt_secondary": 100}
    await desk.send("PUT", f"{path}/factors", body)
    curve = await desk.get(f"{path}/curve", **span)
    energies = [interval["import_wh"] for interval in curve["intervals"]]
    assert energies == [None, *[200.0] * 3, *[40_000.0] * 4]
    [closing] = (await desk.get(f"{path}/billing"))["items"]
    assert {r["logical_name"]: r["value"] for r in closing["readings"]}["1.0.1.8.1.255"] == 1234 * 20
    with desk.database.read() as unit:
        from openami.headend.curves.service import curve as find_curve

        raw = find_curve(unit, serial_of(0), START, NOW)
        assert raw.registers[IMPORT].tolist() == list(range(1000, 1080, 10))
    await desk.send("DELETE", f"{path}/factors", status=204, since=since)
    curve = await desk.get(f"{path}/curve", **span)
    assert curve["intervals"][-1]["import_wh"] == 200.0
    await desk.send("PUT", f"{path}/factors", {"ct_primary": 0}, status=422)


async def test_sums_of_a_node_are_of_what_went_through_it(desk: Desk) -> None:
    await desk.send("PUT", f"/api/meters/{serial_of(0)}/factors", {"ct_primary": 100, "ct_secondary": 5})
    meter_counts(desk)
    from openami.headend.curves.service import neighbourhood

    with desk.database.read() as unit:
        found = neighbourhood(unit, START, NOW, "neighbourhood")
        assert found.imported.tolist() == [200] * 7


def test_ratios_by_unit() -> None:
    from openami.core.units import Unit as Physical

    ratio = Factor(0, 200, 5, 20_000, 100)
    by_unit = {Physical.WATT_HOUR: 8000, Physical.VAR: 8000, Physical.AMPERE: 40, Physical.VOLT: 200, Physical.HERTZ: 1}
    assert {unit: ratio.of(unit) for unit in by_unit} == by_unit
    assert factors.powers([Factor(10, 100, 5)], np.array([9, 10])).tolist() == [1, 20]


async def test_whoever_makes_itself_known_is_listed_and_can_be_registered(desk: Desk) -> None:
    title = "4f414d0000000001"
    with desk.database.write() as unit:
        noted(unit, [Met(PUSH, title, NOW - 60, "10.0.0.9", 4059, "DataNotification")])
        noted(unit, [Met(PUSH, title, NOW, "10.0.0.10", 4059), Met(INBOUND, "SN\x0042", NOW - 5)])
    [push, inbound] = (await desk.get("/api/discoveries"))["items"]
    assert (push["identity"], push["times"], push["address"]) == (title, 2, "10.0.0.10")
    assert inbound["identity"] == "SN\N{REPLACEMENT CHARACTER}42"
    [second] = (await desk.get("/api/discoveries", limit=1, before=f"{NOW}-{push['id']}"))["items"]
    assert second == inbound
    path = f"/api/discoveries/{push['id']}/register"
    await desk.send("POST", path, {"serial": "NEW1", "product": "toaster"}, status=422)
    assert (await desk.send("POST", path, {"serial": "NEW1", "product": "compactiq"}))["change"] == "added"
    made = await desk.get("/api/meters/NEW1")
    assert (made["address"], made["system_title"], made["state"]) == ("10.0.0.10", title, "installed")
    await desk.send("DELETE", f"/api/discoveries/{inbound['id']}", status=204)
    assert (await desk.get("/api/discoveries"))["items"] == []
    await desk.send("POST", path, {"serial": "NEW1", "product": "compactiq"}, status=404)


def test_anybody_can_send_anything_and_the_list_stays_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MOST", 20)
    monkeypatch.setattr(discovery, "SPARE", 5)
    with desk.database.write() as unit:
        for number in range(60):
            noted(unit, [Met(PUSH, f"{number:016x}", NOW + number)])
        found = discovery.listed(unit, limit=100)
    assert 20 <= len(found) <= 25
    assert found[0].identity == f"{59:016x}"


async def test_a_trial_import_tells_each_refused_line_and_keeps_nothing(desk: Desk, tmp_path: Path) -> None:
    del tmp_path
    bad = shipment_line(21).replace("compactiq", "toaster")
    secret = "c0ffee" * 5
    keyed = shipment_line(22).split(",")
    keyed[5] = secret
    text = HEADER + "\n".join([shipment_line(20), bad, shipment_line(0), ",".join(keyed)]) + "\n"
    answer = await desk.client.post("/api/shipments", content=text, params={"dry_run": True})
    told = answer.json()
    assert (told["added"], told["unchanged"], told["is_trial"]) == (1, 1, True)
    assert [(f["line"], f["column"], f["serial"]) for f in told["faults"]] == [
        (3, "product", serial_of(21)), (5, "encryption_key", serial_of(22)),
    ]  # fmt: skip
    assert "c0ffee" not in answer.text
    assert await desk.serials(prefix=serial_of(2)[:-1]) == [serial_of(number) for number in range(10)]
    with desk.database.read() as unit:
        assert unit.value("SELECT count(*) FROM sealed_key WHERE meter = ?", (serial_of(20),)) == 0
    assert await desk.audited("shipment.import") == []
    assert (await desk.client.post("/api/shipments", content=text)).json()["added"] == 1
    assert len(await desk.serials()) == 13
