"""The tree of the network, groups, areas and filters, over REST."""

from pathlib import Path

import pytest

from headend.fake_meters import serial_of
from headend.registry.conftest import Desk
from openami.headend.registry import network
from openami.headend.registry.network_file import import_nodes
from openami.headend.registry.schemas import Level

TREE = (("S1", "substation", None), ("F1", "feeder", "S1"), ("T1", "transformer", "F1"), ("T2", "transformer", "F1"),
        ("T1 L1", "phase", "T1"), ("T1 L2", "phase", "T1"), ("F2", "feeder", "S1"))  # fmt: skip


async def grow(desk: Desk) -> None:
    for name, level, parent in TREE:
        await desk.send("POST", "/api/network", {"name": name, "level": level, "parent": parent}, status=201)
    for number, node in ((0, "T1 L1"), (1, "T1 L2"), (2, "T2"), (3, "F1")):
        await desk.send("PUT", f"/api/meters/{serial_of(number)}/node", {"node": node})


@pytest.mark.feature("SIMS-21")
async def test_meters_hang_under_phase_transformer_feeder_and_substation(desk: Desk) -> None:
    await grow(desk)
    assert await desk.serials(node="T1 L1") == [serial_of(0)]
    assert await desk.serials(node="T1") == [serial_of(0), serial_of(1)]
    assert sorted(await desk.serials(node="S1")) == [serial_of(number) for number in range(4)]
    assert await desk.serials(node="F2") == []
    found = await desk.get("/api/network/T1 L1")
    assert [node["name"] for node in found["line"]] == ["S1", "F1", "T1", "T1 L1"]
    [substation] = [node for node in (await desk.get("/api/network"))["items"] if node["name"] == "S1"]
    assert (substation["nodes"], substation["meters"]) == (6, 4)
    assert await desk.audited("node.make")


async def test_a_branch_moves_with_all_its_meters(desk: Desk) -> None:
    await grow(desk)
    await desk.send("PUT", "/api/network/T1", {"parent": "F2"})
    assert await desk.serials(node="F2") == [serial_of(0), serial_of(1)]
    assert sorted(await desk.serials(node="F1")) == [serial_of(2), serial_of(3)]
    with desk.database.read() as unit:
        phase, transformer = network.find(unit, "T1 L1"), network.find(unit, "T1")
        assert network.at_level(unit, [phase.id], Level.TRANSFORMER) == {phase.id: transformer.id}
        assert set(network.below(unit, "T1")) == {phase.id, transformer.id, network.find(unit, "T1 L2").id}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "X", "level": "feeder", "parent": "T1"}, "cannot hang under T1"),
        ({"name": "T1", "level": "transformer", "parent": "F1"}, "already"),
    ],
)
async def test_what_does_not_fit_is_refused(desk: Desk, body: dict[str, str], said: str) -> None:
    await grow(desk)
    assert said in (await desk.send("POST", "/api/network", body, status=409))["detail"]
    await desk.send("PUT", "/api/network/S1", {"parent": "T1"}, status=409)
    await desk.send("DELETE", "/api/network/T1", status=409)
    await desk.send("DELETE", "/api/network/F2", status=204)
    await desk.send("GET", "/api/network/F2", status=404)


async def test_a_shipment_that_names_no_node_leaves_a_meter_where_it_hangs(desk: Desk) -> None:
    from headend.fake_meters import HEADER, shipment_line

    await grow(desk)
    text = HEADER + shipment_line(0) + "\n" + shipment_line(9).replace("compactiq", "toaster") + "\n"
    for trial in ("true", "false"):
        answer = await desk.client.post("/api/shipments", content=text, params={"dry_run": trial})
        assert answer.json()["unchanged"] == 1
    assert await desk.serials(node="T1 L1") == [serial_of(0)]


@pytest.mark.feature("SIMS-07")
async def test_groups_hold_meters_by_name_and_by_what_fits(desk: Desk) -> None:
    await grow(desk)
    await desk.send("POST", "/api/groups", {"name": "pilot", "title": "First wave"}, status=201)
    path = "/api/groups/pilot/meters"
    assert await desk.send("POST", path, {"serials": [serial_of(11)]}) == {"meters": 1}
    assert await desk.send("POST", path, {"fitting": {"node": "F1"}}) == {"meters": 4}
    assert await desk.send("POST", path, {"fitting": {"node": "T1"}}) == {"meters": 0}
    expected = [serial_of(number) for number in (0, 1, 2, 3, 11)]
    assert await desk.serials(group="pilot") == expected
    assert await desk.serials(group="pilot", node="T1") == expected[:2]
    assert await desk.send("POST", f"{path}/take", {"serials": [serial_of(0)]}) == {"meters": 1}
    assert (await desk.get("/api/groups"))["items"][0]["meters"] == 4
    await desk.send("POST", path, {"serials": ["nobody"]}, status=404)
    await desk.send("DELETE", "/api/groups/pilot", status=204)
    await desk.send("GET", "/api/meters", group="pilot", status=404)


async def test_filters_narrow_together(desk: Desk) -> None:
    await grow(desk)
    await desk.send("PUT", f"/api/meters/{serial_of(5)}/area", {"area": "/north/harbour/"}, status=204)
    await desk.send("PUT", "/api/areas", {"path": "/north/", "title": "North"})
    await desk.send("POST", f"/api/meters/{serial_of(6)}/state", {"state": "suspended", "reason": "empty house"})
    assert await desk.serials(area="/north/") == [serial_of(5)]
    assert await desk.serials(state="suspended") == [serial_of(6)]
    assert await desk.serials(product="c3a1h") == []
    assert len(await desk.serials(product="compactiq", state="installed")) == 11
    assert await desk.serials(area="/north/", state="suspended") == []
    assert [area["title"] for area in await desk.get("/api/areas")] == ["North"]
    assert "compactiq" in {model["product"] for model in await desk.get("/api/models")}
    await desk.send("GET", "/api/meters", area="north", status=422)


async def test_states_of_life_go_their_ways_and_are_audited(desk: Desk) -> None:
    path = f"/api/meters/{serial_of(0)}/state"
    for state in ("suspended", "in use", "removed", "stock", "retired", "stock"):
        assert (await desk.send("POST", path, {"state": state, "reason": "why"}))["state"] == state
    assert "cannot become" in (await desk.send("POST", path, {"state": "suspended"}, status=409))["detail"]
    assert await desk.audited("meter.state") == [serial_of(0)] * 6


async def test_a_network_comes_from_a_file_and_a_second_time_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "nodes.csv"
    rows = ["name,level,parent", *(f"{name},{level},{parent or ''}" for name, level, parent in TREE)]
    rows += ["neighbourhood,feeder,S1", "X,lane,S1", "Y,phase,nowhere"]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    for added, unchanged in ((8, 0), (0, 8)):
        with desk.database.write() as unit:
            made = import_nodes(unit, file)
        assert (made.added, made.unchanged, len(made.faults)) == (added, unchanged, 2)
    assert [str(fault) for fault in made.faults] == [
        "nodes.csv, line 10: level 'lane' is not one of network, substation, feeder, transformer, phase",
        "nodes.csv, line 11: there is no node nowhere",
    ]
    assert len(await desk.serials(node="S1")) == 12
