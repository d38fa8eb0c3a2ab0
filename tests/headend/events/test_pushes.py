"""Pushes of virtual meters: stored, shown, cleared in the meter, and told again by the next push."""

from pathlib import Path
from typing import Any

import pytest

from headend import stores
from headend.events.pushing import Bench, bench
from openami.cosem.push import PushObject
from openami.dlms.xdlms import DataAccessResult

TAMPER, GASP, RESUME = "0.0.97.98.0.255/13", "0.0.97.98.1.255/0", "0.0.97.98.1.255/1"
DESCRIPTORS = ("alarm_descriptor", "alarm_descriptor_2", "alarm_descriptor_3")


def push_all_descriptors(one: Bench) -> None:
    """Send the list itself first, so that the push says what its values are, then serial number and descriptors."""
    meter = one.one
    names = ["push_setup_5.push_object_list", "device_id_1.value", *(f"{name}.value" for name in DESCRIPTORS)]
    entries: list[PushObject] = []
    for name in names:
        definition, number = meter.object(name)
        entries.append(PushObject(*definition.key, number, 0))
    assert meter.write("push_setup_5.push_object_list", entries) is DataAccessResult.SUCCESS


async def raised(one: Bench, name: str, times: int = 1) -> Any:
    async def look() -> Any:
        found = (await one.alarms()).get(name)
        return found if found and found["times"] >= times else None

    return await one.until(look)


@pytest.mark.slow
@pytest.mark.feature("SIMS-15")
async def test_an_alarm_in_clear_is_stored_cleared_with_ones_and_told_again(
    tmp_path: Path, place: stores.Place
) -> None:
    async with bench(tmp_path, "compactiq") as one:
        one.send_to("push_setup_alarm")
        one.one.hand("terminal_cover", "open").live(5)
        told = await raised(one, TAMPER)
        assert (told["meaning"], told["severity"], told["is_proved"]) == ("fraud attempt", "major", False)
        await one.read()
        assert one.one.read("alarm_register") >> 13 & 1, "an installation that only reads changes nothing"
        one.commission()
        await one.read()
        assert not one.one.read("alarm_register") >> 13 & 1
        told = (await one.alarms())[TAMPER]
        assert (told["clearing"], told["times"], told["is_proved"]) == ("cleared", 1, True), "the session proved it"
        one.one.hand("terminal_cover", "closed").live(5)
        one.one.hand("terminal_cover", "open").live(5)
        assert (await raised(one, TAMPER, 2))["clearing"] in {"waiting", "ordered"}
        done = await one.post("/alarms/acknowledge", alarms=[told["id"]], note="seal was cut")
        assert done == {"acknowledged": 1}
        assert (await one.alarms())[TAMPER]["note"] == "seal was cut"
        assert [item for item in (await one.get("/alarms"))["items"] if item["name"] == TAMPER] == []


@pytest.mark.slow
@pytest.mark.feature("SIMS-12", "SIMS-15")
async def test_a_ciphered_alarm_is_proved_cleared_with_zeros_and_opens_a_case(
    tmp_path: Path, place: stores.Place
) -> None:
    async with bench(tmp_path, "sed302") as one:
        one.commission()
        push_all_descriptors(one)
        one.send_to("push_setup_5")
        one.one.hand("magnet_mt", 200).live(5)
        told = await raised(one, TAMPER)
        assert (told["source"], told["is_proved"]) == ("push", True)
        await one.read()
        assert one.one.read("alarm_descriptor") == 0
        assert one.one.read("alarm_register") >> 13 & 1, "the register is left alone"
        assert (await one.alarms())[TAMPER]["clearing"] == "cleared"
        one.one.hand("magnet_mt", 0).live(5)
        one.one.hand("magnet_mt", 200).live(5)
        await raised(one, TAMPER, 2)
        ((case,), _) = (await one.get("/tamper-cases")).values()
        assert case["serial"] == told["serial"]
        await one.post(f"/tamper-cases/{case['id']}", state="confirmed", note="a magnet was found")
        whole = await one.get(f"/tamper-cases/{case['id']}")
        assert [piece["what"] for piece in whole["evidence"]][-1] == "confirmed: a magnet was found"
        assert (await one.get("/tamper-cases"))["items"] == []


@pytest.mark.slow
@pytest.mark.feature("SIMS-15")
async def test_a_last_gasp_over_udp_is_an_outage_until_the_power_is_back(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302", watch={"debounce_s": 30}) as one:
        push_all_descriptors(one)
        one.send_to("push_setup_5", udp=True)
        one.one.hand("supply", "off").live(1)
        await raised(one, GASP)
        assert (await one.get("/outages/standing"))["out"] == 0
        one.one.clock.utc += 60

        async def is_out() -> Any:
            return (await one.get("/outages?open=true"))["items"]

        (outage,) = await one.until(is_out)
        assert outage["meters"] == 1, "the only meter of its node"
        one.one.clock.utc += 600
        one.one.hand("supply", "on").live(120)
        one.commission()
        await one.read()
        assert one.one.read("alarm_descriptor_2") == 0, "the meter has answered and was cleared"

        async def is_over() -> Any:
            return (await one.get(f"/outages/{outage['id']}"))["ended"]

        await one.until(is_over)
        one.one.hand("supply", "off").live(1)
        await raised(one, GASP, 2)
        one.one.live(400).hand("supply", "on").live(60)
        await raised(one, RESUME, 2)
        found = (await one.get("/outages/indices"))["indices"]
        assert found["saifi"] == 2
        assert 8 < found["caidi_min"] < 12
