"""What the tests of this folder ask for and expect alike."""

from datetime import UTC, datetime
from typing import Any

from small_meter import CLOCK, ENERGY, MIDNIGHT, PROFILE, SmallMeter

#: From the tenth quarter hour to the twentieth.
SPAN = [MIDNIGHT + 900 * number for number in (10, 20)]
RANGE = {
    "profile": PROFILE,
    "columns": [[8, CLOCK, 2], [1, "0.0.96.10.2.255", 2], [3, ENERGY, 2]],
    **{name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in zip(("from", "to"), SPAN, strict=True)},
}
#: What a peer cannot read of what there is to be read.
BEYOND = {
    "gurux-dlms": {},
    "dlms-cosem": {"15/0.0.40.0.0.255/5": "NotImplementedError: BitStringData have not implemented byte conversion"},
}


def seen_by(meter: SmallMeter, kind: type) -> list[Any]:
    """What came to our meter."""
    return [event for session in meter.sessions for event in session.seen if isinstance(event, kind)]
