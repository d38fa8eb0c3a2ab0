"""Communication port protection: a port locked ever longer after failed attempts (Blue Book, class 124)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from openami.core.obis import OBIS
from openami.cosem.elements import NO_NAME
from openami.cosem.objects import Attribute, CosemObject, computed, interface_class, method
from openami.dlms.data import INT8, LOGICAL_NAME, UINT8, UINT16, UINT32, Codec, enum

MAX_COUNT = 0xFFFF_FFFF
ENOUGH_DOUBLINGS = 32
"""Growth past which any lock-out time is longer than the longest that can be stated."""


class ProtectionMode(IntEnum):
    """Whether the port is locked for good, after failed attempts, or never."""

    LOCKED = 0
    LOCKED_ON_FAILED_ATTEMPTS = 1
    UNLOCKED = 2


class ProtectionStatus(IntEnum):
    """Whether the port is locked now."""

    UNLOCKED = 0
    TEMPORARILY_LOCKED = 1
    LOCKED = 2


@dataclass
class Lockout:
    """Failed attempts at one port, and until when it is locked: outlives the object."""

    failed_attempts: int = 0
    cumulative_failed_attempts: int = 0
    locked_until: float = 0.0


def lockout_time(initial_s: int, steepness_factor: int, longest_s: int, excess: int) -> int:
    """Seconds of lock-out for the failed attempt that is so many over the allowed ones: 1, 2 and on."""
    if excess < 1:
        return 0
    growth: int = max(steepness_factor, 1) ** min(excess - 1, ENOUGH_DOUBLINGS)
    return min(initial_s * growth, longest_s)


@interface_class(124, version=0)
class CommunicationPortProtection(CosemObject):
    """Lock-out of a port, its rule and its state (Blue Book, class 124).

    The device asks `allows(now)` before an attempt and reports it by `failed(now)` or `succeeded(now)`, with
    the time of a clock that is never set back; protection_status is that of the last of these calls.
    """

    protection_mode: Attribute[ProtectionMode] = Attribute(
        2, enum(ProtectionMode), default=ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS
    )
    allowed_failed_attempts: Attribute[int] = Attribute(3, UINT16, default=0)
    initial_lockout_time: Attribute[int] = Attribute(4, UINT32, default=0)
    steepness_factor: Attribute[int] = Attribute(5, UINT8, default=1)
    max_lockout_time: Attribute[int] = Attribute(6, UINT32, default=0)
    port_reference: Attribute[OBIS] = Attribute(7, LOGICAL_NAME, default=NO_NAME)

    def __init__(
        self,
        logical_name: OBIS | str | bytes,
        *,
        lockout: Lockout | None = None,
        types: Mapping[str, Codec[Any]] | None = None,
        handlers: Mapping[str, Callable[..., object]] | None = None,
        **values: object,
    ) -> None:
        super().__init__(logical_name, types=types, handlers=handlers, **values)
        self.lockout = Lockout() if lockout is None else lockout
        self.asked_at = 0.0

    @computed(8, enum(ProtectionStatus))
    def protection_status(self) -> ProtectionStatus:
        """Whether the port is locked."""
        if self.protection_mode is ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS:
            return ProtectionStatus(self.asked_at < self.lockout.locked_until)
        return PERMANENT[self.protection_mode]

    @computed(9, UINT32)
    def failed_attempts(self) -> int:
        """Failed attempts since the last one that succeeded, or since the reset."""
        return self.lockout.failed_attempts

    @computed(10, UINT32)
    def cumulative_failed_attempts(self) -> int:
        """Failed attempts since the reset."""
        return self.lockout.cumulative_failed_attempts

    @method(1, INT8)
    def reset(self, _data: int) -> None:
        """Forget the failed attempts and unlock the port."""
        self.lockout.failed_attempts = self.lockout.cumulative_failed_attempts = 0
        self.lockout.locked_until = 0.0

    def allows(self, now: float) -> bool:
        """Whether an attempt may be made."""
        self.asked_at = now
        return self.protection_status is ProtectionStatus.UNLOCKED

    def failed(self, now: float) -> float:
        """Count a failed attempt and lock the port if it is one too many; until when it is locked."""
        held = self.lockout
        self.asked_at = now
        held.failed_attempts = min(held.failed_attempts + 1, MAX_COUNT)
        held.cumulative_failed_attempts = min(held.cumulative_failed_attempts + 1, MAX_COUNT)
        if self.protection_mode is ProtectionMode.LOCKED_ON_FAILED_ATTEMPTS:
            excess = held.failed_attempts - self.allowed_failed_attempts
            rule = self.initial_lockout_time, self.steepness_factor, self.max_lockout_time
            held.locked_until = max(held.locked_until, now + lockout_time(*rule, excess))
        return held.locked_until

    def succeeded(self, now: float) -> None:
        """Count anew after an attempt that succeeded."""
        self.asked_at = now
        self.lockout.failed_attempts = 0


PERMANENT = {
    ProtectionMode.LOCKED: ProtectionStatus.LOCKED,
    ProtectionMode.UNLOCKED: ProtectionStatus.UNLOCKED,
}
"""Status in the modes that no attempt changes."""
