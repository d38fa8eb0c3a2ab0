"""The server end of DLMS/COSEM associations, without I/O."""

from openami.dlms.security import Counters
from openami.dlms.server.association import Association
from openami.dlms.server.endpoint import Server
from openami.dlms.server.events import (
    AccessRequest,
    ActionItem,
    ActionRequest,
    Confirmed,
    Ended,
    Event,
    GetRequest,
    Opened,
    Refused,
    Request,
    Results,
    SetItem,
    SetRequest,
)
from openami.dlms.server.session import TRANSITIONS, State, Step
from openami.dlms.xdlms import DEFAULT_CONFORMANCE

__all__ = [
    "DEFAULT_CONFORMANCE",
    "TRANSITIONS",
    "AccessRequest",
    "ActionItem",
    "ActionRequest",
    "Association",
    "Confirmed",
    "Counters",
    "Ended",
    "Event",
    "GetRequest",
    "Opened",
    "Refused",
    "Request",
    "Results",
    "Server",
    "SetItem",
    "SetRequest",
    "State",
    "Step",
]
