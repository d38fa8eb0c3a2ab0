"""Alarms that nobody acknowledges are told: by mail, webhook and MQTT, once each, and again where it did not work."""

import hashlib
import hmac
import json
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from headend.events import small_servers
from headend.fake_meters import ManualClock, installation, serial_of
from openami.core.errors import DecodeError, DefinitionError
from openami.headend.collection.tables import open_database
from openami.headend.events import alarms, notices, raising, rules
from openami.headend.events.alarm_bits import Bit, Severity, family
from openami.headend.events.told import UnknownNumberError
from openami.headend.events.watch import Watch
from openami.headend.kit.database import Database
from openami.headend.kit.watch_settings import WatchSettings
from openami.headend.registry.service import meters

NOW = 1_790_000_000
MAGNET, BATTERY = "0.0.97.98.0.255/13", "0.0.97.98.0.255/1"
SECRET = "a word between us"


class Office:
    """An installation whose meters raise alarms."""

    def __init__(self, folder: Path, **channels: Any) -> None:
        made = installation(folder, 2)
        watch = WatchSettings.model_validate({"channels": channels, "attempts": 3})
        self.settings = made.model_copy(update={"watch": watch})
        self.clock = ManualClock(NOW)
        self.database: Database = open_database(self.settings)
        self.watch = Watch(self.settings, self.clock, self.database)

    def rise(self, name: str = MAGNET, meter: int = 1) -> None:
        register, _, bit = name.partition("/")
        known = family("esmr")
        assert known is not None
        with self.database.write() as unit:
            found = meters(unit, [meter])[meter]
            bits = tuple(known.split(register, 1 << int(bit)))
            told = raising.Told(found, int(self.clock.at), bits, raising.PUSH, is_proved=True, is_clearable=False)
            raising.raise_all(unit, [told])

    def rule(self, **wish: Any) -> rules.Rule:
        with self.database.write() as unit:
            made = rules.Wish.model_validate({"why": "a test", **wish})
            return rules.make(unit, made, self.settings.watch, self.clock.at)

    async def pass_(self, seconds: float = 0) -> None:
        self.clock.at += seconds
        await self.watch.once()

    def notices(self) -> list[tuple[Any, ...]]:
        with self.database.read() as unit:
            return list(unit.rows("SELECT subject, sent, attempts, reason FROM notice ORDER BY id"))

    def open(self) -> list[str]:
        with self.database.read() as unit:
            return [alarm.name for alarm in alarms.listed(unit).alarms]

    def now(self) -> None:
        """Let what failed be tried at once."""
        with self.database.write() as unit:
            unit.run("UPDATE notice SET not_before = 0")


@pytest.fixture
def office(place: object, tmp_path: Path) -> Any:
    made: list[Office] = []

    def make(**channels: Any) -> Office:
        made.append(Office(tmp_path, **channels))
        return made[0]

    yield make
    for one in made:
        one.database.close()


async def test_mail_goes_out_when_nobody_has_acknowledged_in_time(office: Any) -> None:
    async with small_servers.mail_server() as got:
        mail = {"kind": "mail", "host": "127.0.0.1", "port": got.port, "sender": "ami@example.org",
                "to": ["duty@example.org"]}  # fmt: skip
        one = office(duty=mail)
        one.rule(kind="escalate", channel="duty", after_s=600, least="major")
        one.rise()
        one.rise(BATTERY)
        await one.pass_(599)
        assert got.messages == []
        await one.pass_(1)
        await one.pass_(1)
        (octets,) = got.messages
    message = message_from_bytes(octets)
    assert message["Subject"] == f"major: fraud attempt, meter {serial_of(0)}"
    assert (message["From"], message["To"]) == ("ami@example.org", "duty@example.org")
    assert b"is_proved: True" in octets
    assert one.notices() == [(message["Subject"], NOW + 600, 1, None)]


async def test_what_was_acknowledged_in_time_is_told_nobody(office: Any) -> None:
    async with small_servers.web_server() as got:
        one = office(hook={"kind": "webhook", "url": f"http://127.0.0.1:{got.port}/a"})
        one.rule(kind="escalate", channel="hook", after_s=600)
        one.rise()
        with one.database.write() as unit:
            assert alarms.acknowledge(unit, [1], "seen", NOW + 5) == 1
            assert alarms.acknowledge(unit, [1], "seen again", NOW + 6) == 0
        await one.pass_(700)
        assert got.messages == []


async def test_a_webhook_is_signed_and_a_refusal_is_tried_again(office: Any) -> None:
    async with small_servers.web_server(b"302 Found") as got:
        hook = {"kind": "webhook", "url": f"http://127.0.0.1:{got.port}/a?token=t0k3n", "secret": SECRET}
        one = office(hook=hook)
        one.rule(kind="escalate", channel="hook")
        one.rise()
        for _ in range(5):
            one.now()
            await one.pass_()
        assert len(got.messages) == 3, "so many attempts, and redirects are not followed"
    assert [row[1:] for row in one.notices()] == [(None, 3, "webhook answered 302")]
    body = got.messages[0]
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert f"x-openami-signature: sha256={signed}".encode() in got.heads[0].lower()
    assert json.loads(body)["serial"] == serial_of(0)


async def test_a_closed_port_is_no_error_of_ours_and_shows_no_token(office: Any) -> None:
    one = office(hook={"kind": "webhook", "url": "http://127.0.0.1:1/a?token=t0k3n"})
    one.rule(kind="escalate", channel="hook")
    one.rise()
    await one.pass_()
    ((_, sent, attempts, reason),) = one.notices()
    assert (sent, attempts) == (None, 1)
    assert "t0k3n" not in reason
    assert "t0k3n" not in f"{one.settings!r} {one.settings.shown()}"


async def test_mqtt_gets_it_as_json(office: Any) -> None:
    async with small_servers.broker() as got:
        one = office(bus={"kind": "mqtt", "host": "127.0.0.1", "port": got.port, "topic": "ami/alarms"})
        one.rule(kind="escalate", channel="bus", tag="tamper")
        one.rise(BATTERY)
        one.rise()
        await one.pass_()
        assert b"ami/alarms" in got.heads
        (message,) = got.messages
    assert json.loads(message)["meaning"] == "fraud attempt"
    assert one.notices()[0][1] == NOW


async def test_what_comes_again_is_told_again(office: Any) -> None:
    async with small_servers.web_server() as got:
        one = office(hook={"kind": "webhook", "url": f"http://127.0.0.1:{got.port}/"})
        one.rule(kind="escalate", channel="hook")
        for _ in range(2):
            one.rise()
            await one.pass_(10)
            await one.pass_(10)
        assert [json.loads(message)["times"] for message in got.messages] == [1, 2]


async def test_a_suppressed_alarm_is_out_of_view_until_its_rule_is_over(office: Any) -> None:
    one = office()
    one.rise(BATTERY)
    made = one.rule(kind="suppress", name=BATTERY, until=NOW + 1_000)
    one.rule(kind="suppress", serial=serial_of(1))
    one.rise()
    one.rise(MAGNET, 2)
    assert one.open() == [MAGNET]
    await one.pass_(1_000)
    assert one.open() == [MAGNET, BATTERY]
    with one.database.write() as unit:
        (left,) = rules.rules(unit, one.clock.at)
        assert left.serial == serial_of(1)
        with pytest.raises(UnknownNumberError):
            rules.end(unit, made.id, one.clock.at)
        rules.end(unit, left.id, one.clock.at)
    assert one.open() == [MAGNET, MAGNET, BATTERY]


async def test_a_rule_names_a_channel_that_there_is_and_a_time_to_come(office: Any) -> None:
    one = office()
    with pytest.raises(DefinitionError, match="no channel 'ops'"):
        one.rule(kind="escalate", channel="ops")
    with pytest.raises(DecodeError, match="until"):
        one.rule(kind="suppress", until=NOW - 1)


async def test_two_senders_do_not_send_the_same(office: Any) -> None:
    one = office(hook={"kind": "webhook", "url": "http://127.0.0.1:1/"})
    one.rule(kind="escalate", channel="hook")
    one.rise()
    with one.database.write() as unit:
        notices.escalate(unit, NOW, is_storm=False)
        assert len(notices.claim(unit, 3, 10)) == 1
    with one.database.write() as unit:
        assert notices.claim(unit, 3, 10) == []


def test_bits_that_nobody_wrote_down_are_told_as_that() -> None:
    known = family("idis")
    assert known is not None
    (bit,) = known.split("0.0.97.98.2.255", 1 << 27)
    assert bit == Bit("0.0.97.98.2.255/27", "bit 27 of 0.0.97.98.2.255, meaning not known", Severity.MINOR, "")
    assert known.register_of("0.0.16.1.1.255") == "0.0.97.98.1.255"
    assert known.register_of("1.0.1.8.0.255") is None
