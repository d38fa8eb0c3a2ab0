"""What an optical port is set to: as a meter tells its port anew at each sign-on (COSEM class 19)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from openami.core.errors import DefinitionError
from openami.iec62056.messages import BINARY, Identification
from openami.iec62056.rates import RATES

QUICK_S, SLOW_S = 0.02, 0.2
"""Reaction times (6.3.2, item 12)."""

SELECT_S: Final = 2.2
"""How long an acknowledgement is waited for before data is read out at the speed of the sign-on."""

IDLE_S: Final = 60.0
"""Silence that ends the programming mode: 60 to 120 s."""


class Start(Enum):
    """What the port begins with: a sign-on, or HDLC at once."""

    SIGN_ON = "sign-on"
    HDLC = "hdlc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Settings of a port.

    `baud` and `proposed` are codes of `rates.RATES`: of the sign-on, and of what follows; `direct` is the speed where
    HDLC begins at once. `operand` is what the meter sends at the beginning of the programming mode.
    """

    manufacturer: str
    name: str
    address: str = ""
    start: Start = Start.SIGN_ON
    baud: int = 0
    proposed: int = 5
    direct: int = 5
    reaction_s: float = SLOW_S
    has_readout: bool = True
    has_programming: bool = True
    has_hdlc: bool = True
    confirms: bool = True
    """Whether the selection of HDLC is sent back before the speed changes."""
    operand: str = ""
    select_s: float = SELECT_S
    idle_s: float = IDLE_S

    def __post_init__(self) -> None:
        for code in (self.baud, self.proposed, self.direct):
            if not 0 <= code < len(RATES):
                raise DefinitionError(f"no speed has the code {code}: expected 0 to {len(RATES) - 1}")

    @property
    def identification(self) -> Identification:
        """How the meter answers the sign-on; its third letter tells of its reaction time."""
        flag = self.manufacturer
        third = flag[2].lower() if self.reaction_s < SLOW_S else flag[2].upper()
        return Identification(flag[:2] + third, str(self.proposed), self.name, BINARY if self.has_hdlc else "")
