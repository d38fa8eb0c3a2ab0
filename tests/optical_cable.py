"""An optical cable between two ptys: what is sent at one speed and heard at another is noise."""

import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from cable import Cable
from openami.dlms.hdlc import SecondaryStation, ServerAddress
from openami.iec62056 import DataSet, Setup
from openami.iec62056.asking import Answer, Asked, LoginAsked, ReadAsked, ReadoutAsked

SPEEDS = {
    getattr(termios, f"B{baud}"): baud for baud in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}
CLIENT, SERVER = 0, 1
NOISE = b"\xfe"


class OpticalCable(Cable):
    """Two serial ports whose speeds count; `speeds` are those at which octets passed, in both directions."""

    def __init__(self) -> None:
        super().__init__()
        self.speeds: list[int] = []
        self.spoil = [self._carried, self._carried]

    def baud(self, end: int) -> int:
        """Speed to which a port is set."""
        return SPEEDS[termios.tcgetattr(self._ends[end][0])[5]]

    def _carried(self, data: bytes) -> bytes:
        here, there = self.baud(CLIENT), self.baud(SERVER)
        if here != there:
            return NOISE * len(data)
        if self.speeds[-1:] != [here]:
            self.speeds.append(here)
        return data


@dataclass
class SmallOptical:
    """A meter at its optical port: three values, a password, HDLC at address 1/17."""

    given: Setup = field(
        default_factory=lambda: Setup(manufacturer="OAM", name="SIM-SMALL", address="0012", operand="0012")
    )
    address: str = "me"
    values: dict[str, DataSet] = field(
        default_factory=lambda: {
            "0.0.0": DataSet("0.0.0", "OAMSIM0000000001"),
            "1.8.0": DataSet("1.8.0", "000123.450", "kWh"),
            "0.9.1": DataSet("0.9.1", "00:00:00"),
        }
    )
    inactivity_s: float = 120.0
    kept: Callable[[], Awaitable[None] | None] = lambda: None

    def setup(self) -> Setup:
        """How the port is set now."""
        return self.given

    def station(self) -> SecondaryStation:
        """Its end of an HDLC line."""
        return SecondaryStation(ServerAddress(1, 17, 2), inactivity_s=self.inactivity_s)

    def answer(self, asked: Asked) -> Answer:
        """Read, write, or judge a password."""
        if isinstance(asked, ReadoutAsked):
            return list(self.values.values())
        if isinstance(asked, LoginAsked):
            return asked.password == "12345678"
        if isinstance(asked, ReadAsked):
            return [self.values[asked.address]] if asked.address in self.values else []
        if not asked.level or asked.address not in self.values:
            return False
        self.values[asked.address] = replace(self.values[asked.address], value=asked.value)
        return True

    def durable(self) -> Awaitable[None] | None:
        """When the answer may leave."""
        return self.kept()
