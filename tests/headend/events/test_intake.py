"""What comes over the wire: from whom it is, whether it is new, whether it may be believed."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from headend import stores
from headend.events.pushing import Bench, bench
from openami.core.obis import OBIS
from openami.dlms.push import Sealer
from openami.dlms.security import Keys
from openami.dlms.xdlms import DataNotification
from openami.headend.events import pushes
from openami.headend.events.pushes import Arrived
from openami.headend.kit.settings import Settings

BATTERY, TAMPER = "0.0.97.98.0.255/1", "0.0.97.98.0.255/13"
REGISTER = OBIS.parse("0.0.97.98.20.255")


def body(serial: str, value: int) -> bytes:
    """Serial number, then descriptor by name and value."""
    name = serial.encode()
    register = bytes(REGISTER)
    return b"\x02\x03\x09" + bytes([len(name)]) + name + b"\x09\x06" + register + b"\x06" + value.to_bytes(4, "big")


def plain(serial: str, value: int) -> bytes:
    return DataNotification(1, b"", body(serial, value)).encode()


def sealer(one: Bench, first: int, keys: Keys | None = None) -> Sealer:
    fleet = one.one.fleet
    return Sealer(keys or fleet.keys.of(0), fleet.holding.identity.system_title(0), count(first).__next__)


async def send(one: Bench, apdu: bytes) -> None:
    """Over TCP, behind the wrapper."""
    assert one.watch.intake is not None
    address = one.watch.intake.listening.addresses[0]
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(bytes((0, 1, 0, 1, 0, 1)) + len(apdu).to_bytes(2, "big") + apdu)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def has(one: Bench, name: str) -> Any:
    async def look() -> Any:
        return (await one.alarms()).get(name)

    return await one.until(look)


async def test_a_push_is_taken_once_even_after_a_restart(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302") as one:
        heard = sealer(one, 50).seal(plain("anybody", 1 << 1))
        await send(one, heard)
        assert (await has(one, BATTERY))["is_proved"]
        with one.database.read() as unit:
            assert unit.rows("SELECT value FROM push_counter") == [(50,)]
        assert one.watch.intake is not None
        one.watch.intake.counters.last.clear()  # a process that has just begun knows none
        with one.database.write() as unit:
            unit.run("DELETE FROM alarm")
        await send(one, heard)
        await send(one, sealer(one, 51).seal(plain("anybody", 1 << 13)))
        await has(one, TAMPER)
        assert BATTERY not in await one.alarms(), "it was played again"


async def test_strange_keys_garbage_and_strangers_do_no_harm(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302") as one:
        await send(one, sealer(one, 9, Keys(bytes(16), bytes(16))).seal(plain(one.serial, 1 << 1)))
        await send(one, plain("nobody", 1 << 1))
        await send(one, b"\x0f\x00")
        await send(one, plain(one.serial, 1 << 13))
        assert not (await has(one, TAMPER))["is_proved"]
        assert BATTERY not in await one.alarms()


async def test_where_it_is_asked_for_what_is_not_proved_is_not_taken(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302", watch={"least": "authenticated"}) as one:
        await send(one, plain(one.serial, 1 << 1))
        await send(one, sealer(one, 1).seal(plain("", 1 << 13)))
        assert (await has(one, TAMPER))["is_proved"]
        assert BATTERY not in await one.alarms()


async def test_a_clock_that_is_far_off_is_not_believed(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302") as one:
        now = int(one.clock.now())
        told = [Arrived("", (one.serial,), (("0.0.97.98.20.255", 1 << bit),), at, is_proved=False)
                for bit, at in ((0, now - 3_600), (1, now + 86_400), (13, now - 30 * 86_400))]  # fmt: skip
        with one.database.write() as unit:
            assert pushes.take(unit, told, now).news == 3
            rows = unit.rows("SELECT name, began FROM alarm ORDER BY id")
        assert [at for _, at in rows] == [now - 3_600, now, now]


async def test_values_without_names_are_the_registers_in_order(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302") as one:
        told = Arrived("", ("x", one.serial), (("", 1 << 13), ("", 0), ("", 1 << 14)), None, is_proved=False)
        with one.database.write() as unit:
            pushes.take(unit, [told], one.clock.now())
            names = [row[0] for row in unit.rows("SELECT name FROM alarm ORDER BY id")]
        assert names == [TAMPER, "0.0.97.98.2.255/14"]


async def test_a_meter_in_stock_raises_nothing(tmp_path: Path, place: stores.Place) -> None:
    async with bench(tmp_path, "sed302") as one:
        with one.database.write() as unit:
            unit.run("UPDATE meter SET state = 'stock'")
            told = Arrived("", (one.serial,), (("0.0.97.98.20.255", 1),), None, is_proved=False, sender="somebody")
            assert pushes.take(unit, [told], one.clock.now()) == pushes.Taken(1, 0, ("somebody",))


@pytest.mark.slow
@pytest.mark.feature("SIMS-14")
async def test_every_log_of_the_meter_is_read_and_shown(tmp_path: Path, place: stores.Place) -> None:
    """The session log too: reading intervals is an event of it."""
    logs = ["standard", "fraud", "quality", "quality extended", "session", "failures"]
    async with bench(tmp_path, "compactiq", items=["clock", "profile", *logs]) as one:
        one.one.hand("terminal_cover", "open").live(10)
        one.one.hand("supply", "off").live(600).hand("supply", "on").live(7_200)
        for _ in range(2):
            one.one.live(86_400)
            await one.read()
        events = (await one.get(f"/meters/{one.serial}/events?limit=500"))["items"]
        found = {(event["log"], event["meaning"]) for event in events}
        assert ("fraud", "terminal cover removed") in found
        assert ("failures", "long power failure") in found
        assert ("session", "interval data E retrieved") in found
        (session,) = [event for event in events if event["log"] == "session"][:1]
        assert session["detail"]["0.0.96.15.4.255"] >= 1, "the log counts its sessions"
        (case,) = (await one.get("/tamper-cases"))["items"]
        whole = await one.get(f"/tamper-cases/{case['id']}")
        assert [piece["what"] for piece in whole["evidence"]] == ["terminal cover removed"], "the log tells it exactly"
        with one.database.read() as unit:
            ((began, ended, source),) = unit.rows("SELECT began, ended, source FROM interruption")
        assert (ended - began, source) == (600, "log"), "down, up and the failure log are one loss"


def test_passwords_of_channels_are_not_shown(tmp_path: Path) -> None:
    mail = {"kind": "mail", "host": "h", "sender": "a@b", "to": ["c@d"], "user": "u", "password": "s3cret"}
    settings = Settings.model_validate({"data": tmp_path, "watch": {"channels": {"m": mail}}})
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.shown())
