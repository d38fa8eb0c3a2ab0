"""HDLC_ADDRESS: whom a frame is for and from (named after the ATS of the data link layer, UA 1001-3)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from openami.conformance.case import case
from openami.conformance.frames import at_rest
from openami.conformance.line import DISC, SNRM
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError
from openami.dlms.hdlc import Kind, ServerAddress
from openami.dlms.hdlc.address import ALL_STATIONS

#: Addresses that few meters have; one that is declared is passed over.
UNLIKELY: Final = (0x5A, 0x6B, 0x4C)


@case("HDLC_ADDRESS_P1", "the meter answers to the addresses it is declared to have", Group.HDLC)
async def declared_addresses(trial: Trial) -> None:
    """SNRM to every declared address and from every client: UA, from that address to that client."""
    target = trial.target
    trial.hdlc()
    for station in (target.station, *target.addresses):
        for login in target.logins:
            line = await trial.line(login)
            line.peer = station.encode()
            sent = f"SNRM to {station} from client {login.client}"
            await line.rest()
            frame = await line.expect(line.draft(SNRM), sent, Kind.UA)
            if frame.source != line.peer:
                raise FailedError(sent, f"UA from {line.peer.hex()}", f"UA from {frame.source.hex()}")
            await line.expect(line.draft(DISC), f"DISC to {station} from client {login.client}", Kind.UA)
            await trial.leave(line)


@case("HDLC_ADDRESS_N1", "a client address of two octets is ignored", Group.HDLC)
async def long_source(trial: Trial) -> None:
    """An SNRM from a client address of two octets: no answer, no connection."""
    line = await at_rest(trial)
    sent = "an SNRM from a client address of two octets"
    own = bytes((0, line.own[0]))
    await line.expect_silence(replace(line.draft(SNRM), source=own).encode(), sent)
    await line.pause()
    await line.stays_disconnected(sent)


@case("HDLC_ADDRESS_N4", "a frame to another station is ignored", Group.HDLC)
async def unknown_destination(trial: Trial) -> None:
    """SNRMs to other upper and lower addresses, to no station and to all of them: no answer, no connection."""
    line = await at_rest(trial)
    for station in strangers(trial.target.station, trial.target.addresses):
        sent = f"an SNRM to station {station}"
        await line.expect_silence(replace(line.draft(SNRM), destination=station.encode()).encode(), sent)
    await line.stays_disconnected("SNRMs to other stations")


def strangers(own: ServerAddress, declared: tuple[ServerAddress, ...]) -> Iterator[ServerAddress]:
    """Give addresses of the same length that are not the meter's, no station and all stations."""
    known = {own, *declared}
    uppers = [replace(own, upper=upper) for upper in UNLIKELY]
    lowers = [replace(own, lower=lower) for lower in UNLIKELY] if own.length > 1 else []
    for others in (uppers, lowers):
        yield from [station for station in others if station not in known][:1]
    yield replace(own, upper=0)
    yield replace(own, upper=ALL_STATIONS[own.length])


@case("HDLC_ADDRESS_N6", "an address of one octet is ignored where two or four are declared", Group.HDLC)
async def short_destination(trial: Trial) -> None:
    """An SNRM to the upper address alone, in one octet: no answer, unless that address is declared too."""
    trial.hdlc()
    own, target = trial.target.station, trial.target
    if own.length == 1:
        raise NotApplicableError("the meter has an address of one octet")
    station = ServerAddress(own.upper & 0x7F)
    if station in target.addresses:
        raise NotApplicableError("the meter is declared to have an address of one octet as well")
    line = await at_rest(trial)
    sent = f"an SNRM to station {station}, an address of one octet"
    await line.expect_silence(replace(line.draft(SNRM), destination=station.encode()).encode(), sent)
    await line.stays_disconnected(sent)


@case("HDLC_ADDRESS_N7", "addresses of three and of five octets are ignored", Group.HDLC)
async def odd_destination(trial: Trial) -> None:
    """SNRMs to addresses of three and of five octets that end like the meter's own: no answer, no connection."""
    line = await at_rest(trial)
    for length in (3, 5):
        sent = f"an SNRM to an address of {length} octets"
        address = line.peer.rjust(length, b"\0")[-length:]
        await line.expect_silence(replace(line.draft(SNRM), destination=address).encode(), sent)
        await line.pause()
    await line.stays_disconnected("SNRMs to addresses of three and five octets")


CASES: Final = (declared_addresses, long_source, unknown_destination, short_destination, odd_destination)
