"""The reader's end of an optical port: sign-on, readout, programming, hand-over to HDLC (IEC 62056-21, 6.4 and 6.5).

A verb begins something, and events tell how it went. `baud` is how the port is to be set once all that is outgoing
has left. What comes wrong is asked for again by NAK; what does not come, by sending once more.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from openami.core.errors import (
    AmiError,
    DecodeError,
    LinkTimeout,
    LocalProtocolError,
    RemoteProtocolError,
    ServiceError,
)
from openami.iec62056 import cutting
from openami.iec62056.asking import ERROR
from openami.iec62056.characters import ACK, NAK, NUL, Characters, Parity
from openami.iec62056.cutting import Cutter, Faulty, Message, Sign
from openami.iec62056.messages import (
    BINARY,
    PROGRAMMING,
    READOUT,
    Command,
    DataBlock,
    Identification,
    OptionSelect,
    Request,
)
from openami.iec62056.rates import RATES, code_of
from openami.iec62056.readout import DataSet, data_sets
from openami.iec62056.told import Answered, Failed, Identified, Learned, Left, Opened, ReadOut, Speaking

RESPONSE_S: Final = 1.5
"""Longest time to the first character of an answer, and between two of them (6.4.3.3, t_r and t_a)."""

MARGIN_S: Final = 0.7
"""What adapters and drivers add to that."""

CONFIRM_S: Final = 1.0
"""How long a meter has to send the selection of HDLC back; many do not."""

WAKE_S, PAUSE_S = 2.2, 1.6
"""A meter that sleeps hears characters NUL for 2.1 to 2.3 s, then nothing for 1.5 to 1.7 s (annex B)."""

RETRIES: Final = 3
LONGEST_BLOCK: Final = 65_536
LONGEST_READOUT: Final = 1 << 20


class Wish(Enum):
    """What a session is for, by its control character."""

    READOUT = READOUT
    PROGRAMMING = PROGRAMMING
    HDLC = BINARY


class State(Enum):
    """Where a session stands."""

    IDLE = "no session"
    WAKING = "wakes the meter"
    SIGNED_ON = "has signed on"
    CONFIRMING = "waits for the selection to come back"
    READING = "waits for data"
    OPENING = "waits for the programming mode"
    READY = "programming mode"
    ASKING = "waits for an answer"
    HDLC = "handed over"


BLOCKS: Final = cutting.blocks(LONGEST_BLOCK)
CUTTERS: Final[Mapping[State, Cutter]] = {
    State.SIGNED_ON: cutting.identification,
    State.CONFIRMING: cutting.confirmation,
    State.READING: BLOCKS,
    State.OPENING: BLOCKS,
    State.ASKING: BLOCKS,
}
AFTER: Final[Mapping[Wish, State]] = {
    Wish.READOUT: State.READING,
    Wish.PROGRAMMING: State.OPENING,
    Wish.HDLC: State.CONFIRMING,
}


class Client:
    """One session after the other with the meter at a port.

    `most_baud` is the highest speed that is accepted; a meter that proposes more is asked for that. `wakes` is for
    meters that sleep. `parity` NONE is for ports that reckon it themselves.
    """

    def __init__(
        self,
        *,
        address: str = "",
        start_baud: int = RATES[0],
        most_baud: int = RATES[-1],
        wakes: bool = False,
        parity: Parity = Parity.EVEN,
        retries: int = RETRIES,
        response_s: float = RESPONSE_S + MARGIN_S,
    ) -> None:
        self._request = Request(address).encode()
        self._start_baud = RATES[code_of(start_baud)]
        self._most = code_of(most_baud)
        self._wakes = wakes
        self._retries = retries
        self._response_s = response_s
        self._characters = Characters(parity)
        self.baud = self._start_baud
        self.state = State.IDLE
        self.identification: Identification | None = None
        self._wish = Wish.READOUT
        self._heard = bytearray()
        self._parts: list[bytes] = []
        self._out: list[bytes] = []
        self._last = b""
        self._tries = 0
        self._wanted = self.baud
        self.deadline: float | None = None

    # Verbs

    def read_out(self, now: float) -> None:
        """Sign on and have everything read out (mode C)."""
        self._begin(Wish.READOUT, now)

    def program(self, now: float) -> None:
        """Sign on and enter the programming mode (mode C)."""
        self._begin(Wish.PROGRAMMING, now)

    def hand_over(self, now: float) -> None:
        """Sign on and have the meter speak HDLC (mode E)."""
        self._begin(Wish.HDLC, now)

    def login(self, password: str, now: float, *, level: int = 1) -> None:
        """Give a password in the programming mode."""
        self._command(f"P{level}", DataSet("", password), now)

    def read(self, address: str, now: float, *, argument: str = "") -> None:
        """Ask for a value in the programming mode."""
        self._command("R1", DataSet(address, argument), now)

    def write(self, address: str, value: str, now: float) -> None:
        """Write a value in the programming mode."""
        self._command("W1", DataSet(address, value), now)

    def leave(self, now: float) -> list[Learned]:
        """End the session by a break; nobody answers it."""
        if self.state in {State.READY, State.ASKING, State.OPENING}:
            self._send(Command("B0").encode(), State.IDLE, now)
        return self._end()

    # Octets and time

    def receive(self, data: bytes, now: float) -> list[Learned]:
        """Take octets; what they tell."""
        learned: list[Learned] = []
        if self.state not in CUTTERS:
            return learned
        self._heard += self._characters.decode(data)
        while self._heard and self.state in CUTTERS:
            message, used = CUTTERS[self.state](bytes(self._heard))
            del self._heard[:used]
            if message is None:
                break
            learned += self._take(message, now)
        if self.state not in CUTTERS:
            self._heard.clear()
        elif self._heard and self.state is not State.CONFIRMING:
            self.deadline = now + RESPONSE_S + MARGIN_S
        return learned

    def expire(self, now: float) -> list[Learned]:
        """Go on after a pause; repeat what had no answer, or give up."""
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = None
        if self.state is State.WAKING:
            self._sign_on(now)
            return []
        if self.state is State.CONFIRMING:
            return self._speak()
        if self._heard and self.state is not State.SIGNED_ON:
            return self._take(Faulty(), now)
        text = NAK if self.state in {State.READING, State.OPENING} else self._last  # it may be heard at this speed only
        return self._again(text, now, LinkTimeout(f"no answer from the meter: it {UNANSWERED[self.state]}"))

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out = self._out.copy()
        self._out.clear()
        return out

    # What is said

    def _begin(self, wish: Wish, now: float) -> None:
        if self.state is not State.IDLE:
            raise LocalProtocolError(f"the optical port is in use: it {self.state.value}")
        self._wish, self.baud, self.identification = wish, self._start_baud, None
        self._parts.clear()
        self._tries = 0
        if not self._wakes:
            self._sign_on(now)
            return
        self._out.append(NUL * round(WAKE_S * self.baud / 10))
        self.state, self.deadline = State.WAKING, now + WAKE_S + PAUSE_S

    def _sign_on(self, now: float) -> None:
        self._characters.listen()
        self._send(self._request, State.SIGNED_ON, now)

    def _command(self, name: str, given: DataSet, now: float) -> None:
        if self.state is not State.READY:
            raise LocalProtocolError(
                f"commands are for the programming mode: the optical port is at {self.state.value}"
            )
        self._tries = 0
        self._send(Command(name, given.encode()).encode(), State.ASKING, now)

    def _send(self, text: bytes, state: State, now: float, *, is_kept: bool = True) -> None:
        """Send a message; what comes is heard as `state` has it."""
        self._heard.clear()
        self._out.append(self._characters.encode(text))
        self.state = state
        self.deadline = now + 10 * len(text) / self.baud + self._response_s
        if is_kept:
            self._last = text

    def _again(self, text: bytes, now: float, error: AmiError) -> list[Learned]:
        """Send the last message, or NAK, once more; or give up."""
        self._tries += 1
        if self._tries > self._retries:
            return self._fail(error)
        self._send(text, self.state, now, is_kept=text != NAK)
        return []

    def _fail(self, error: AmiError) -> list[Learned]:
        return [Failed(error), *self._end()]

    def _end(self) -> list[Learned]:
        self.state, self.deadline, self.baud = State.IDLE, None, self._start_baud
        self._heard.clear()
        return [Left()]

    # What is heard

    def _take(self, message: Message, now: float) -> list[Learned]:
        if isinstance(message, Identification):
            return self._identified(message, now)
        if isinstance(message, OptionSelect):
            return self._speak()
        if isinstance(message, Faulty):
            return self._again(NAK, now, RemoteProtocolError("the meter's answer comes wrong again and again"))
        if message == Sign(NAK):
            return self._again(self._last, now, RemoteProtocolError("the meter refuses what is sent, again and again"))
        if self.state is State.READING:
            return self._read(message, now)
        return self._open(message) if self.state is State.OPENING else self._answered(message, now)

    def _identified(self, found: Identification, now: float) -> list[Learned]:
        self._characters.settle()
        self._tries = 0
        self.identification = found
        learned: list[Learned] = [Identified(found)]
        if self._wish is Wish.HDLC and not found.offers_hdlc:
            sentence = f"{found.manufacturer} {found.name} offers no HDLC at its optical port (mode E): read it out"
            return learned + self._fail(ServiceError(sentence))
        if found.rate is None:
            return learned + self._without_selection(found, now)
        code = min(int(found.baud), self._most)
        protocol = BINARY if self._wish is Wish.HDLC else "0"
        selection = OptionSelect(protocol, str(code), self._wish.value)
        self._wanted = RATES[code]
        self._send(selection.encode(), AFTER[self._wish], now)
        if self._wish is Wish.HDLC:
            self.deadline = now + 10 * 6 / self.baud + CONFIRM_S
        else:
            self.baud = self._wanted
        return learned

    def _without_selection(self, found: Identification, now: float) -> list[Learned]:
        """Hear a meter of mode A or B, which reads out without being asked; B changes its speed by itself."""
        if self._wish is not Wish.READOUT:
            return self._fail(ServiceError(f"{found.manufacturer} {found.name} can only be read out (mode A or B)"))
        if found.baud in "ABCDEF":
            self.baud = RATES["ABCDEF".index(found.baud) + 1]
        self.state, self.deadline = State.READING, now + self._response_s
        return []

    def _speak(self) -> list[Learned]:
        self.state, self.deadline, self.baud = State.HDLC, None, self._wanted
        self._heard.clear()
        return [Speaking(self.baud)]

    def _read(self, message: Message, now: float) -> list[Learned]:
        if not isinstance(message, DataBlock):
            return []
        return self._collected(message, now, lambda sets: [ReadOut(sets), *self._end()])

    def _collected(
        self, message: DataBlock, now: float, done: Callable[[tuple[DataSet, ...]], list[Learned]]
    ) -> list[Learned]:
        """Collect partial blocks, each acknowledged; read the whole."""
        self._parts.append(message.text)
        if sum(map(len, self._parts)) > LONGEST_READOUT:
            return self._fail(RemoteProtocolError(f"the meter sends more than {LONGEST_READOUT} characters"))
        self._tries = 0
        if not message.is_last:
            self._send(ACK, self.state, now)
            return []
        text = b"".join(self._parts)
        self._parts.clear()
        try:
            return done(tuple(data_sets(text)))
        except DecodeError as error:
            return self._fail(error)

    def _open(self, message: Message) -> list[Learned]:
        if not isinstance(message, Command):
            return []
        if message.name != "P0":
            return self._fail(ServiceError("the meter ends the session: it gives no programming mode"))
        self.state, self.deadline, self._tries = State.READY, None, 0
        operand = (message.text or b"").strip(b"()")
        return [Opened(operand.decode("ascii", errors="replace"))]

    def _answered(self, message: Message, now: float) -> list[Learned]:
        if isinstance(message, Command):
            return (
                self._fail(ServiceError("the meter has ended the session by a break")) if message.name == "B0" else []
            )
        if isinstance(message, DataBlock):
            return self._collected(message, now, self._valued)
        self.state, self.deadline = State.READY, None
        return [Answered()]

    def _valued(self, sets: tuple[DataSet, ...]) -> list[Learned]:
        self.state, self.deadline = State.READY, None
        if len(sets) == 1 and not sets[0].address and sets[0].value.upper().startswith(ERROR[:2]):
            return [Failed(ServiceError(f"the meter answers {sets[0].value}"))]
        return [Answered(sets)]


UNANSWERED: Final[Mapping[State, str]] = {
    State.SIGNED_ON: "was greeted by /?! (head, address, parity, start speed?)",
    State.READING: "was asked for a readout",
    State.OPENING: "was asked for the programming mode",
    State.ASKING: "was given a command",
}
