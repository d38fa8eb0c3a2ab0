"""The rows of `openami bench` by group, in the order of the design's table."""

from collections.abc import Callable, Iterator

import dlms_codecs
import dlms_sessions
import fleet
import meters_fleet
import metrology
import prepayment
import radio
import registry
import serving
import store
from harness import Row, ladder

GROUPS: dict[str, Callable[[], Iterator[Row]]] = {
    "dlms.profile": dlms_codecs.profiles,
    "dlms.cipher": dlms_codecs.cipher,
    "dlms.hdlc": dlms_codecs.hdlc,
    "dlms.associate": dlms_codecs.associate,
    "dlms.session_public": dlms_sessions.session_public,
    "dlms.session_hls5": dlms_sessions.session_hls5,
    "dlms.fleet_read": fleet.fleet_read,
    "dlms.fleet_memory": fleet.fleet_memory,
    "meters.fleet_sim": meters_fleet.fleet_sim,
    "meters.serve": serving.serve,
    "metering.waveform": metrology.waveform,
    "radio.speed": radio.speed,
    "radio.sensitivity": radio.sensitivity,
    "store": store.rows_of_store,
    "registry": registry.rows_of_registry,
    "sts.encode": prepayment.one_by_one,
    "sts.batch": prepayment.many,
}


def rows(wanted: str | None = None) -> Iterator[Row]:
    """The rows of a group, of one figure, or all."""
    return ladder(GROUPS, wanted)
