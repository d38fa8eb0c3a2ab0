"""The primary station: a client's end of an HDLC connection (IEC 62056-46, 6.4.4; Green Book, 8.4.5)."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from openami.core.errors import AmiError, LinkTimeout, LocalProtocolError, RemoteProtocolError
from openami.dlms.hdlc import llc
from openami.dlms.hdlc.address import ServerAddress, encode_client
from openami.dlms.hdlc.control import Control, Kind, supervisory, unnumbered
from openami.dlms.hdlc.frame import Frame, encode
from openami.dlms.hdlc.parameters import Parameters
from openami.dlms.hdlc.reject import DisconnectedModeError, FrameRejectedError, UnansweredError
from openami.dlms.hdlc.segments import Segments
from openami.dlms.hdlc.stream import FrameStream
from openami.dlms.hdlc.transfer import MAX_APDU, Transfer
from openami.dlms.hdlc.turn import Turn, Turns


class State(Enum):
    """Where the connection stands."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTING = "disconnecting"


#: State -> frame sent (SNRM, DISC) or received -> state after it; other unnumbered frames mean nothing.
TRANSITIONS: Final[Mapping[State, Mapping[Kind, State]]] = {
    State.DISCONNECTED: {Kind.SNRM: State.CONNECTING},
    State.CONNECTING: {
        Kind.UA: State.CONNECTED,
        Kind.DM: State.DISCONNECTED,
        Kind.FRMR: State.DISCONNECTED,
        Kind.DISC: State.DISCONNECTING,
    },
    State.CONNECTED: {
        Kind.UA: State.DISCONNECTED,
        Kind.DM: State.DISCONNECTED,
        Kind.FRMR: State.DISCONNECTED,
        Kind.DISC: State.DISCONNECTING,
    },
    State.DISCONNECTING: {Kind.UA: State.DISCONNECTED, Kind.DM: State.DISCONNECTED},
}
#: What each state that waits for an answer has asked.
ASKED: Final = {State.CONNECTING: Kind.SNRM, State.DISCONNECTING: Kind.DISC}


class PrimaryStation:
    """A client's connection to one server; implements `ClientLink`. No I/O, no clock.

    `response_timeout_s` must be longer than the line there and back and the server's thinking; on a slow
    line give `octet_s`, the time of one octet. A server that answers RR instead of an APDU is asked again
    every `poll_s`, for at most `answer_s`.
    """

    def __init__(
        self,
        client_address: int,
        server: ServerAddress,
        *,
        parameters: Parameters | None = None,
        response_timeout_s: float = 3.0,
        retries: int = 3,
        octet_s: float = 0.0,
        busy_s: float = 0.5,
        poll_s: float = 0.2,
        answer_s: float = 60.0,
        keep_alive_s: float | None = None,
        inter_octet_s: float | None = 1.0,
        has_echo: bool = False,
        max_apdu: int = MAX_APDU,
    ) -> None:
        self.client_address = client_address
        self.server = server
        self.offered = parameters or Parameters()
        #: Moves with every frame that is acknowledged or brings something new.
        self.progress = 0
        self._own, self._peer = encode_client(client_address), server.encode()
        self._busy_s, self._poll_s, self._answer_s = busy_s, poll_s, answer_s
        self._keep_alive_s = keep_alive_s
        self._max_apdu = max_apdu
        self._turns = Turns(response_timeout_s, octet_s, retries)
        self.stream = FrameStream(inter_octet_s=inter_octet_s, has_echo=has_echo)
        self._out: list[bytes] = []
        self._waiting: list[bytes] = []
        self._failure: AmiError | None = None
        self._now = 0.0
        self._end()

    @property
    def is_connected(self) -> bool:
        """Whether the server holds a connection: from its UA until it has confirmed the end."""
        return self.state in {State.CONNECTED, State.DISCONNECTING}

    @property
    def parameters(self) -> Parameters:
        """What was agreed; before that, the defaults."""
        return self._transfer.parameters

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        return self._now if self._failure else self._turns.due

    def connect(self, now: float) -> None:
        """Set the connection up: SNRM."""
        self._ask(Kind.SNRM, now)

    def disconnect(self, now: float) -> bool:
        """Take the connection down: DISC. Nothing is left to do where there is none."""
        if self.state is State.DISCONNECTED:
            return True
        if self.state is not State.DISCONNECTING:
            self._ask(Kind.DISC, now)
        return False

    def send(self, apdu: bytes, now: float) -> None:
        """Queue an APDU; it leaves when the connection is set up and it is our turn."""
        if self.state is State.DISCONNECTING:
            message = "nothing can be sent while the HDLC connection is taken down"
            raise LocalProtocolError(message)
        if self.state is not State.CONNECTED:
            self._waiting.append(apdu)
            return
        self._put(apdu)
        if not self._turns.is_theirs:
            self._go_on(now)

    def idle(self, now: float) -> None:
        """Poll a server to whom there is nothing to say, to keep the connection alive and fetch what it holds."""
        if self.state is State.CONNECTED and self._turns.turn is Turn.OURS:
            self._poll(now)

    def solicit(self) -> None:
        """Let a server without connection send what it holds: an empty UI frame with P set."""
        self._out.append(self._command(unnumbered(Kind.UI)))

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take what has arrived; the APDUs that are whole by now, those of UI frames too.

        An error is raised in a call that has no APDU to hand over before it.
        """
        self._now = now
        self._raise_failure()
        apdus: list[bytes] = []
        try:
            for frame in self.stream.feed(data, now):
                self._take(frame, apdus)
        except AmiError as error:
            self._end()
            if not apdus:
                raise
            self._failure = error
        if self.stream.is_partial:
            self._turns.extend(now)
        return apdus

    def expire(self, now: float) -> None:
        """Ask again when an answer is overdue or a pause is over."""
        self._now = now
        self._raise_failure()
        if self._turns.due is None or now < self._turns.due:
            return
        if self._turns.is_theirs:
            self._ask_again(now)
        else:
            self._poll(now)

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent, one frame each."""
        out, self._out = self._out, []
        self.stream.sent(out)
        return out

    def abort(self) -> None:
        """Forget everything: the line is gone."""
        self.stream.clear()
        self._out.clear()
        self._failure = None
        self._end()

    def _end(self) -> None:
        """Be disconnected."""
        self.state = State.DISCONNECTED
        self._waiting.clear()
        self._segments = Segments(self._max_apdu)
        self._begin(Parameters())

    def _begin(self, parameters: Parameters) -> None:
        """Count from 0."""
        self._transfer = Transfer(self._peer, self._own, parameters, self._max_apdu)
        self._turns.begin()
        self._is_used = False
        #: APDUs sent and not answered, and until when their answers are polled for.
        self._unanswered = 0
        self._answer_until = 0.0

    def _raise_failure(self) -> None:
        if self._failure is not None:
            error, self._failure = self._failure, None
            raise error

    def _command(self, control: Control, information: bytes = b"") -> bytes:
        return encode(self._peer, self._own, control, information)

    def _ask(self, kind: Kind, now: float) -> None:
        """Send SNRM or DISC."""
        if kind not in TRANSITIONS[self.state]:
            raise LocalProtocolError(f"{kind.value} is not possible while {self.state.value}")
        self.state = TRANSITIONS[self.state][kind]
        self._turns.begin()
        self._send_unnumbered(now)

    def _send_unnumbered(self, now: float) -> None:
        kind = ASKED[self.state]
        information = b"" if kind is Kind.DISC or self.offered == Parameters() else self.offered.encode()
        self._give_turn([self._command(unnumbered(kind), information)], now)

    def _give_turn(self, frames: list[bytes], now: float, *, is_enquiry: bool = False) -> None:
        self._out += frames
        self._turns.give(frames, now, is_enquiry=is_enquiry)

    def _poll(self, now: float) -> None:
        """RR with P: the server is to send what it has, and to say what has arrived."""
        control = supervisory(Kind.RR, self._transfer.expected, poll=True)
        is_enquiry = self._turns.silences > 0 or self._transfer.outstanding > 0
        self._give_turn([self._command(control)], now, is_enquiry=is_enquiry)

    def _ask_again(self, now: float) -> None:
        """No answer: SNRM or DISC once more, or find out by RR what has arrived."""
        if self._turns.is_given_up():
            error = self._silence()
            self._end()
            raise error
        if self.state in ASKED:
            self._send_unnumbered(now)
        else:
            self._poll(now)

    def _silence(self) -> LinkTimeout:
        """Make the error for a server that says nothing."""
        asked = ASKED.get(self.state, Kind.RR)
        server, turns = self.server, self._turns
        kind = UnansweredError if asked is Kind.SNRM else LinkTimeout
        return kind(
            f"no answer to {asked.value} from server {server} (address of {server.length} octets) to client "
            f"{self.client_address}, asked {turns.silences} times and waited {turns.timeout_s:g} s each"
        )

    def _take(self, frame: Frame, apdus: list[bytes]) -> None:
        control = frame.control
        if frame.destination != self._own or not self._is_from_server(frame):
            return
        if control.kind is Kind.UI:
            apdu = self._segments.add(frame)
            if apdu:
                apdus.append(apdu)
        elif control.kind in {Kind.I, Kind.RR, Kind.RNR}:
            if self.state is State.CONNECTED:
                self._take_numbered(frame, apdus)
        elif control.kind in TRANSITIONS[self.state] and control.kind not in {Kind.SNRM, Kind.DISC}:
            self._take_unnumbered(frame)

    def _is_from_server(self, frame: Frame) -> bool:
        """Whether our server sent it; whoever answers to the address of the calling device is our server."""
        return frame.source == self._peer or self.server.is_calling

    def _take_unnumbered(self, frame: Frame) -> None:
        kind, before = frame.control.kind, self.state
        if kind is Kind.UA and before is State.CONNECTED and not self._is_used:
            return
        self.state = TRANSITIONS[before][kind]
        who = f"server {self.server}"
        if kind is Kind.FRMR:
            raise FrameRejectedError.read(who, frame.information)
        if self.state is State.CONNECTED:
            self._connected(frame)
        elif before is State.DISCONNECTING:
            self._end()
        elif kind is Kind.UA:
            raise RemoteProtocolError(f"{who} has begun the HDLC connection anew")
        else:
            doing = (
                "SNRM by DM: it takes no connection now" if before is State.CONNECTING else "DM: it has disconnected"
            )
            raise DisconnectedModeError(f"{who} answered {doing}")

    def _connected(self, frame: Frame) -> None:
        """UA: what the server states holds, and what was queued may leave."""
        if self.server.is_calling:
            self.server, self._peer = ServerAddress.decode(frame.source), frame.source
        self._begin(self.offered.agree(Parameters.decode(frame.information)))
        for apdu in self._waiting:
            self._put(apdu)
        self._waiting.clear()
        self._go_on(self._now)

    def _put(self, apdu: bytes) -> None:
        self._transfer.put(llc.COMMAND + apdu)
        self._unanswered += 1

    def _take_numbered(self, frame: Frame, apdus: list[bytes]) -> None:
        transfer = self._transfer
        acknowledged = transfer.acknowledge(frame)
        if acknowledged is None:
            self._doubt(frame)
            return
        is_next = transfer.is_next(frame)
        if is_next:
            self._accept(transfer.accept(frame), apdus)
        if is_next or acknowledged:
            self._is_used = True
            self.progress += 1
            self._turns.news()
        if not frame.control.is_poll:
            self._turns.extend(self._now)
        elif not self._turns.is_theirs:
            if is_next:
                self._go_on(self._now)
        elif self._turns.ends(frame, transfer):
            self._go_on(self._now)

    def _doubt(self, frame: Frame) -> None:
        """N(R) cannot be right: the frame is late, unless it answers the question what has arrived."""
        transfer = self._transfer
        if self._turns.is_enquiry:
            allowed = f"{transfer.acknowledged} to {transfer.send_number}"
            raise RemoteProtocolError(f"server {self.server} sent {frame.control}, expected N(R) {allowed}")

    def _accept(self, whole: bytes | None, apdus: list[bytes]) -> None:
        """An I frame in sequence has come, and with it perhaps the end of an APDU."""
        self._answer_until = self._now + self._answer_s
        if whole is None:
            return
        if not llc.has_header(whole):
            raise RemoteProtocolError(f"LLC header {whole[:3].hex()} from server {self.server}, expected e6e700")
        self._unanswered = max(0, self._unanswered - 1)
        if len(whole) > llc.SIZE:
            apdus.append(llc.strip(whole))

    def _go_on(self, now: float) -> None:
        """Use our turn: fetch the next segment, send what is queued, or wait."""
        transfer, is_awaiting = self._transfer, now < self._answer_until
        if transfer.is_partial and self._turns.has_news:
            self._poll(now)
        elif transfer.is_ready and not (transfer.is_partial and is_awaiting):
            self._burst(now)
        elif transfer.is_held:
            self._turns.keep(now, self._busy_s, Turn.PAUSE)
        elif is_awaiting and (self._unanswered or transfer.is_partial):
            self._turns.keep(now, self._poll_s, Turn.PAUSE)
        else:
            self._unanswered = 0
            self._turns.keep(now, self._keep_alive_s)

    def _burst(self, now: float) -> None:
        """Send as many frames as the window holds."""
        transfer, turns = self._transfer, self._turns
        if transfer.outstanding:
            turns.resent += 1
        if turns.resent > turns.retries:
            number, times = transfer.acknowledged, turns.resent
            self._end()
            raise LinkTimeout(f"server {self.server} did not take frame N(S)={number}, sent {times} times")
        self._answer_until = now + self._answer_s
        self._give_turn(transfer.burst(), now)
