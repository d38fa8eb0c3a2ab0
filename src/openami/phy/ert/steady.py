"""An endpoint whose consumption is steady: for the bench, and for trying a receiver."""

from collections.abc import Sequence
from dataclasses import dataclass

from openami.phy.ert.idm import CONSUMPTIONS, IDM, NETS, OFFSET_UNIT_S, NetIDM
from openami.phy.ert.messages import Message
from openami.phy.ert.scm import SCM
from openami.phy.ert.scm_plus import SCMPlus

INTERVAL_S = 300.0
TYPE_BITS = 0x10
"""ERT type of an IDM: the SCM's and this."""


@dataclass(frozen=True, slots=True)
class Steady:
    """Counts `step` in every interval of five minutes; called with a time it gives the messages of that moment."""

    serial: int
    consumption: int = 0
    step: int = 0
    ert_type: int = 7
    kinds: tuple[str, ...] = ("SCM", "IDM")

    def __call__(self, at_s: float) -> Sequence[Message]:
        """Messages as they are at this time in seconds."""
        return [self.message(kind, at_s) for kind in self.kinds]

    def message(self, kind: str, at_s: float) -> Message:
        """One message: SCM and SCM+ tell the present count, IDM and NetIDM that of the interval's boundary."""
        done, since_s = divmod(at_s, INTERVAL_S)
        present = self.consumption + int(self.step * at_s / INTERVAL_S)
        if kind == "SCM":
            return SCM(self.serial, self.ert_type, present)
        if kind == "SCM+":
            return SCMPlus(self.ert_type, self.serial, present)
        last, count, offset = self.consumption + self.step * int(done), int(done) % 256, int(since_s / OFFSET_UNIT_S)
        head = (4, self.ert_type | TYPE_BITS, self.serial, count)
        if kind == "NetIDM":
            return NetIDM(*head, 0, last, (self.step,) * NETS, transmit_time_offset=offset)
        return IDM(*head, last, (self.step,) * CONSUMPTIONS, transmit_time_offset=offset)
