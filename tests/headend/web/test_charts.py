"""What ECharts is told to draw."""

from datetime import UTC, datetime

import numpy as np

from openami.headend.web.charts import Picture, Series, gaps, options, points

QUARTER = 900
AMSTERDAM = "Europe/Amsterdam"


def picture(first: str, count: int, *, without: tuple[int, ...] = (), unknown: tuple[int, ...] = ()) -> Picture:
    start = int(datetime.fromisoformat(first).replace(tzinfo=UTC).timestamp())
    places = np.array([n for n in range(count) if n not in without])
    values = np.where(np.isin(places, unknown), np.nan, places.astype(float))
    series = [Series("Import", "var(--import)", values), Series("Export", "var(--export)", -values)]
    return Picture("Load", start + places * QUARTER, QUARTER, AMSTERDAM, "kW", ("kWh", 0.25), series)


def local(point: tuple[int, float | None, int]) -> str:
    return f"{datetime.fromtimestamp(point[0] / 1000, UTC):%H:%M}"


def test_points_stand_at_local_time_and_end_with_the_last_interval() -> None:
    drawn = points(picture("2026-11-19T23:00:00", 96), np.arange(96.0))
    assert [local(drawn[0]), local(drawn[1]), local(drawn[-1])] == ["00:00", "00:15", "00:00"]
    assert [point[1] for point in drawn] == [*range(96), 95]
    assert {point[2] for point in drawn} == {60}


def test_a_gap_breaks_the_line_and_is_marked() -> None:
    shown = picture("2026-11-20T08:00:00", 8, without=(3, 4))
    drawn = points(shown, shown.series[0].values)
    assert [(local(p), p[1]) for p in drawn[2:6]] == [
        ("09:30", 2.0), ("09:45", 2.0), ("09:45", None), ("10:15", 5.0),
    ]  # fmt: skip
    assert [[local((p["xAxis"], None, 0)) for p in span] for span in gaps(shown)] == [["09:45", "10:15"]]


def test_an_interval_that_is_not_known_is_a_gap_as_well() -> None:
    shown = picture("2026-11-20T08:00:00", 6, without=(2,), unknown=(3,))
    assert [[local((p["xAxis"], None, 0)) for p in span] for span in gaps(shown)] == [["09:30", "10:00"]]
    assert [p[1] for p in points(shown, shown.series[0].values)] == [0, 1, 1, None, None, 4, 5, 5]


def test_the_day_the_clock_goes_back_draws_an_hour_twice() -> None:
    drawn = points(picture("2026-10-24T22:00:00", 100), np.arange(100.0))
    assert [local(p) for p in drawn].count("02:15") == 2
    assert {p[2] for p in drawn if local(p) == "02:15"} == {120, 60}
    breaks = [n for n, p in enumerate(drawn) if p[1] is None]
    assert [local(drawn[n]) for n in breaks] == ["03:00"]
    assert local(drawn[breaks[0] + 1]) == "02:00"
    assert len(drawn) == 100 + 2 + 1


def test_the_day_the_clock_goes_forward_lacks_an_hour() -> None:
    drawn = points(picture("2026-03-28T23:00:00", 92), np.arange(92.0))
    assert not any(local(p).startswith("02:") for p in drawn if p[1] is not None and p[1] != 7)
    assert local(drawn[-1]) == "00:00"


def test_zoom_is_there_and_stays_when_nobody_says_what_to_show() -> None:
    shown = picture("2026-11-10T00:00:00", 960)
    begun = options(shown, 86_400)["dataZoom"]
    later = options(shown)["dataZoom"]
    assert isinstance(begun, list)
    assert isinstance(later, list)
    assert [zoom["type"] for zoom in begun] == ["inside", "slider"]
    assert [(zoom["start"], zoom["end"]) for zoom in begun] == [(90.0, 100)] * 2
    assert all("start" not in zoom for zoom in later)


def test_nothing_to_draw_is_said() -> None:
    title = options(picture("2026-11-10T00:00:00", 0), 86_400)["title"]
    assert isinstance(title, dict)
    assert title["show"] is True
    assert "No interval" in title["text"]
