"""States of a client's association, as tables."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from openami.dlms.client.access import Access
from openami.dlms.client.action import Action
from openami.dlms.client.events import Associated, Failed, Released
from openami.dlms.client.get import Get
from openami.dlms.client.opening import Associate, Release
from openami.dlms.client.set import Set
from openami.dlms.client.short import Invoke, Read, ShortAssociate, Write


class State(Enum):
    """Where the association stands."""

    __hash__ = object.__hash__  # looked up with every APDU: the one of Enum takes a call

    IDLE = "idle"
    ASSOCIATING = "associating"
    ASSOCIATED = "associated"
    RELEASING = "releasing"


#: State -> request that may begin, or event that ends one, -> state after it.
TRANSITIONS: Final[Mapping[State, Mapping[type, State]]] = {
    State.IDLE: {Associate: State.ASSOCIATING, ShortAssociate: State.ASSOCIATING},
    State.ASSOCIATING: {Associated: State.ASSOCIATED, Failed: State.IDLE},
    State.ASSOCIATED: {
        Get: State.ASSOCIATED,
        Set: State.ASSOCIATED,
        Action: State.ASSOCIATED,
        Access: State.ASSOCIATED,
        Read: State.ASSOCIATED,
        Write: State.ASSOCIATED,
        Invoke: State.ASSOCIATED,
        Release: State.RELEASING,
    },
    State.RELEASING: {Released: State.IDLE, Failed: State.IDLE},
}
#: State that a request leads to when all goes well.
LEADS_TO: Final[Mapping[type, State]] = {
    Associate: State.ASSOCIATED,
    ShortAssociate: State.ASSOCIATED,
    Release: State.IDLE,
}
