"""Listen for pushes, and send one to try it: `python examples/listen_to_pushes.py`.

The meter is played by this program. It asks for a confirmation, and gets it once the push has been kept.
"""

import asyncio

import openami
from openami import OBIS, Register, ScalerUnit, Unit
from openami.cosem.access import AccessTable
from openami.cosem.device import LogicalDevice
from openami.cosem.push import PushObject, PushSetup
from openami.cosem.pushing import notification_body
from openami.dlms.data import UINT32
from openami.dlms.push import Acceptance, MemoryCounters, Opener, Sealer
from openami.dlms.security import Keys, Policy, SendCounter
from openami.dlms.xdlms import DataNotification
from openami.dlms.xdlms.notification import CONFIRMED

METER, HEAD_END = b"OAM\0\0\0\0\1", b"OAMHES\0\1"
KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
ENERGY, SETUP = OBIS.parse("1.0.1.8.0.255"), OBIS.parse("0.0.25.9.0.255")


def body() -> bytes:
    """Fill in what the push setup of the meter lists; the list goes first, and names what follows."""
    energy = Register(ENERGY, types={"value": UINT32}, value=101_778, scaler_unit=ScalerUnit(0, Unit.WATT_HOUR))
    listed = [PushObject(40, SETUP, 2), PushObject(3, ENERGY, 2), PushObject(3, ENERGY, 3)]
    setup = PushSetup(SETUP, push_object_list=listed)
    return notification_body(setup, LogicalDevice({(40, SETUP): setup, (3, ENERGY): energy}, AccessTable({})))


async def send(url: str) -> None:
    """Push as the meter does: authenticated and encrypted, again after two seconds if nothing comes back."""
    opener = Opener(keys=lambda _title: KEYS, counters=MemoryCounters(), least=Policy.AE)
    await openami.push(
        url,
        DataNotification(1 | CONFIRMED, b"", body()),
        sealer=Sealer(KEYS, METER, SendCounter(1).take),
        opener=opener,
        repeat=lambda retry: 2.0 if retry < 3 else None,
    )


async def main() -> None:
    """Hear one push, keep it, and confirm it under our own system title and counter."""
    counter = SendCounter(1)
    acceptance = Acceptance(
        least=Policy.AE, confirm="later", own_title=HEAD_END, send_counter=lambda _title: counter.take()
    )
    async with openami.listen("tcp://127.0.0.1:0", keys={METER: KEYS}, acceptance=acceptance) as pushes:
        sending = asyncio.create_task(send(f"tcp://{pushes.addresses[0]}"))
        push = await anext(pushes)
        for value in push.values:
            if isinstance(value.unit, Unit):
                print(f"{push.title.hex()}: {value.logical_name} is {value.scaled} {value.unit.symbol}")
        push.confirm()
        await sending
        print("confirmed")


asyncio.run(main())
