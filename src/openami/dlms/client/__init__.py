"""The client end of a DLMS/COSEM association, without I/O."""

from openami.dlms.client.action import ActionItem
from openami.dlms.client.endpoint import Client
from openami.dlms.client.events import (
    Accessed,
    Acted,
    Associated,
    Event,
    Failed,
    Got,
    Notification,
    Notified,
    Released,
    WasSet,
)
from openami.dlms.client.refusal import ConfirmedError, ExceptionError, OpeningState, RefusedError
from openami.dlms.client.set import SetItem
from openami.dlms.client.states import TRANSITIONS, State
from openami.dlms.xdlms import DEFAULT_CONFORMANCE

__all__ = [
    "DEFAULT_CONFORMANCE",
    "TRANSITIONS",
    "Accessed",
    "Acted",
    "ActionItem",
    "Associated",
    "Client",
    "ConfirmedError",
    "Event",
    "ExceptionError",
    "Failed",
    "Got",
    "Notification",
    "Notified",
    "OpeningState",
    "RefusedError",
    "Released",
    "SetItem",
    "State",
    "WasSet",
]
