"""Both days of a clock change, as other programs get them."""

import csv
import io
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from headend.fake_meters import QUARTER, ZONE, ManualClock, serial_of
from headend.web.conftest import client
from openami.headend.curves.intake import Arrival, store
from openami.headend.curves.repository import Series
from openami.headend.kit.database import Database
from openami.headend.kit.settings import Settings
from openami.headend.registry.layout import Layout

INFO = ZoneInfo(ZONE)


@pytest.mark.parametrize("change", [("2026-03-29", "2026-03-30", 92), ("2026-10-25", "2026-10-26", 100)])
async def test_a_day_has_as_many_rows_as_it_lasts(
    database: Database, layout: Layout, series: dict[int, Series], change: tuple[str, str, int], tmp_path: Path
) -> None:
    day, after, count = change
    begins, ends = (int(datetime.fromisoformat(text).replace(tzinfo=INFO).timestamp()) for text in (day, after))
    starts = np.arange(begins - QUARTER, ends, QUARTER)
    values = np.zeros(len(starts), layout.dtype)
    values[layout.energy[0]] = np.arange(len(starts)) ** 2
    with database.write() as unit:
        store(unit, [Arrival(series[1].id, starts, values)])
    settings = Settings(data=tmp_path)
    async with client(settings, database, ManualClock(ends)) as api:
        span = {"start": day, "end": after, "format": "csv"}
        answer = await api.get(f"/api/meters/{serial_of(0)}/curve", params=span)
        night = {"start": f"{day}T01:00:00", "end": f"{day}T04:00:00"}
        hours = (await api.get(f"/api/meters/{serial_of(0)}/curve", params=night)).json()["intervals"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == count
    assert [float(row["import_wh"]) for row in rows] == np.diff(np.arange(count + 1) ** 2).tolist()
    moments = [datetime.fromisoformat(row["start"]) for row in rows]
    assert [int(moment.timestamp()) for moment in moments] == starts[1:].tolist()
    assert [moment.isoformat() for moment in moments] == [moment.astimezone(INFO).isoformat() for moment in moments]
    assert len({row["start"] for row in rows}) == count
    assert len(hours) == (4 - 1) * 4 + count - 96
