"""Sources of what a client may read of a display: the lists of its modes."""

from collections.abc import Mapping
from functools import partial

from openami.dlms.xdlms import CaptureObject
from openami.metering.display import Mode
from openami.meters.view import Law, View


def shown(mode: Mode, view: View) -> list[CaptureObject]:
    """Attributes that a mode shows, in its order, as a profile of the display list holds them (0.0.21.0.e)."""
    product = view.holding.product
    display = product.display
    row = None if display is None else display.mode.get(mode)
    items = () if display is None or row is None else display.list.get(row.list, ())
    return [captured(view, item.value) for item in items]


def captured(view: View, text: str) -> CaptureObject:
    """`object.attribute` as a client names it."""
    name, _, attribute = text.partition(".")
    definition = view.holding.product.by_name[name]
    return CaptureObject(*definition.key, definition.interface.names[attribute], 0)


LAWS: Mapping[str, Law] = {f"display.{mode}.list": Law(partial(shown, mode)) for mode in Mode}
"""What each mode shows, for an attribute of type array of capture objects."""
