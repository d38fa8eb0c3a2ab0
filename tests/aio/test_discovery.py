"""What is found out of a meter without any key, and that one can connect by it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cable import Cable
from odd_meter import Habit, OddMeter
from openami import Discovery, Register, Security, connect, discover
from openami.aio.bus import HdlcListener, SerialListener, Station
from openami.aio.discovery import NothingAnswers, candidates, link_name
from openami.aio.found import ClientFound
from openami.aio.route import Device, parse
from openami.aio.tcp import ConnectionRefused
from openami.aio.udp import DatagramListener
from openami.core.errors import DefinitionError, LinkTimeout
from openami.core.obis import OBIS
from openami.cosem.association import AssociatedPartners, AssociationLNv1, ContextName
from openami.cosem.registers import Data
from openami.cosem.sap_assignment import Assignment, SAPAssignment
from openami.dlms.acse import ApplicationContext, Diagnostic, Mechanism
from openami.dlms.client import OpeningState
from openami.dlms.data import UINT32
from openami.dlms.hdlc import ServerAddress
from openami.dlms.quirks import STANDARD
from openami.dlms.security import Policy
from openami.dlms.server import Association, Refused
from openami.dlms.xdlms import Conformance, DataAccessResult
from pair import AK, EK, PASSWORD, SERVER_TITLE
from short_meter import ShortMeter
from small_meter import COUNTER, ENERGY, HLS5, HLS5_ASSOCIATION, SmallMeter, at_work, url_of
from talker import Talker

LOW = Association(2, Mechanism.LOW, secret=PASSWORD)
PLAIN_GMAC = replace(HLS5_ASSOCIATION, client_sap=3, policy=Policy.NONE, context=ApplicationContext.LN)
ALL = (HLS5_ASSOCIATION, LOW, PLAIN_GMAC, Association(16))
OWN = ServerAddress.of(1, 17)
QUICK = {"timeout_s": 0.3}


async def found_at(meter: SmallMeter, **facts: Any) -> Discovery:
    async with at_work(meter) as listener:
        return await discover(url_of(listener), **(QUICK | facts))


def known(found: Discovery, client: int) -> ClientFound:
    one = found.client(client)
    assert one is not None
    return one


async def test_what_a_meter_says_of_itself_and_to_whom() -> None:
    found = await found_at(SmallMeter(ALL), clients=(16, 1, 2, 3, 102))
    assert found.link == "wrapper on TCP"
    assert found.logical_device_name == b"OAMSIM0000000001"
    assert found.conformance is not None
    assert found.has_general_protection
    assert found.max_pdu == 0xFFFF
    assert [(c.name, c.last) for c in found.counters] == [(OBIS.parse(COUNTER), 0)]
    assert found.system_title == SERVER_TITLE
    assert known(found, 16).is_open
    assert known(found, 16).wants == "no password and no key"
    assert {c.client: (c.diagnostic, c.context, c.wants) for c in found.clients if not c.is_open} == {
        1: (Diagnostic.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED, ApplicationContext.LN_CIPHERED, "ciphering: keys"),
        2: (Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED, ApplicationContext.LN, AUTHENTICATION),
        3: (Diagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED, ApplicationContext.LN, AUTHENTICATION),
        102: (Diagnostic.NO_REASON_GIVEN, ApplicationContext.LN, "nothing that it tells"),
    }
    assert [c.client for c in found.clients if c.is_there] == [16, 1, 2, 3]
    assert {c.state for c in found.clients if not c.is_open} == {OpeningState.AARE}


AUTHENTICATION = "a password, or high level authentication"


async def test_one_can_connect_by_it() -> None:
    small = SmallMeter()
    async with at_work(small) as listener:
        found = await discover(url_of(listener), timeout_s=5.0)
        async with connect(found.place, **found.options(1, HLS5)) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
        async with connect(found.place, **found.options(16)) as meter:
            assert meter.associated.response.conformance == found.conformance


async def test_it_prints_well_and_goes_into_json() -> None:
    found = await found_at(SmallMeter(ALL))
    lines = str(found).splitlines()
    assert lines[0] == "link                  wrapper on TCP, by logical names"
    assert "logical device name   OAMSIM0000000001" in lines
    assert any(line.startswith("client 16             associated in ") for line in lines)
    assert (
        "client 1              refused the association (application-context-name-not-supported), "
        "wants ciphering: keys; counter 0.0.43.1.0.255" in lines
    )
    assert "client 102            refused the association (no-reason-given)" in lines
    assert f"counter {COUNTER} 0" in lines
    document = json.loads(json.dumps(found.to_json()))
    assert document["clients"][1]["client"] == 1
    assert document["clients"][1]["wants"] == "ciphering: keys"
    assert document["counters"] == {COUNTER: 0}
    assert document["system_title"] == SERVER_TITLE.hex()


async def test_nothing_that_could_lock_a_meter_out_is_sent() -> None:
    small = SmallMeter(ALL)
    await found_at(small, clients=(16, 1, 2, 3, 102))
    events = [event for session in small.sessions for event in session.seen]
    assert not [event for event in events if isinstance(event, Refused)]
    assert small.counters.last == {}


async def test_every_connection_is_left() -> None:
    async with at_work(SmallMeter(ALL)) as listener:
        await discover(url_of(listener), **QUICK)
        async with asyncio.timeout(2):
            while listener.connections:
                await asyncio.sleep(0)


# Associations and counters


CURRENT = OBIS.parse("0.0.40.0.0.255")


def elsewhere(meter: OddMeter) -> Habit:
    """Associations have names of their own, and no current one."""
    codec = AssociationLNv1.object_list.codec

    def value(request: Any, item: Any, result: Any) -> Any:
        if item[0][0] != 15 or item[0][1] == CURRENT:
            return DataAccessResult.OBJECT_UNDEFINED if item[0][0] == 15 else result
        listed = [e for e in meter.device.object_list(request.client_sap, 1) if e.logical_name != CURRENT]
        return codec.encode(listed) if item[0][2] == 2 else result

    def habit(request: Any, answer: Any) -> Any:
        results = answer(request)
        if request.kind != "get":
            return results
        return [value(request, item, result) for item, result in zip(request.items, results, strict=True)]

    return habit


def italian() -> OddMeter:
    """A meter with an association and a counter for each client, none of them where they usually stand."""
    meter = OddMeter(associations=ALL)
    meter.habit = elsewhere(meter)
    del meter.objects[1, OBIS.parse(COUNTER)]
    facts = {1: (0, 3, 5, 1), 2: (2, 1, 1, 2), 16: (1, 1, 0, 7)}
    meter.show(
        *(
            AssociationLNv1(
                f"0.0.40.0.{group + 1}.255",
                associated_partners_id=AssociatedPartners(client, 1),
                application_context_name=ContextName.context(context),
                authentication_mechanism_name=ContextName.mechanism(mechanism),
                security_setup_reference=OBIS.parse(f"0.0.43.0.{setup}.255"),
            )
            for client, (group, context, mechanism, setup) in facts.items()
        ),
        *(Data(f"0.0.43.1.{group}.255", types={"value": UINT32}, value=1000 * group) for group in (1, 2)),
        SAPAssignment("0.0.41.0.0.255", sap_assignment_list=[Assignment(1, b"OAM1"), Assignment(17, b"OAM2")]),
    )
    return meter


async def test_associations_and_counters_by_their_objects() -> None:
    found = await found_at(italian())
    assert str(found.current_association) == "0.0.40.0.1.255"
    assert [(a.name, a.client, a.context, a.mechanism) for a in found.associations] == [
        (OBIS.parse("0.0.40.0.1.255"), 1, ApplicationContext.LN_CIPHERED, Mechanism.HIGH_GMAC),
        (OBIS.parse("0.0.40.0.3.255"), 2, ApplicationContext.LN, Mechanism.LOW),
        (OBIS.parse("0.0.40.0.2.255"), 16, ApplicationContext.LN, Mechanism.LOWEST),
    ]
    assert known(found, 1).wants == "ciphering, mechanism 5 (high-gmac)"
    assert known(found, 2).wants == "a password"
    assert str(known(found, 1).association) == "0.0.40.0.1.255"
    assert str(known(found, 1).counter) == "0.0.43.1.1.255"
    assert str(known(found, 2).counter) == "0.0.43.1.2.255"
    assert [device.sap for device in found.logical_devices] == [1, 17]
    quirks = found.quirks(1)
    assert str(quirks.association_object) == "0.0.40.0.1.255"
    assert list(map(str, quirks.counter_objects)) == ["0.0.43.1.1.255"]
    assert found.quirks(77) is STANDARD


async def test_one_can_connect_to_such_a_meter() -> None:
    meter = italian()
    meter.counters.last[1, "global"] = 900
    async with at_work(meter) as listener:
        found = await discover(url_of(listener), timeout_s=5.0)
        async with connect(found.place, **found.options(1, HLS5)) as session:
            assert len(await session.object_list()) == len(meter.objects) - 1
    assert meter.last_counter() > 1_000, "it went on from the counter at 0.0.43.1.1.255"


async def test_a_meter_that_shows_no_object_list() -> None:
    def habit(request: Any, answer: Any) -> Any:
        if request.items[0][0][0] == 15:
            return [DataAccessResult.READ_WRITE_DENIED]
        return answer(request)

    found = await found_at(OddMeter(habit))
    assert found.associations == ()
    assert found.current_association is None
    assert found.quirks(1).association_object == STANDARD.association_object
    assert [str(counter.name) for counter in found.counters] == [COUNTER]


async def test_a_meter_that_goes_while_it_is_looked_at() -> None:
    listeners: list[Any] = []

    def habit(request: Any, answer: Any) -> Any:
        for connection in list(listeners[0].connections):
            connection.drop()

    async with at_work(OddMeter(habit)) as listener:
        listeners.append(listener)
        found = await discover(url_of(listener), **QUICK)
    assert known(found, 16).is_open
    assert found.logical_device_name is None
    assert found.conformance is not None


async def test_no_client_is_let_in() -> None:
    found = await found_at(SmallMeter((HLS5_ASSOCIATION, LOW)), clients=(16, 1, 2))
    assert [c.is_open for c in found.clients] == [False, False, False]
    assert found.conformance is None
    assert found.system_title == SERVER_TITLE, "an AARE that refuses names it too"
    assert found.options(1, HLS5)["security"] is HLS5


async def test_short_names() -> None:
    meter = ShortMeter()
    async with at_work(meter) as listener:
        found = await discover(url_of(listener), clients=(16, 1, 2), **QUICK)
        assert found.referencing == "SN"
        assert known(found, 16).is_open
        assert known(found, 1).context is ApplicationContext.SN_CIPHERED
        assert known(found, 2).wants == AUTHENTICATION
        async with connect(found.place, **found.options(2, Security.lls(PASSWORD))) as session:
            assert await session.get(Register.value, ENERGY) == 12_345


async def test_the_form_of_ciphering() -> None:
    small = SmallMeter(
        tuple(
            replace(a, conformance=a.conformance & ~Conformance.GENERAL_PROTECTION)
            for a in (HLS5_ASSOCIATION, Association(16))
        )
    )
    general = Security.hls5(
        encryption_key=EK, authentication_key=AK, client_title=HLS5.client_title or b"", ciphering="general-glo"
    )
    found = await found_at(small)
    assert not found.has_general_protection
    assert found.options(1, general)["security"].ciphering == "glo"
    found = await found_at(SmallMeter())
    assert found.options(1, general)["security"] is general


# Links


@contextlib.asynccontextmanager
async def on_line(own: ServerAddress, **facts: Any) -> AsyncIterator[HdlcListener]:
    async with HdlcListener(SmallMeter(ALL), [Station("me", own)], port=0, login_delay_s=0.01, **facts) as line:
        yield line


@pytest.mark.parametrize("own", ["1", "1/16", "1/17", "1/17/4"])
@pytest.mark.parametrize("scheme", ["tcp", "hdlc"])
async def test_hdlc_is_found_on_a_port(own: str, scheme: str) -> None:
    async with on_line(ServerAddress.parse(own)) as line:
        told: list[str] = []
        found = await discover(f"{scheme}://{line.address}", clients=(16, 1, 999), telling=told.append, timeout_s=0.2)
        async with connect(found.place, **found.options(1, HLS5)) as meter:
            assert await meter.get(Register.value, ENERGY) == 12_345
    assert found.link == f"HDLC on TCP, server {own} (address of {ServerAddress.parse(own).length} octets)"
    assert [c.client for c in found.clients] == [16, 1], "clients have seven bits on HDLC"
    assert len(told) == len(found.silent) + 2
    assert (scheme == "hdlc") or "wrapper on TCP: " in found.silent[0]


async def test_the_address_given_is_tried_first() -> None:
    async with on_line(ServerAddress.of(1, 99)) as line:
        found = await discover(f"hdlc://{line.address}?server=1/99", timeout_s=0.2)
    assert found.silent == ()
    assert found.options(16)["server"] == ServerAddress.of(1, 99)


async def test_the_wrapper_is_found_where_hdlc_was_meant() -> None:
    async with at_work(SmallMeter()) as listener:
        found = await discover(f"hdlc://{listener.addresses[0]}?server=1/17", servers=("1",), timeout_s=0.2)
    assert found.link == "wrapper on TCP"
    assert len(found.silent) == 2


async def test_udp_and_serial() -> None:
    async with DatagramListener(SmallMeter(), port=0, host="127.0.0.1", stand_ins=["me"]) as datagrams:
        found = await discover(f"udp://{datagrams.addresses[0]}", **QUICK)
        assert found.link == "wrapper on UDP"
        assert known(found, 16).is_open
    async with Cable() as cable, SerialListener(SmallMeter(), [Station("me", OWN)], Device(cable.server)):
        found = await discover(f"serial://{cable.client}?server=1/17", clients=(16, 1), **QUICK)
        assert found.link == "HDLC on a serial line, server 1/17 (address of 2 octets)"
        assert known(found, 16).is_open


async def test_nothing_there() -> None:
    with pytest.raises(ConnectionRefused):
        await discover("tcp://127.0.0.1:1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(NothingAnswers, match=r"nothing that speaks DLMS/COSEM answers: .*no answer within") as none:
            await discover(f"tcp://127.0.0.1:{port}", servers=("1", "1/17"), timeout_s=0.1)
    assert [link for link, _ in none.value.tried] == [
        "wrapper on TCP",
        "HDLC on TCP, server 1 (address of 1 octets)",
        "HDLC on TCP, server 1/17 (address of 2 octets)",
    ]
    assert all(isinstance(error, LinkTimeout) for _, error in none.value.tried)


async def test_what_speaks_another_protocol() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read(100)
        writer.close()

    async with Talker(greet) as url:
        with pytest.raises(NothingAnswers):
            await discover(url, servers=("1",), timeout_s=0.1)


def test_bad_addresses() -> None:
    with pytest.raises(DefinitionError):
        asyncio.run(discover("ftp://example"))


def test_ways_are_tried_in_order() -> None:
    place = parse("hdlc://127.0.0.1:4001?server=1/17&window=3")
    ways = candidates(place, ["1", "1/17", "1/17/4"])
    assert [link_name(way) for way in ways] == [
        "HDLC on TCP, server 1/17 (address of 2 octets)",
        "HDLC on TCP, server 1 (address of 1 octets)",
        "HDLC on TCP, server 1/17/4 (address of 4 octets)",
        "wrapper on TCP",
    ]
    assert ways[0] == place
