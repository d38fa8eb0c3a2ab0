"""The client end of a DLMS/COSEM association, without I/O."""

from openami.dlms.client.action import ActionItem
from openami.dlms.client.endpoint import TRANSITIONS, Client, State
from openami.dlms.client.events import (
    Acted,
    Associated,
    Event,
    Failed,
    Got,
    Notified,
    Released,
    WasSet,
)
from openami.dlms.client.refusal import ExceptionError, RefusedError
from openami.dlms.client.set import SetItem
from openami.dlms.xdlms import DEFAULT_CONFORMANCE

__all__ = [
    "DEFAULT_CONFORMANCE",
    "TRANSITIONS",
    "Acted",
    "ActionItem",
    "Associated",
    "Client",
    "Event",
    "ExceptionError",
    "Failed",
    "Got",
    "Notified",
    "RefusedError",
    "Released",
    "SetItem",
    "State",
    "WasSet",
]
