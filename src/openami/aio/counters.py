"""Where a meter tells the invocation counter of a client (Blue Book, 6.2.33)."""

from collections.abc import Sequence
from typing import Final

from openami.aio.meter import Meter
from openami.core.errors import AccessError
from openami.core.obis import OBIS
from openami.cosem.objects import decode_whole
from openami.cosem.registers import Data
from openami.dlms.data import UINT32, UINT64, choice
from openami.dlms.quirks import Quirks

INVOCATION_COUNTER: Final = OBIS.parse("0.0.43.1.0.255")
"""The last invocation counter the meter has taken from us, where all clients share one or there is one client."""

COUNTER: Final = choice(UINT32, UINT64)


def counter_objects(client: int, quirks: Quirks) -> tuple[OBIS, ...]:
    """List what is asked for the counter of a client, in this order: the meter's own, else the usual ones.

    The usual ones are 0.0.43.1.0.255 and 0.0.43.1.c.255 for client c; the first that answers is believed.
    """
    if quirks.counter_objects:
        return quirks.counter_objects
    own = OBIS.of(bytes((0, 0, 43, 1, client & 0xFF, 255)))
    return tuple(dict.fromkeys((INVOCATION_COUNTER, own)))


async def last_counter(meter: Meter, objects: Sequence[OBIS]) -> int:
    """Read the counter from the first object that tells it; the refusal of the first where none does."""
    refused: AccessError | None = None
    for name in objects:
        try:
            return decode_whole(COUNTER, await meter.get_raw(Data.value.at(name)))
        except AccessError as error:
            refused = refused or error
    assert refused is not None
    raise refused
