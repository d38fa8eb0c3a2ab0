"""HDLC_NDM2NRM, HDLC_INFO, HDLC_NDMOP: what is agreed, and I frames (named after the ATS of the data link layer)."""

import asyncio
from dataclasses import replace
from typing import Final

from openami.aio.pump import Direction
from openami.conformance.case import case
from openami.conformance.frames import RR, at_rest
from openami.conformance.handshake import CURRENT_ASSOCIATION, MAX_PDU, PROPOSED
from openami.conformance.line import Draft, Line, i_frame, words
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group
from openami.core.errors import AmiError
from openami.dlms.acse import AARE, AARQ
from openami.dlms.hdlc import Frame, FrameStream, Kind, Parameters, encode_client, llc, supervisory
from openami.dlms.hdlc.parameters import DEFAULT_INFO
from openami.dlms.xdlms import AttributeDescriptor, InitiateRequest

#: The least that must be supported, and a length between that and the default.
LEAST_INFO: Final = 32
OBJECT_LIST: Final = AttributeDescriptor(15, CURRENT_ASSOCIATION, 2)
#: An AARQ of the lowest level behind its LLC header: whoever the client is, an AARE answers it.
COMMAND: Final = llc.COMMAND + AARQ(user_information=InitiateRequest(PROPOSED, MAX_PDU).encode()).encode()
#: How often a meter that thinks is asked again.
POLL_S: Final = 0.1
#: What HDLC allows where a frame cannot be taken.
REJECTED: Final = (Kind.FRMR, Kind.DM)


class Ear:
    """Hears both directions of a wire: I frames received since we last spoke."""

    def __init__(self, own: bytes) -> None:
        self.own = own
        self.longest = 0
        self.most = 0
        self._run = 0
        self._stream = FrameStream()

    def __call__(self, direction: Direction, data: bytes) -> None:
        """Count."""
        if direction is Direction.SENT:
            self._run = 0
            return
        for frame in self._stream.feed(data, 0.0):
            if frame.control.kind is Kind.I and frame.destination == self.own:
                self._run += 1
                self.longest = max(self.longest, len(frame.information))
                self.most = max(self.most, self._run)


async def overheard(trial: Trial, *, max_info: int, window: int) -> Ear:
    """Open an association and read its object list by a station that offers these; what was heard."""
    login = trial.simplest()
    ear = Ear(encode_client(login.client))
    talk = await trial.talk(login, trial.station(login, max_info=max_info, window=window))
    talk.wire.listens = ear
    dialogue = await trial.meet(talk, login).open()
    if not login.is_short:
        await dialogue.get(OBJECT_LIST)
    await trial.leave(talk)
    return ear


async def stated(trial: Trial, offered: Parameters | None) -> Parameters:
    """What the meter states in its UA when it is offered this."""
    line = await at_rest(trial)
    found = await line.connect(offered)
    await trial.leave(line)
    return found


@case("HDLC_NDM2NRM_P1", "the maximum information field length is agreed and kept to", Group.HDLC)
async def max_information_field(trial: Trial) -> None:
    """SNRM without parameters and with 32, 128 and 2030 octets: UA states no more, and no I frame has more."""
    for size in (None, LEAST_INFO, DEFAULT_INFO, 2030):
        offered = None if size is None else Parameters(size, size, 1, 1)
        limit = DEFAULT_INFO if size is None else size
        found = await stated(trial, offered)
        sent = "SNRM without parameters" if size is None else f"SNRM that offers information fields of {size} octets"
        if found.max_info_tx > limit:
            raise FailedError(sent, f"UA that states at most {limit}", f"UA that states {found.max_info_tx}")
        if found.max_info_rx > limit:
            trial.note(f"to {sent} UA states {found.max_info_rx} octets received, more than is ever sent")
    ear = await overheard(trial, max_info=LEAST_INFO, window=1)
    if ear.longest > LEAST_INFO:
        raise FailedError(
            f"a request with information fields of {LEAST_INFO} octets agreed",
            f"I frames of at most {LEAST_INFO} octets",
            f"one of {ear.longest}",
        )


@case("HDLC_NDM2NRM_P2", "the window size is agreed and kept to", Group.HDLC)
async def window_size(trial: Trial) -> None:
    """SNRM that offers windows of 1, 3 and 7: UA states no more, and no more I frames come at once."""
    for window in (1, 3, 7):
        offered = Parameters(LEAST_INFO, LEAST_INFO, window, window)
        found = await stated(trial, offered)
        if found.window_tx > window:
            raise FailedError(
                f"SNRM that offers a window of {window}", f"UA that states at most {window}", f"{found.window_tx}"
            )
        ear = await overheard(trial, max_info=LEAST_INFO, window=window)
        if ear.most > found.window_tx:
            raise FailedError(
                f"a request with a window of {found.window_tx} agreed",
                f"at most {found.window_tx} I frames at once",
                f"{ear.most}",
            )


async def answered(line: Line, frame: Frame, count: int, sent: str) -> None:
    """Take the answer that a frame begins, to its last segment, and acknowledge it: an AARE that counts our frames."""
    apdu, expected = b"", 0
    while True:
        control = frame.control
        if (control.send_number, control.receive_number) != (expected, count):
            raise FailedError(sent, f"I N(S)={expected} N(R)={count}", words(frame))
        apdu, expected = apdu + frame.information, expected + 1
        ready = line.draft(supervisory(Kind.RR, expected, poll=True))
        if not frame.is_segmented:
            break
        frame = await line.expect(ready, "RR in the middle of an answer", Kind.I)
    if not apdu.startswith(llc.RESPONSE):
        raise FailedError(sent, f"an answer behind LLC header {llc.RESPONSE.hex()}", apdu[:3].hex())
    try:
        AARE.decode(llc.strip(apdu))
    except AmiError as error:
        raise FailedError(sent, "an AARE", f"what cannot be read: {error}") from error
    frame = await line.expect(ready, "RR after the answer", Kind.RR)
    if frame.control.receive_number != count:
        raise FailedError("RR after the answer", f"RR N(R)={count}", words(frame))


async def ask_by(line: Line, draft: Draft, sent: str) -> Frame:
    """Send an I frame and poll until the answer begins: a meter that thinks says RR meanwhile."""
    frame = await line.expect(draft, sent, Kind.I, Kind.RR)
    until = line.wire.loop.time() + line.target.response_s
    while frame.control.kind is Kind.RR and line.wire.loop.time() < until:
        await asyncio.sleep(POLL_S)
        frame = await line.expect(line.draft(RR), f"RR after {sent}", Kind.I, Kind.RR)
    if frame.control.kind is not Kind.I:
        raise FailedError(sent, "I", words(frame))
    return frame


@case("HDLC_INFO_P1", "I frames carry a request and its answer, whole and in segments", Group.HDLC)
async def information_frames(trial: Trial) -> None:
    """An AARQ in one I frame, then in two segments: an AARE behind its LLC header, in I frames that count right."""
    line = await at_rest(trial)
    await line.connect()
    sent = "AARQ in one I frame"
    await answered(line, await ask_by(line, line.draft(i_frame(0, 0), COMMAND), sent), 1, sent)
    await line.connect()
    sent, half = "AARQ in two segments", len(COMMAND) // 2
    first = replace(line.draft(i_frame(0, 0), COMMAND[:half]), is_segmented=True)
    frame = await line.expect(first, "the first of two segments", Kind.RR)
    if frame.control.receive_number != 1:
        raise FailedError("the first of two segments", "RR N(R)=1", words(frame))
    await answered(line, await ask_by(line, line.draft(i_frame(1, 0), COMMAND[half:]), sent), 2, sent)


@case("HDLC_INFO_N1", "an information field that is too long is not taken", Group.HDLC)
async def too_long(trial: Trial) -> None:
    """An I frame one octet longer than the UA allows: FRMR, DM or silence, never an answer. SNRM helps after it."""
    line = await at_rest(trial)
    longest = (await line.connect()).max_info_rx
    padded = COMMAND.ljust(longest + 1, b"\0")
    frame = await untaken(line, line.draft(i_frame(0, 0), padded), f"an I frame of {longest + 1} octets")
    if frame is not None and frame.control.kind is Kind.RR:
        trial.note("an information field that is too long is dropped, not answered by FRMR")
    await recovered(line)


@case("HDLC_INFO_N2", "an I frame with a wrong N(R) is not taken", Group.HDLC)
async def wrong_receive_number(trial: Trial) -> None:
    """An I frame that acknowledges frames never sent: FRMR, DM or silence, never an answer. SNRM helps after it."""
    line = await at_rest(trial)
    await line.connect()
    frame = await untaken(line, line.draft(i_frame(0, 5), COMMAND), "I N(S)=0 N(R)=5, where nothing was received")
    if frame is not None and frame.control.kind is Kind.RR:
        trial.note("a wrong N(R) is passed over, not answered by FRMR")
    await recovered(line)


@case("HDLC_INFO_N3", "an I frame with a wrong N(S) is not taken", Group.HDLC)
async def wrong_send_number(trial: Trial) -> None:
    """An I frame out of sequence: RR that does not count it, FRMR, DM or silence. Then the right one is answered."""
    line = await at_rest(trial)
    await line.connect()
    frame = await untaken(line, line.draft(i_frame(3, 0), COMMAND), "I N(S)=3 N(R)=0, where N(S)=0 is due")
    if frame is not None and frame.control.kind in REJECTED:
        trial.note(f"a wrong N(S) is answered by {frame.control.kind.value}, where RR would let the frame be repeated")
        await recovered(line)
        return
    sent = "AARQ in the I frame that is due"
    await answered(line, await ask_by(line, line.draft(i_frame(0, 0), COMMAND), sent), 1, sent)


@case("HDLC_NDMOP_N1", "an I frame without connection is not taken", Group.HDLC)
async def disconnected(trial: Trial) -> None:
    """An I frame in normal disconnected mode: DM or silence, and no connection."""
    line = await at_rest(trial)
    sent = "an I frame while disconnected"
    await line.expect_none_but(line.draft(i_frame(0, 0), COMMAND), sent, Kind.DM)
    await line.stays_disconnected(sent)


async def untaken(line: Line, draft: Draft, sent: str) -> Frame | None:
    """Send an I frame that must not be taken; RR may say that it was not."""
    frame = await line.expect_none_but(draft, sent, *REJECTED, Kind.RR)
    if frame is not None and frame.control.kind is Kind.RR and frame.control.receive_number:
        raise FailedError(sent, "a frame that does not count it", words(frame))
    if frame is not None and frame.control.kind is Kind.RR:
        await line.expect_none_but(line.draft(RR), f"RR after {sent}", *REJECTED, Kind.RR)
    return frame


async def recovered(line: Line) -> None:
    """Hold that SNRM brings everything back."""
    await line.connect()
    sent = "AARQ after SNRM"
    await answered(line, await ask_by(line, line.draft(i_frame(0, 0), COMMAND), sent), 1, sent)


CASES: Final = (
    max_information_field,
    window_size,
    information_frames,
    too_long,
    wrong_receive_number,
    wrong_send_number,
    disconnected,
)
