"""Where the invocation counters of a run begin: the meter is asked, as the public client, for the last it has taken."""

from typing import Final

from openami.conformance.handshake import Handshake
from openami.conformance.target import Login, Target
from openami.conformance.trial import Memory, Trial
from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.dlms.data import UINT32, UINT64, choice
from openami.dlms.xdlms import AttributeDescriptor

PUBLIC_CLIENT: Final = 16
INVOCATION_COUNTER: Final = AttributeDescriptor(1, OBIS.parse("0.0.43.1.0.255"), 2)
COUNTER: Final = choice(UINT32, UINT64)


async def learn_counters(target: Target, memory: Memory) -> None:
    """Begin the counters of all associations that need one and were given none.

    A meter that does not tell is told 1, and obeyed when it asks for another.
    """
    for login in target.logins:
        security = login.security
        if security.keys is not None and security.invocation_counter is None and not memory.knows(login):
            memory.begin(login, await last_taken(target) + 1)


async def last_taken(target: Target) -> int:
    """Ask for the last counter taken; 0 where it is not told."""
    trial = Trial(target, Memory())
    public = Login(PUBLIC_CLIENT)
    try:
        handshake: Handshake = await trial.handshake(public)
        data = await (await handshake.open()).get(INVOCATION_COUNTER)
        return COUNTER.decode(data)[0] if isinstance(data, bytes) else 0
    except AmiError:
        return 0
    finally:
        await trial.close()
