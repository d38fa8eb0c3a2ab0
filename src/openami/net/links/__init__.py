"""Links by their figures: rate, delay, loss. A `Line` takes octets or datagrams in and says when they come out.

link = Link(model("gprs"), seed=7)
link.up.receive(octets, now)
link.up.expire(link.up.deadline)
link.up.outgoing()
"""

from openami.net.links.bus import Bus, BusSettings, Heard
from openami.net.links.line import Line, Link, Medium, Traffic
from openami.net.links.model import LinkModel, Way, model, models
from openami.net.links.relay import Relay

__all__ = [
    "Bus",
    "BusSettings",
    "Heard",
    "Line",
    "Link",
    "LinkModel",
    "Medium",
    "Relay",
    "Traffic",
    "Way",
    "model",
    "models",
]
