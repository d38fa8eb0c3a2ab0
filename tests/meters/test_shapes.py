"""The household's year against the outside table, the sun against the almanac."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from openami.meters import shapes

YEAR = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())


DAY_S = 86_400


def test_the_shape_is_the_outside_table(shared: Path) -> None:
    with (shared / "loads/bdew/h25.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))[2:]
    table = np.array([[float(cell) for cell in row[1:]] for row in rows])
    assert np.allclose(shapes.household().T, table * 4 / 1e6)


def test_the_packaged_table_says_where_it_is_from() -> None:
    first = (Path(shapes.__file__).parent / "data/bdew_h25.csv").read_text(encoding="utf-8").partition("\n")[0]
    assert "BDEW" in first
    assert "MIT" in first


def test_a_year_of_the_shape_is_one_kilowatt_hour() -> None:
    local = np.arange(0, 365 * DAY_S, 900, dtype=np.int64) + YEAR
    power = shapes.mean_power(local, np.zeros(1, np.int64))
    assert power.sum() / 4 == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    ("day", "kind"),
    [((2026, 11, 20), 2), ((2026, 11, 21), 0), ((2026, 11, 22), 1), ((2026, 12, 24), 0), ((2026, 12, 25), 1)],
)
def test_days_are_of_three_kinds(day: tuple[int, int, int], kind: int) -> None:
    days = np.array([int(datetime(*day, tzinfo=UTC).timestamp()) // DAY_S])
    assert shapes.columns(days)[0] == (day[1] - 1) * 3 + kind


def test_the_sun_stands_highest_at_noon_in_june() -> None:
    """Height at 52.1° N: 90 - 52.1 + 23.4 degrees at the solstice, true noon near 11:41 UTC at 5.2° E."""
    utc = int(datetime(2026, 6, 21, tzinfo=UTC).timestamp()) + 60 * np.arange(1440, dtype=np.int64)
    height = shapes.sunlight(utc)
    assert np.rad2deg(np.arcsin(height.max())) == pytest.approx(61.3, abs=0.3)
    assert int(height.argmax()) == pytest.approx(11 * 60 + 41, abs=3)
    assert height[:150].max() == 0.0
