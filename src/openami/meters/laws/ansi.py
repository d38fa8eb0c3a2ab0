"""Sources of registers of the ANSI kind: errors as the display shows them, and whether the battery is there."""

from collections.abc import Mapping

from openami.meters import ansi
from openami.meters.view import Law

LAWS: Mapping[str, Law] = {
    "ansi.errors": Law(ansi.error_code),
    "ansi.battery": Law(lambda view: int(ansi.has_battery(view))),
}
