"""A clone of a CompactIQ whose laws are recognised: the twin goes on living."""

import tomllib
from pathlib import Path
from typing import Any

from meters.cloning.twins import cloned, fleet_of, taken
from meters.small_fleet import INTERVALS, START, Company, compactiq
from odd_meter import OddMeter
from openami import connect
from openami.aio.server import FleetListener
from openami.core.obis import OBIS
from openami.core.units import ScalerUnit, Unit
from openami.cosem.clock import Clock
from openami.cosem.profile_generic import ProfileGeneric
from openami.cosem.registers import Register
from openami.dlms import data
from openami.dlms.security import Security
from openami.dlms.xdlms import CaptureObject
from openami.meters.cloning.clone import Clone, Wishes
from openami.meters.cloning.taking import Taken, take
from openami.meters.fleet import Fleet
from openami.meters.identity import CLIENT_TITLE
from small_meter import ENERGY, PROFILE, SmallMeter, url_of


async def of_compactiq() -> Taken:
    company = Company().live(2 * 3600)
    keys = company.fleet.keys.of(0)
    security = Security.hls5(
        encryption_key=keys.encryption, authentication_key=keys.authentication, client_title=CLIENT_TITLE
    )
    listener = FleetListener(company.fleet, port=0, host="127.0.0.1", stand_ins=company.fleet.addresses)
    async with listener, connect(url_of(listener), client=1, security=security) as meter:
        return await take(meter, 1, security)


def read(fleet: Fleet, attribute: Any, name: str) -> Any:
    return attribute.codec.decode(fleet.device(0).get(1, attribute.at(name)))[0]


async def test_a_live_twin_takes_clock_registers_and_profiles_from_the_laws(tmp_path: Path) -> None:
    found = await of_compactiq()
    clone = Clone.of(found, Wishes("twin", live=True))
    assert clone.tied > 50
    document = tomllib.loads(clone.text)
    by_name = {row["logical_name"]: row for row in document["object"] if row["class"] != "AssociationLNv3"}
    assert by_name["0.0.1.0.0.255"]["time"]["source"] == "clock.time"
    assert by_name[ENERGY]["value"] == {"type": "double-long-unsigned", "source": "energy.active.import"}
    assert by_name[INTERVALS]["buffer"]["source"] == "profile.interval"
    assert by_name["0.0.13.0.0.255"]["day_profile_table_active"] != [], "calendars stay those of the meter"
    assert document["product"]["face"] == "esmr"
    assert document["metering"]["interval_s"] == compactiq().metering.interval_s.value

    fleet = fleet_of(clone.text, tmp_path)
    fleet.advance_to(START + 3600)
    fleet.holding.now = lambda: float(START + 3600)
    assert read(fleet, Register.value, ENERGY) > 0
    assert read(fleet, Clock.time, "0.0.1.0.0.255").to_utc() == START + 3600
    assert read(fleet, ProfileGeneric.entries_in_use, INTERVALS) == 4
    listed = fleet.device(0).object_list(1)
    assert listed == list(found.clients[0].elements)


async def test_without_live_nothing_moves(tmp_path: Path) -> None:
    found = await of_compactiq()
    fleet = fleet_of(Clone.of(found, Wishes("twin")).text, tmp_path)
    before = read(fleet, Register.value, ENERGY)
    fleet.advance_to(START + 3600)
    assert read(fleet, Register.value, ENERGY) == before
    assert read(fleet, ProfileGeneric.entries_in_use, INTERVALS) == 8


async def test_another_scale_another_type_and_other_columns_are_not_those_of_the_law() -> None:
    small = cloned(await taken(SmallMeter()), live=True)
    rows = {row["logical_name"]: row for row in tomllib.loads(small.text)["object"]}
    assert rows[ENERGY]["value"] == {"setting": 12345}, "tens of watt-hours are not what the law counts in"
    assert "setting" in rows[PROFILE]["buffer"]
    meter = OddMeter()
    meter.show(
        Register("1.0.2.8.0.255", types={"value": data.UINT64}, value=3, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR)),
        Register("1.0.1.8.1.255", types={"value": data.UINT32}, value=3, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR)),
        ProfileGeneric("1.0.99.2.0.255", capture_objects=[CaptureObject(8, OBIS.parse("0.0.1.0.0.255"), 2, 0)]),
    )
    rows = {row["logical_name"]: row for row in tomllib.loads(cloned(await taken(meter), live=True).text)["object"]}
    assert rows["1.0.2.8.0.255"]["value"] == {"type": "long64-unsigned", "setting": 3}
    assert rows["1.0.1.8.1.255"]["value"]["source"] == "energy.active.import.rate_1"
    assert "source" not in rows["1.0.99.2.0.255"].get("buffer", {})


async def test_a_meter_that_nothing_is_known_of_is_a_plain_one() -> None:
    meter = SmallMeter()
    for key in [key for key in meter.objects if key[0] not in {1, 15}]:
        del meter.objects[key]
    clone = cloned(await taken(meter), live=True)
    assert clone.likeness is None
    assert "face" not in tomllib.loads(clone.text)["product"]
