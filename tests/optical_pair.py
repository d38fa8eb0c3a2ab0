"""Both ends of an optical port joined by a wire that knows speeds: octets sent at another speed are lost."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from openami.iec62056 import Client, DataSet, Server, Setup
from openami.iec62056.asking import Answer, Asked, HandedOver, LoginAsked, ReadAsked, ReadoutAsked
from openami.iec62056.told import Speaking

SETS = [DataSet("0.0.0", "12345678"), DataSet("1.8.0", "000123.456", "kWh"), DataSet("0.9.1", "12:34:56")]
PASSWORD = "12345678"
Spoil = Callable[[bytes], bytes]


def setup(**changes: Any) -> Setup:
    """A meter of 9,600 baud, with all modes."""
    return replace(Setup(manufacturer="OAM", name="SIM-TEST", address="0012", operand="0012"), **changes)


@dataclass
class Wire:
    """A client and a server, time that is turned, and what went over the wire, by who sent it."""

    client: Client = field(default_factory=Client)
    given: Setup = field(default_factory=setup)
    now: float = 0.0
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    learned: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)
    values: dict[str, DataSet] = field(default_factory=lambda: {one.address: one for one in SETS})
    #: What becomes of octets on their way to the server, and to the client.
    to_server: Spoil = bytes
    to_client: Spoil = bytes

    def __post_init__(self) -> None:
        self.server = Server(self.setup)
        self.speeds = self.client.baud, self.server.baud
        self.tell(self.server.begin())

    def setup(self) -> Setup:
        """How the port is set."""
        return self.given

    def tell(self, told: list[Any]) -> None:
        """Do what the meter does."""
        self.told += told
        for asked in told:
            if isinstance(asked, Asked):
                self.server.respond(self.answer(asked), self.now)

    def answer(self, asked: Asked) -> Answer:
        """Answer as a meter of three values and one password."""
        if isinstance(asked, ReadoutAsked):
            return list(self.values.values())
        if isinstance(asked, LoginAsked):
            return asked.password == PASSWORD and asked.level == 1
        if isinstance(asked, ReadAsked):
            return [self.values[asked.address]] if asked.address in self.values else []
        if not asked.level or asked.address not in self.values:
            return False
        self.values[asked.address] = replace(self.values[asked.address], value=asked.value)
        return True

    def carry(self) -> bool:
        """Carry what is outgoing; each end is set to its new speed once that has left. Whether there was any."""
        out = self.client.outgoing(), self.server.outgoing()
        at, self.speeds = self.speeds, (self.client.baud, self.server.baud)
        heard_at = at[0] if out[0] else self.client.baud, at[1] if out[1] else self.server.baud
        for octets in out[0]:
            self.sent.append(("client", octets))
            if at[0] == heard_at[1]:
                self.tell(self.server.receive(self.to_server(octets), self.now))
        for octets in out[1]:
            self.sent.append(("server", octets))
            if at[1] == heard_at[0]:
                self.learned += self.client.receive(self.to_client(octets), self.now)
        return any(out)

    def run(self, until_s: float = 30.0) -> list[Any]:
        """Let time pass until both ends are at rest; what the client has learned."""
        end = self.now + until_s
        while self.now <= end:
            while self.carry():
                pass
            due = [at for at in (self.client.deadline, self.server.deadline) if at is not None]
            if not due or min(due) > end or self.is_over():
                break
            self.now = max(self.now, min(due))
            self.learned += self.client.expire(self.now)
            self.tell(self.server.expire(self.now))
        return self.learned

    def is_over(self) -> bool:
        """Whether both speak HDLC."""
        return any(isinstance(e, Speaking) for e in self.learned) and any(isinstance(t, HandedOver) for t in self.told)
