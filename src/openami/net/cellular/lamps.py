"""Lamps of a module: one for the level of the signal, one for power and state."""

from typing import NamedTuple

from openami.net.cellular.module import Module
from openami.net.cellular.states import State


class Lamp(NamedTuple):
    """How a lamp looks."""

    colour: str
    is_blinking: bool = False


DARK = Lamp("off")


def state_lamp(module: Module) -> Lamp:
    """Show power and the state reached."""
    lamps = module.product.lamps
    words = {
        State.OFF: "off",
        State.BLOCKED: lamps.blocked,
        State.STARTING: lamps.starting,
        State.SEARCHING: lamps.searching,
        State.ONLINE: lamps.online,
        State.CONNECTED: lamps.connected,
    }
    colour, _, way = words.get(module.state, lamps.registered).partition(" ")
    return Lamp(colour, way == "blinking")


def level_lamp(module: Module) -> Lamp:
    """Show the level of the signal; dark while the module is in no network."""
    if module.signal is None or not module.level:
        return DARK
    return Lamp(module.product.levels.colour(module.signal))


def lamps(module: Module) -> tuple[Lamp, ...]:
    """Show what the module has lamps for: state first, level second."""
    return (state_lamp(module), level_lamp(module))[: module.product.lamps.count]
