"""Look into the store of a head-end: `python examples/headend_store.py ~/.local/share/openami/up/headend`.

The head-end may run meanwhile: readers do not disturb it.
"""

import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from openami.headend.collection.tables import open_database
from openami.headend.curves.service import curve
from openami.headend.kit.settings import Settings
from openami.headend.registers.service import billing
from openami.headend.registry.service import search

MONTH_S = 30 * 86_400

with closing(open_database(Settings(data=Path(sys.argv[1])))) as database, database.read() as unit:
    for meter in search(unit, limit=10).meters:
        if meter.last_read is None:
            print(f"{meter.serial}  not read yet: {meter.reason}")
            continue
        stored = curve(unit, meter.serial, meter.last_read - MONTH_S, meter.last_read)
        largest_w = np.nanmax(stored.power_w) if stored.is_known.any() else float("nan")
        print(
            f"{meter.serial}  {meter.state}, {len(stored)} intervals,"
            f" {stored.imported.sum()} Wh in, {stored.exported.sum()} Wh out, at most {largest_w:.0f} W,"
            f" {len(billing(unit, meter.serial, 'daily'))} daily closings"
        )
