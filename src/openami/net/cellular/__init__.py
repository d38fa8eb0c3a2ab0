"""Cellular modules without radio: states from power to connection, what goes wrong on the way, octets by link models.

network = Network({"sim.openami": AccessPoint(ipv4=Pool(IPv4Network("10.0.0.0/16")))})
module = Module(product("cm1"), Settings(Access("sim.openami"), endpoints=("192.0.2.1:4059",)), network, Sim("1"))
module.receive_signal(Signal.of(-80), 0)
module.power(on=True, now=0)
module.expire(60)
"""

from openami.net.cellular.bay import Bay
from openami.net.cellular.bearer import Arrival
from openami.net.cellular.lamps import Lamp, lamps
from openami.net.cellular.module import Module
from openami.net.cellular.network import AccessPoint, Cell, Network, Package, Pool, Sim
from openami.net.cellular.product import ModuleProduct, modules, product, read
from openami.net.cellular.settings import Access, Authentication, Family, Mode, Reconnection, Settings, Slots, Wakeup
from openami.net.cellular.signal import Levels, Signal
from openami.net.cellular.states import Cause, Failure, Happening, Message, State
from openami.net.cellular.upgrade import Result, Stage, Upgrade

__all__ = [
    "Access",
    "AccessPoint",
    "Arrival",
    "Authentication",
    "Bay",
    "Cause",
    "Cell",
    "Failure",
    "Family",
    "Happening",
    "Lamp",
    "Levels",
    "Message",
    "Mode",
    "Module",
    "ModuleProduct",
    "Network",
    "Package",
    "Pool",
    "Reconnection",
    "Result",
    "Settings",
    "Signal",
    "Sim",
    "Slots",
    "Stage",
    "State",
    "Upgrade",
    "Wakeup",
    "lamps",
    "modules",
    "product",
    "read",
]
