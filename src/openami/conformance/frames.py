"""HDLC_FRAME: what is a frame, and what is none (named after the ATS of the data link layer, UA 1001-3)."""

from dataclasses import replace
from typing import Final

from openami.conformance.case import case
from openami.conformance.line import DISC, FLAG, SNRM, Line, check
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, NotApplicableError
from openami.dlms.hdlc import Kind, Parameters, supervisory

RR: Final = supervisory(Kind.RR, 0, poll=True)
OFFERED: Final = Parameters(128, 128, 1, 1).encode()
#: Of an unnumbered frame, with P: a code that ISO/IEC 13239 gives to nothing.
UNKNOWN_CONTROL: Final = 0x9B
#: A wrong check sequence differs in one bit.
ONE_BIT: Final = 0x0100
#: Time-outs beyond this are not waited for.
LONGEST_WAIT_S: Final = 240.0


async def at_rest(trial: Trial) -> Line:
    """Open a line on which the meter is disconnected."""
    line = await trial.line()
    await line.rest()
    return line


@case("HDLC_FRAME_P1", "a connection is set up, used and taken down", Group.HDLC)
async def set_up_and_disconnect(trial: Trial) -> None:
    """DISC is answered by DM; SNRM by UA; RR by RR; DISC by UA; then RR by DM or not at all, and DISC by DM."""
    line = await at_rest(trial)
    await line.expect(line.draft(DISC), "DISC while disconnected", Kind.DM)
    await line.expect(line.draft(SNRM), "SNRM", Kind.UA)
    frame = await line.expect(line.draft(RR), "RR", Kind.RR)
    if not frame.control.is_poll or frame.control.receive_number:
        raise FailedError("RR", "RR N(R)=0 with F", str(frame.control))
    await line.expect(line.draft(DISC), "DISC", Kind.UA)
    await line.expect_none_but(line.draft(RR), "RR while disconnected", Kind.DM)
    await line.expect(line.draft(DISC), "DISC while disconnected", Kind.DM)


@case("HDLC_FRAME_P2", "a pause inside a frame ends it", Group.HDLC)
async def inter_frame_timeout(trial: Trial) -> None:
    """Half an SNRM, a pause, the other half: no answer. The same SNRM in one piece is answered by UA."""
    line = await at_rest(trial)
    octets = line.draft(SNRM, OFFERED).encode()
    half = len(octets) // 2
    line.say(octets[:half])
    await line.pause()
    await line.expect_silence(octets[half:], f"an SNRM with a pause of {trial.target.gap_s:g} s in it")
    await line.pause()
    await line.stays_disconnected("an SNRM with a pause in it")


@case("HDLC_FRAME_P3", "a connection ends after the inactivity time-out, not before", Group.HDLC)
async def inactivity_timeout(trial: Trial) -> None:
    """After three quarters of the time-out RR is answered by RR; after more than the time-out by DM or not at all."""
    trial.hdlc()
    wait_s = trial.target.inactivity_s
    if wait_s is None:
        raise NotApplicableError("the meter's inactivity time-out is not known: give inactivity_s")
    if wait_s > LONGEST_WAIT_S:
        raise NotApplicableError(f"an inactivity time-out of {wait_s:g} s is not waited for")
    line = await at_rest(trial)
    await line.connect()
    await line.hear(0.75 * wait_s)
    await line.expect(line.draft(RR), "RR before the inactivity time-out", Kind.RR)
    await line.hear(wait_s + max(0.1 * wait_s, trial.target.silence_s))
    await line.expect_none_but(line.draft(RR), "RR after the inactivity time-out", Kind.DM)


@case("HDLC_FRAME_N1", "a frame without its flags is ignored", Group.HDLC)
async def no_flags(trial: Trial) -> None:
    """An SNRM without opening flag, then one without closing flag: no answer, no connection."""
    line = await at_rest(trial)
    for opens, closes, sent in ((False, True, "opening"), (True, False, "closing"), (False, False, "any")):
        what = f"an SNRM without {sent} flag"
        await line.pause()  # or the closing flag of the frame before would be its opening flag
        await line.expect_silence(replace(line.draft(SNRM), opens=opens, closes=closes).encode(), what)
        await line.pause()
        await line.stays_disconnected(what)


@case("HDLC_FRAME_N2", "a frame that is too short is ignored", Group.HDLC)
async def too_short(trial: Trial) -> None:
    """Frames without source address, without control field, and with nothing but format and check sequence."""
    line = await at_rest(trial)
    draft = line.draft(SNRM)
    whole = draft.encode()[1:-3]
    for octets, sent in (
        (replace(draft, source=b"").encode(), "an SNRM without source address"),
        (short(whole[:-1]), "a frame without control field"),
        (short(whole[:2]), "a frame without addresses"),
    ):
        await line.expect_silence(octets, sent)
        await line.pause()
        await line.stays_disconnected(sent)


def short(octets: bytes) -> bytes:
    """Close what is left of a frame, its length right, by a right check sequence."""
    body = bytes((octets[0], len(octets) + 2)) + octets[2:]
    return FLAG + body + check(body) + FLAG


@case("HDLC_FRAME_N3", "a frame of another format type is ignored", Group.HDLC)
async def format_type(trial: Trial) -> None:
    """SNRMs of format types other than 3 (1010), all else right: no answer, no connection."""
    line = await at_rest(trial)
    for number in (0x0, 0x2, 0x8, 0x9, 0xB, 0xE):
        sent = f"an SNRM of frame format {number:04b}"
        await line.expect_silence(replace(line.draft(SNRM), format=number).encode(), sent)
    await line.pause()
    await line.stays_disconnected("SNRMs of other frame formats")


@case("HDLC_FRAME_N4", "a frame with a wrong length is ignored", Group.HDLC)
async def frame_length(trial: Trial) -> None:
    """SNRMs whose length field says less or more than there is, check sequences right: no answer."""
    line = await at_rest(trial)
    for off in (-1, 1, -3, 64):
        sent = f"an SNRM whose length is {abs(off)} too {'short' if off < 0 else 'long'}"
        await line.expect_silence(replace(line.draft(SNRM, OFFERED), length_off=off).encode(), sent)
        await line.pause()
        await line.stays_disconnected(sent)


@case("HDLC_FRAME_N5", "an unknown command is rejected or ignored", Group.HDLC)
async def control_field(trial: Trial) -> None:
    """A control field that means nothing: disconnected, DM or silence; connected, FRMR or silence. SNRM helps."""
    line = await at_rest(trial)
    unknown = line.draft(UNKNOWN_CONTROL)
    await line.expect_none_but(unknown, f"control {UNKNOWN_CONTROL:02X} while disconnected", Kind.DM)
    await line.connect()
    frame = await line.expect_none_but(unknown, f"control {UNKNOWN_CONTROL:02X}", Kind.FRMR)
    if frame is None:
        trial.note("an unknown command is ignored, not answered by FRMR")
    await line.connect()
    await line.expect(line.draft(RR), "RR after SNRM", Kind.RR)


@case("HDLC_FRAME_N7", "a frame with a wrong HCS is ignored", Group.HDLC)
async def header_check_sequence(trial: Trial) -> None:
    """An SNRM with parameters whose HCS is wrong and whose FCS is right: no answer, no connection."""
    await check_sequence(trial, "HCS", hcs_off=ONE_BIT)


@case("HDLC_FRAME_N8", "a frame with a wrong FCS is ignored", Group.HDLC)
async def frame_check_sequence(trial: Trial) -> None:
    """SNRMs whose FCS is wrong, with and without parameters: no answer, no connection."""
    await check_sequence(trial, "FCS", fcs_off=ONE_BIT)
    line = await trial.line()
    sent = "an SNRM without parameters and with a wrong FCS"
    await line.rest()
    await line.expect_silence(replace(line.draft(SNRM), fcs_off=ONE_BIT).encode(), sent)
    await line.stays_disconnected(sent)


async def check_sequence(trial: Trial, name: str, *, hcs_off: int = 0, fcs_off: int = 0) -> None:
    """Put one wrong check sequence to the test."""
    line = await at_rest(trial)
    sent = f"an SNRM with a wrong {name}"
    await line.expect_silence(replace(line.draft(SNRM, OFFERED), hcs_off=hcs_off, fcs_off=fcs_off).encode(), sent)
    await line.pause()
    await line.stays_disconnected(sent)
    await trial.leave(line)


CASES: Final = (
    set_up_and_disconnect,
    inter_frame_timeout,
    inactivity_timeout,
    no_flags,
    too_short,
    format_type,
    frame_length,
    control_field,
    header_check_sequence,
    frame_check_sequence,
)
