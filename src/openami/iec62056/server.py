"""The meter's end of an optical port: sign-on, readout, programming, hand-over to HDLC (IEC 62056-21, 6.4 and 6.5).

The port of 8 bits stays as it is; parity is reckoned here. Every answer waits for the reaction time. `baud` is how the
port is to be set once all that is outgoing has left.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from openami.core.errors import DecodeError, LocalProtocolError
from openami.iec62056 import cutting
from openami.iec62056.asking import (
    ERROR,
    Answer,
    Asked,
    HandedOver,
    LockedOut,
    LoginAsked,
    ReadAsked,
    ReadoutAsked,
    Told,
    WriteAsked,
)
from openami.iec62056.characters import ACK, NAK, Characters
from openami.iec62056.cutting import Cutter, Faulty, Message, Sign
from openami.iec62056.messages import BINARY, PROGRAMMING, READOUT, Command, DataBlock, OptionSelect, Request
from openami.iec62056.rates import RATES, rate_of
from openami.iec62056.readout import DataSet, block
from openami.iec62056.setup import Setup, Start

GAP_S: Final = 1.5
"""Longest silence inside a message (6.4.3.3, t_a)."""

REPEATS: Final = 3
"""How often a message is sent again when asked by NAK."""

WRONG_PASSWORDS: Final = 3
LOCK_S, LOCK_MAX_S = 60.0, 3_600.0
"""How long passwords are not taken after so many wrong ones; twice as long each time."""

LONGEST_COMMAND: Final = 512
ANSWERING: Final = frozenset({"R1", "R2", "W1", "W2", "P1", "P2"})


class State(Enum):
    """Where a session stands."""

    SIGN_ON = "waits for a sign-on"
    OFFERED = "waits for an acknowledgement"
    SENT = "has sent data"
    PROGRAMMING = "programming mode"
    HDLC = "handed over"


CUTTERS: Final[Mapping[State, Cutter]] = {
    State.SIGN_ON: cutting.request,
    State.OFFERED: cutting.option,
    State.SENT: cutting.option,
    State.PROGRAMMING: cutting.blocks(LONGEST_COMMAND),
    State.HDLC: lambda heard: (None, len(heard)),
}


class Server:
    """One port of one meter; `setup` is asked at each sign-on how it is set."""

    def __init__(self, setup: Callable[[], Setup]) -> None:
        self._ask_setup = setup
        self.setup = setup()
        self.state = State.SIGN_ON
        self.baud = RATES[self.setup.baud]
        self._characters = Characters()
        self._heard = bytearray()
        self._asked: Asked | None = None
        self._level = 0
        self._due: tuple[float, bytes, State] | None = None
        self._last = b""
        self._repeats = 0
        self._wanted = self.baud
        self._out: list[bytes] = []
        self._deadline: float | None = None
        self._gap_at: float | None = None
        self._wrong = 0
        self._lock_s = LOCK_S
        self._locked_until = 0.0

    @property
    def deadline(self) -> float | None:
        """When to call `expire`."""
        due = self._due[0] if self._due is not None else None
        return min((at for at in (due, self._deadline, self._gap_at) if at is not None), default=None)

    def begin(self) -> list[Told]:
        """Begin anew: wait for a sign-on, or hand over at once where the port is set to HDLC."""
        self.setup = setup = self._ask_setup()
        self.state, self.baud = State.SIGN_ON, RATES[setup.baud]
        self._asked = self._due = self._deadline = self._gap_at = None
        self._level = 0
        self._heard.clear()
        self._characters.listen()
        if setup.start is Start.SIGN_ON:
            return []
        self.state, self.baud = State.HDLC, RATES[setup.direct]
        return [HandedOver(self.baud)]

    def receive(self, data: bytes, now: float) -> list[Told]:
        """Take octets; what is to be done about them. Nothing is heard while an answer is due."""
        told = self.expire(now)
        if self._due is not None or self._asked is not None or self.state is State.HDLC:
            return told
        self._heard += self._characters.decode(data)
        while self._due is None and self._asked is None and self._heard:
            message, used = CUTTERS[self.state](bytes(self._heard))
            del self._heard[:used]
            if message is None:
                break
            told += self._take(message, now)
        is_busy = self._due is not None or self._asked is not None
        if is_busy:
            self._heard.clear()  # both ends take turns: what comes before the answer is noise
        self._gap_at = now + GAP_S if self._heard else None
        return told

    def expire(self, now: float) -> list[Told]:
        """Send what is due; give up what has not gone on."""
        told: list[Told] = []
        if self._due is not None and now >= self._due[0]:
            _, text, state = self._due
            self._due = None
            told += self._say(text, state, now)
        if self._gap_at is not None and now >= self._gap_at:
            self._gap_at = None
            self._heard.clear()
        if self._deadline is not None and now >= self._deadline and self._due is None and self._asked is None:
            self._deadline = None
            is_unselected = self.state is State.OFFERED and self.setup.has_readout
            told += self._ask(ReadoutAsked()) if is_unselected else self.begin()
        return told

    def respond(self, answer: Answer, now: float) -> None:
        """Answer what was asked last."""
        asked, self._asked = self._asked, None
        if asked is None:
            raise LocalProtocolError("nothing was asked")
        if isinstance(asked, LoginAsked):
            self._logged_in(asked, now, is_right=bool(answer))
        elif isinstance(asked, WriteAsked):
            self._reply(ACK if answer else error(), State.PROGRAMMING, now)
        elif isinstance(asked, ReadAsked):
            sets = answer if isinstance(answer, list) else []
            text = b"".join(one.encode() for one in sets)
            self._reply(DataBlock(text).encode() if sets else error(), State.PROGRAMMING, now)
        else:
            self._reply(DataBlock(block(answer if isinstance(answer, list) else [])).encode(), State.SENT, now)

    def outgoing(self) -> list[bytes]:
        """Hand over what is to be sent."""
        out = self._out.copy()
        self._out.clear()
        return out

    # What is heard

    def _take(self, message: Message, now: float) -> list[Told]:
        if isinstance(message, Request):
            return self._sign_on(message, now)
        if self.state is State.OFFERED:
            return self._select(message, now)
        if isinstance(message, Sign | Faulty):
            return self._signed(message, now)
        if isinstance(message, Command) and self.state is State.PROGRAMMING:
            return self._command(message, now)
        return []

    def _sign_on(self, request: Request, now: float) -> list[Told]:
        self.setup = self._ask_setup()
        if not request.means(self.setup.address):
            return self.begin()
        self._characters.settle(alike=True)
        self._reply(self.setup.identification.encode(), State.OFFERED, now)
        return []

    def _select(self, message: Message, now: float) -> list[Told]:
        """Do what is selected; what cannot be had is answered by a readout at the speed of the sign-on."""
        setup = self.setup
        if message == Sign(NAK):
            return self._again(now)
        if not isinstance(message, OptionSelect):
            return self._read_out(None)
        if message.is_binary and setup.has_hdlc and self._speed(message) is not None:
            return self._hand_over(message, now)
        if message.control == PROGRAMMING and message.protocol != BINARY and setup.has_programming:
            self.baud = self._speed(message) or self.baud
            self._reply(Command("P0", b"(" + setup.operand.encode("ascii") + b")").encode(), State.PROGRAMMING, now)
            return []
        return self._read_out(message if message.control == READOUT else None)

    def _speed(self, message: OptionSelect) -> int | None:
        """Speed that is selected; None for one above what was proposed."""
        wanted = rate_of(message.baud)
        return wanted if wanted is not None and wanted <= RATES[self.setup.proposed] else None

    def _read_out(self, message: OptionSelect | None) -> list[Told]:
        if not self.setup.has_readout:
            return self.begin()
        self.baud = (self._speed(message) if message is not None else None) or self.baud
        return self._ask(ReadoutAsked())

    def _hand_over(self, message: OptionSelect, now: float) -> list[Told]:
        self._wanted = self._speed(message) or self.baud
        if self.setup.confirms:
            self._reply(message.encode(), State.HDLC, now)
            return []
        return self._handed_over()

    def _handed_over(self) -> list[Told]:
        self.state, self.baud, self._deadline = State.HDLC, self._wanted, None
        self._heard.clear()
        return [HandedOver(self.baud)]

    def _signed(self, message: Sign | Faulty, now: float) -> list[Told]:
        if message == Sign(NAK):
            return self._again(now)
        if isinstance(message, Faulty) and self.state is State.PROGRAMMING:
            self._reply(NAK, State.PROGRAMMING, now, is_kept=False)
        return []

    def _again(self, now: float) -> list[Told]:
        """Send the last message once more."""
        self._repeats += 1
        if self._repeats > REPEATS:
            return self.begin()
        repeats = self._repeats
        self._reply(self._last, self.state, now)
        self._repeats = repeats
        return []

    def _command(self, command: Command, now: float) -> list[Told]:
        if command.name == "B0":
            return self.begin()
        if command.name not in ANSWERING:
            self._reply(error(), State.PROGRAMMING, now)
            return []
        try:
            given = DataSet.decode(command.text or b"")
        except DecodeError:
            self._reply(error(), State.PROGRAMMING, now)
            return []
        kind, level = command.name[0], int(command.name[1])
        if kind == "P":
            return self._password(level, given.value, now)
        if kind == "R":
            return self._ask(ReadAsked(given.address, given.value, self._level))
        return self._ask(WriteAsked(given.address, given.value, self._level))

    def _password(self, level: int, password: str, now: float) -> list[Told]:
        if now < self._locked_until:
            self._reply(error(), State.PROGRAMMING, now)
            return []
        return self._ask(LoginAsked(level, password))

    def _logged_in(self, asked: LoginAsked, now: float, *, is_right: bool) -> None:
        if is_right:
            self._level, self._wrong, self._lock_s = asked.level, 0, LOCK_S
            self._reply(ACK, State.PROGRAMMING, now)
            return
        self._level, self._wrong = 0, self._wrong + 1
        if self._wrong % WRONG_PASSWORDS:
            self._reply(error(), State.PROGRAMMING, now)
            return
        self._locked_until = now + self._lock_s
        self._lock_s = min(2 * self._lock_s, LOCK_MAX_S)
        self._reply(Command("B0").encode(), State.SIGN_ON, now)

    # What is said

    def _ask(self, asked: Asked) -> list[Told]:
        self._asked, self._deadline, self._gap_at = asked, None, None
        return [asked]

    def _reply(self, text: bytes, state: State, now: float, *, is_kept: bool = True) -> None:
        """Have an answer sent once the reaction time is over; the session stands at `state` then."""
        self._due = now + self.setup.reaction_s, text, state
        self._deadline = self._gap_at = None
        self._repeats = 0
        if is_kept:
            self._last = text

    def _say(self, text: bytes, state: State, now: float) -> list[Told]:
        self._out.append(self._characters.encode(text))
        self.state = state
        lasts_s = 10 * len(text) / self.baud
        if state is State.HDLC:
            return self._handed_over()
        if state is State.SIGN_ON:
            told: list[Told] = [LockedOut(self._locked_until - now)]
            return told + self.begin()
        self._deadline = now + lasts_s + (self.setup.idle_s if state is State.PROGRAMMING else self.setup.select_s)
        return []


def error() -> bytes:
    """Message in place of a value."""
    return DataBlock(f"({ERROR})".encode()).encode()
