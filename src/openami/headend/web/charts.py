"""Curves as options of ECharts.

The axis is local wall-clock time, so that midnight stands where people look for it: a point is drawn at UTC plus
deviation, and carries its deviation for the label. Where the clock goes back, the hour is drawn twice.
Colours are CSS variables, so that a curve changes with the colour scheme like everything else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.headend.web.words import local

Options: TypeAlias = dict[str, object]
Point: TypeAlias = tuple[int, float | None, int]

INK, FAINT, LINE = "var(--ink)", "var(--faint)", "var(--line)"
FONT = {"fontFamily": "var(--font)", "fontSize": 12}
BOLD = {"color": "var(--soft)", "fontWeight": 600}
TIMES = {
    "year": "{bold|{yyyy}}", "month": "{bold|{d} {MMM}}", "day": "{bold|{d} {MMM}}",
    "hour": "{HH}:{mm}", "minute": "{HH}:{mm}",
    "second": "{HH}:{mm}", "millisecond": "{HH}:{mm}", "none": "{d} {MMM} {HH}:{mm}",
}  # fmt: skip

NOTHING = {"left": "center", "top": "36%", "textStyle": {"color": "var(--soft)", "fontSize": 14, "fontWeight": 500}}

LABEL = """(shown) => {
    const [at, , minutes] = shown[0].value;
    const time = (t) => new Date(t).toISOString().slice(11, 16);
    const day = new Date(at).toLocaleDateString("en-GB",
        {weekday: "short", day: "numeric", month: "short", timeZone: "UTC"});
    const offset = (minutes < 0 ? "−" : "+") + Math.abs(minutes / 60);
    const row = (one) => `<tr><td>${one.marker} ${one.seriesName}</td>` + (one.value[1] == null
        ? "<td colspan=2>not known</td>"
        : `<td>${Math.abs(one.value[1]).toFixed(3)} UNIT</td>
           <td>${(Math.abs(one.value[1]) * FACTOR).toFixed(3)} ALSO</td>`) + "</tr>";
    return `<div class="tip">${day} ${time(at)}–${time(at + LENGTH)} <small>UTC${offset}</small>
        <table>${shown.map(row).join("")}</table></div>`;
}"""
"""Label under the pointer; words in capitals are filled in."""


@dataclass(frozen=True)
class Series:
    """One curve: what it is called, its colour (a CSS variable), a value per interval; NaN where not known."""

    name: str
    color: str
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Picture:
    """Curves over the same intervals."""

    title: str
    starts: NDArray[np.int64]
    """UTC start of each interval, in order."""
    length_s: int
    zone: str
    unit: str
    also: tuple[str, float]
    """A second unit for labels, and what makes it of the first."""
    series: Sequence[Series]

    def zoom(self, shown_s: int) -> float:
        """Where to begin, in percent of the whole, to show so much of the end."""
        whole = int(self.starts[-1] - self.starts[0]) + self.length_s if len(self.starts) else 1
        return max(0.0, 100.0 * (1 - shown_s / whole))


def options(picture: Picture, shown_s: int | None = None) -> Options:
    """Draw a picture; without `shown_s`, whatever part of it is shown stays."""
    position = {} if shown_s is None else {"start": picture.zoom(shown_s), "end": 100}
    return {
        "animation": False,
        "title": {"show": not len(picture.starts), "text": "No interval is stored yet", **NOTHING},
        "useUTC": True,
        "aria": {"enabled": True, "label": {"description": picture.title}},
        "textStyle": FONT,
        "grid": {"left": 44, "right": 12, "top": 26, "bottom": 72},
        "xAxis": {
            "type": "time",
            "axisLine": {"lineStyle": {"color": LINE}},
            "axisTick": {"lineStyle": {"color": LINE}},
            "axisLabel": {"color": FAINT, "formatter": TIMES, "hideOverlap": True, "rich": {"bold": BOLD}},
        },
        "yAxis": {
            "type": "value",
            "name": picture.unit,
            "nameTextStyle": {"color": FAINT, "align": "right", "padding": [0, 6, 0, 0]},
            "axisLabel": {"color": FAINT, ":formatter": "(value) => Math.abs(value)"},
            "splitLine": {"lineStyle": {"color": LINE}},
        },
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "className": "chart-label",
            "axisPointer": {"type": "line", "lineStyle": {"color": FAINT}},
            ":formatter": _label(picture),
        },
        "dataZoom": [_inside() | position, _slider() | position],
        "series": [_series(picture, number) for number in range(len(picture.series))],
    }


def _label(picture: Picture) -> str:
    unit, factor = picture.also
    filled = LABEL.replace("UNIT", picture.unit).replace("ALSO", unit)
    return filled.replace("FACTOR", repr(factor)).replace("LENGTH", str(picture.length_s * 1000))


def _inside() -> Options:
    """Zoom by Ctrl and wheel, or by two fingers; one finger and the bare wheel move the page."""
    return {"type": "inside", "zoomOnMouseWheel": "ctrl", "preventDefaultMouseMove": False, "minValueSpan": 7_200_000}


def _slider() -> Options:
    return {
        "type": "slider",
        "height": 30,
        "bottom": 8,
        "borderColor": "transparent",
        "backgroundColor": "var(--sunk)",
        "fillerColor": "var(--veil)",
        "handleStyle": {"color": "var(--panel)", "borderColor": FAINT},
        "moveHandleStyle": {"color": FAINT, "opacity": 0.4},
        "dataBackground": _shadow(0.35),
        "selectedDataBackground": _shadow(0.7),
        "emphasis": {"handleStyle": {"borderColor": INK}, "moveHandleStyle": {"color": FAINT}},
        "textStyle": {"color": FAINT, "fontSize": 11},
        "showDetail": False,
        "brushSelect": False,
    }


def _shadow(opacity: float) -> Options:
    return {"lineStyle": {"color": FAINT, "opacity": opacity, "width": 1}, "areaStyle": {"color": LINE, "opacity": 1}}


def _series(picture: Picture, number: int) -> Options:
    series = picture.series[number]
    drawn: Options = {
        "type": "line",
        "name": series.name,
        "step": "end",
        "showSymbol": False,
        "z": 3 - number,
        "emphasis": {"disabled": True},
        "itemStyle": {"color": series.color},
        "lineStyle": {"color": series.color, "width": 1.25},
        "areaStyle": {"color": series.color, "opacity": 0.16},
        "data": points(picture, series.values),
    }
    if number == 0:
        drawn["markArea"] = {"silent": True, "itemStyle": {"color": "var(--gap)"}, "data": gaps(picture)}
    return drawn


def points(picture: Picture, values: NDArray[np.float64]) -> list[Point]:
    """One point per interval, besides those that end a stretch before a gap, a clock change or the end."""
    drawn: list[Point] = []
    after, deviation_s, value = None, 0, None
    for at, amount in zip(picture.starts.tolist(), values.tolist(), strict=True):
        was, deviation_s = deviation_s, _deviation_s(at, picture.zone)
        if after is not None and (at != after or was != deviation_s):
            drawn += [_point(after, value, was), _point(after, None, was)]
        value = None if np.isnan(amount) else round(amount, 4)
        drawn.append(_point(at, value, deviation_s))
        after = at + picture.length_s
    return drawn if after is None else [*drawn, _point(after, value, deviation_s)]


def gaps(picture: Picture) -> list[list[Mapping[str, int]]]:
    """Spans between the first and the last interval of which nothing is known."""
    known = picture.starts[~np.isnan(picture.series[0].values)]
    ends = known[:-1] + picture.length_s
    places = np.flatnonzero(ends != known[1:])
    return [
        [{"xAxis": _point(at, None, _deviation_s(at, picture.zone))[0]} for at in span]
        for span in zip(ends[places].tolist(), known[1:][places].tolist(), strict=True)
    ]


def _point(at: int, value: float | None, deviation_s: int) -> Point:
    return (at + deviation_s) * 1000, value, deviation_s // 60


def _deviation_s(at: int, zone: str) -> int:
    offset = local(at, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
