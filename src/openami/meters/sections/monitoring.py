"""Sections of a product file that say what a meter notices and what it does about it, all of them together."""

from openami.meters.sections.events import Events
from openami.meters.sections.relay import BatteryRow, ClockRow, RelayRow
from openami.meters.sections.row import Row
from openami.meters.sections.watches import WatchRow


class Monitoring(Row):
    """Events, watches, relays and the setting of the clock."""

    events: Events = Events()
    watch: tuple[WatchRow, ...] = ()
    relay: RelayRow | None = None
    auxiliary_relay: RelayRow | None = None
    clock: ClockRow = ClockRow()
    battery: BatteryRow = BatteryRow()
