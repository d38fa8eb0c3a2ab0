"""Invocation counters of what we send: a stride is reserved on disk before its first value is used.

Under one key every value may be used once (Green Book, 9.2.3.3). A crash wastes the rest of a stride; no
value comes twice, whatever number of workers read the same meter.
"""

from collections.abc import Iterable

from openami.core.errors import SecurityError
from openami.dlms.security.counters import LAST, STRIDE
from openami.headend.kit.database import Unit

LEAP = 1 << 20
"""More than a meter is told between two backups; the range of 32 bits bears it 4,000 times."""
RESERVE = """
    INSERT INTO invocation_counter (meter, next) VALUES (?, ?)
    ON CONFLICT (meter) DO UPDATE SET next = excluded.next
"""


def reserve(unit: Unit, meters: Iterable[str], stride: int = STRIDE) -> dict[str, int]:
    """Reserve a stride for each meter: its first value. A meter whose range is spent is left out."""
    wanted = list(meters)
    free = following(unit, wanted)
    first = {meter: free.get(meter, 0) for meter in wanted}
    first = {meter: value for meter, value in first.items() if value + stride - 1 <= LAST}
    unit.run_many(RESERVE, [(meter, value + stride) for meter, value in first.items()])
    return first


def extend(unit: Unit, meter: str, start: int, limit: int) -> None:
    """Reserve [start, limit) for a sender that has come to `start`, unless another process has been there."""
    free = following(unit, [meter]).get(meter, 0)
    if start < free:
        message = f"invocation counter {start} of meter {meter} belongs to another process by now"
        raise SecurityError(message)
    unit.run(RESERVE, (meter, limit))


def following(unit: Unit, meters: Iterable[str]) -> dict[str, int]:
    """Look up the first value nobody has reserved, for meters that have had any."""
    return dict(unit.rows_in("SELECT meter, next FROM invocation_counter WHERE meter IN {keys}", meters))


def leap(unit: Unit, values: int = LEAP) -> None:
    """Go on far ahead with every meter after a restore: what was used since the backup must not be used again."""
    unit.run("UPDATE invocation_counter SET next = greatest(next, least(next + ?, ?))", (values, LAST))


def raise_to(unit: Unit, meter: str, value: int) -> None:
    """Go on at this value, which the meter told; a counter never goes back."""
    if not 0 <= value <= LAST:
        raise SecurityError(f"meter {meter} names invocation counter {value}, which is out of range")
    unit.run(
        "INSERT INTO invocation_counter (meter, next) VALUES (?, ?)"
        " ON CONFLICT (meter) DO UPDATE SET next = greatest(invocation_counter.next, excluded.next)",
        (meter, value),
    )
