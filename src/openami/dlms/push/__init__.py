"""Pushes at both ends: what receives and understands them, and what sends them (Green Book, 9.3.10)."""

from openami.dlms.push.counting import Counters, MemoryCounters
from openami.dlms.push.framing import Framing, Origin
from openami.dlms.push.listener import Acceptance, Listener, Pushed
from openami.dlms.push.protection import KeyLookup, Opener, PairLookup, Protection
from openami.dlms.push.pusher import Attempt, Delivered, Failed, Pusher
from openami.dlms.push.sealing import Sealer
from openami.dlms.push.segments import Unreadable
from openami.dlms.push.understand import Column, Notification, PushedValue, Understood, understand

__all__ = [
    "Acceptance",
    "Attempt",
    "Column",
    "Counters",
    "Delivered",
    "Failed",
    "Framing",
    "KeyLookup",
    "Listener",
    "MemoryCounters",
    "Notification",
    "Opener",
    "Origin",
    "PairLookup",
    "Protection",
    "Pushed",
    "PushedValue",
    "Pusher",
    "Sealer",
    "Understood",
    "Unreadable",
    "understand",
]
