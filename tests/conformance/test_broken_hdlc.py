"""Every HDLC case can fail: stations that break one rule each are found out, and by the rule they break."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conforming import STATION, Meter, Station, judged, over_hdlc
from openami.conformance.frames import UNKNOWN_CONTROL
from openami.conformance.verdict import Verdict
from openami.core.errors import DecodeError
from openami.dlms.hdlc import (
    CONTROLS,
    Frame,
    Kind,
    Parameters,
    ServerAddress,
    encode_client,
    information,
    llc,
    supervisory,
    unnumbered,
)
from openami.dlms.hdlc.frame import FLAGS

CLIENT = encode_client(16)
SNRM = Frame(STATION.encode(), CLIENT, unnumbered(Kind.SNRM)).encode()
WIDE = Parameters(32, 32, 7, 7)


def heard(change: Callable[[Frame], list[Frame]]) -> Callable[[bytes], list[bytes]]:
    """A station that hears other frames than were sent."""

    def hears(data: bytes) -> list[bytes]:
        try:
            return [frame.encode() for frame in change(Frame.decode(data))]
        except DecodeError:
            return [data]

    return hears


def said(change: Callable[[Frame], Frame]) -> Callable[[bytes], bytes]:
    """A station that says other frames than it should."""
    return lambda data: change(Frame.decode(data)).encode()


def gullible(data: bytes) -> list[bytes]:
    """Whatever looks a little like an SNRM is one."""
    return [SNRM] if 0x93 in data[1:12] else [data]


def of_kind(kind: Kind, change: Callable[[Frame], Frame]) -> Callable[[Frame], list[Frame]]:
    """Change frames of one kind."""
    return lambda frame: [change(frame) if frame.control.kind is kind else frame]


def busy(frame: Frame) -> list[Frame]:
    """An unknown command is RR."""
    ready = frame._replace(control=supervisory(Kind.RR, 0, poll=True))
    return [ready if frame.control.octet == UNKNOWN_CONTROL else frame]


def confused(frame: Frame) -> Frame:
    """UA is DM."""
    return frame._replace(control=unnumbered(Kind.DM)) if frame.control.kind is Kind.UA else frame


def mistaken(frame: Frame) -> Frame:
    """Answers come from another address."""
    return frame._replace(source=ServerAddress.of(2, 17).encode())


def lying(frame: Frame) -> Frame:
    """UA states a window of one, whatever was agreed."""
    return frame._replace(information=Parameters(32, 32, 1, 1).encode()) if frame.control.kind is Kind.UA else frame


def headless(frame: Frame) -> Frame:
    """Answers have the LLC header of a request."""
    text = frame.information
    return frame._replace(information=llc.COMMAND + text[3:]) if text.startswith(llc.RESPONSE) else frame


def short(frame: Frame) -> Frame:
    """What is too long is cut."""
    return frame._replace(information=frame.information[:128])


def connected(frame: Frame) -> list[Frame]:
    """Whoever sends an I frame is connected."""
    asked = frame._replace(control=unnumbered(Kind.SNRM), information=b"")
    return [asked, frame] if frame.control.kind is Kind.I else [frame]


def numbered(send: int | None, receive: int | None) -> Callable[[Frame], Frame]:
    """I frames count otherwise."""

    def change(frame: Frame) -> Frame:
        control = CONTROLS[frame.control.octet]
        first = control.send_number if send is None else send
        return frame._replace(
            control=information(first, control.receive_number if receive is None else receive, poll=control.is_poll)
        )

    return change


ANSWERS = Station(hears=gullible)
BROKEN: dict[str, tuple[Station, str]] = {
    "HDLC_FRAME_P1": (Station(says=said(confused)), "SNRM: expected UA, came DM"),
    "HDLC_FRAME_P2": (Station(settings={"inter_octet_s": None}), "an SNRM with a pause of 0.12 s in it"),
    "HDLC_FRAME_P3": (Station(settings={"inactivity_s": None}), "RR after the inactivity time-out"),
    "HDLC_FRAME_N1": (ANSWERS, "an SNRM without opening flag: expected no frame, came UA"),
    "HDLC_FRAME_N2": (ANSWERS, "an SNRM without source address: expected no frame"),
    "HDLC_FRAME_N3": (ANSWERS, "an SNRM of frame format 0000"),
    "HDLC_FRAME_N4": (ANSWERS, "an SNRM whose length is 1 too short"),
    "HDLC_FRAME_N5": (Station(hears=heard(busy)), "control 9B: expected FRMR or no frame, came RR"),
    "HDLC_FRAME_N7": (ANSWERS, "an SNRM with a wrong HCS: expected no frame, came UA"),
    "HDLC_FRAME_N8": (ANSWERS, "an SNRM with a wrong FCS: expected no frame, came UA"),
    "HDLC_ADDRESS_P1": (Station(says=said(mistaken)), "SNRM to 1/17 from client 16: expected UA from 0223"),
    "HDLC_ADDRESS_N1": (ANSWERS, "an SNRM from a client address of two octets"),
    "HDLC_ADDRESS_N4": (ANSWERS, "an SNRM to station 90/17: expected no frame"),
    "HDLC_ADDRESS_N6": (Station(settings={"lengths": (1,)}), "an SNRM to station 1, an address of one octet"),
    "HDLC_ADDRESS_N7": (ANSWERS, "an SNRM to an address of 3 octets"),
    "HDLC_NDM2NRM_P1": (
        Station(hears=heard(of_kind(Kind.SNRM, lambda frame: frame._replace(information=b"")))),
        "SNRM that offers information fields of 32 octets: expected UA that states at most 32",
    ),
    "HDLC_NDM2NRM_P2": (
        Station(
            settings={"parameters": WIDE},
            hears=heard(of_kind(Kind.SNRM, lambda frame: frame._replace(information=WIDE.encode()))),
        ),
        "SNRM that offers a window of 1: expected UA that states at most 1, came 7",
    ),
    "HDLC_INFO_P1": (Station(says=said(headless)), "expected an answer behind LLC header e6e700, came e6e600"),
    "HDLC_INFO_N1": (Station(hears=heard(of_kind(Kind.I, short))), "an I frame of 129 octets: expected FRMR or DM"),
    "HDLC_INFO_N2": (Station(hears=heard(of_kind(Kind.I, numbered(None, 0)))), "I N(S)=0 N(R)=5"),
    "HDLC_INFO_N3": (Station(hears=heard(of_kind(Kind.I, numbered(0, None)))), "I N(S)=3 N(R)=0"),
    "HDLC_NDMOP_N1": (Station(hears=heard(connected)), "an I frame while disconnected: expected DM or no frame"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
async def test_a_station_that_breaks_the_rule_fails(name: str) -> None:
    station, told = BROKEN[name]
    found = await judged(over_hdlc(Meter(), station=station, inactivity_s=0.2), name)
    assert (found.verdict, told in found.detail) == (Verdict.FAIL, True), found


async def test_a_station_that_states_one_window_and_uses_another_fails() -> None:
    station = Station(
        settings={"parameters": WIDE},
        hears=heard(of_kind(Kind.SNRM, lambda frame: frame._replace(information=WIDE.encode()))),
        says=said(lying),
    )
    found = await judged(over_hdlc(Meter(), station=station), "HDLC_NDM2NRM_P2")
    assert (found.verdict, "with a window of 1 agreed" in found.detail) == (Verdict.FAIL, True), found


async def test_a_connection_that_ends_too_soon_fails() -> None:
    station = Station(settings={"inactivity_s": 0.05})
    found = await judged(over_hdlc(Meter(), station=station, inactivity_s=0.4), "HDLC_FRAME_P3")
    assert "RR before the inactivity time-out: expected RR, came DM" in found.detail


async def test_a_deaf_station_gives_no_verdict() -> None:
    found = await judged(over_hdlc(Meter(), station=Station(says=lambda _: b""), response_s=0.1), "HDLC_FRAME_N7")
    assert (found.verdict, "came no frame" in found.detail) == (Verdict.INCONCLUSIVE, True)


@pytest.mark.parametrize("address", [ServerAddress(1), ServerAddress(1, 17, 4)], ids=str)
@pytest.mark.parametrize("name", ["HDLC_FRAME_N8", "HDLC_ADDRESS_N4", "HDLC_ADDRESS_N6", "HDLC_ADDRESS_N7"])
async def test_addresses_of_every_length_are_put_to_the_test(name: str, address: ServerAddress) -> None:
    found = await judged(over_hdlc(Meter(), station=Station(address=address)), name)
    none = address.length == 1 and name == "HDLC_ADDRESS_N6"
    assert found.verdict is (Verdict.NOT_APPLICABLE if none else Verdict.PASS), found


def test_every_hdlc_case_has_a_broken_station() -> None:
    from openami.conformance.suite import SUITE

    assert sorted(BROKEN) == sorted(case.name for case in SUITE if case.name.startswith("HDLC"))
    assert FLAGS == b"\x7e"


def test_the_octets_of_a_draft_are_those_of_a_frame() -> None:
    from openami.conformance.line import Draft

    frame = Frame(STATION.encode(), CLIENT, unnumbered(Kind.SNRM), Parameters().encode())
    draft = Draft(frame.destination, frame.source, frame.control.octet, frame.information)
    assert draft.encode() == frame.encode()
    assert replace(draft, information=b"").encode() == frame._replace(information=b"").encode()
