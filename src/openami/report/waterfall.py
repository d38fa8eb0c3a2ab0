"""A waterfall as a PNG picture: frequency across, time downwards, the messages that were found in boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from openami.phy.waterfall import Waterfall
from openami.report.scale import Scale

LEFT, TOP, RIGHT, BOTTOM = 74, 42, 96, 46
INK, FAINT, PAPER = "#1b1f24", "#5b6470", "#ffffff"
BOXES: Final = {"SCM": "#ffffff", "SCM+": "#7CFC9A", "IDM": "#ff6bd0", "NetIDM": "#6be4ff"}
"""Colours that none of the levels has."""
COLOURS = ((0.0, "#0b0724"), (0.25, "#3b0f70"), (0.5, "#b5367a"), (0.75, "#fb8761"), (1.0, "#fcfdbf"))
"""From quiet to loud: lightness rises evenly, so that it can be read without colour too."""
QUIET_QUANTILE, SPAN_DB = 0.2, 20.0
BOX_HZ = 160e3


@dataclass(frozen=True, slots=True)
class Mark:
    """A message: its kind, when it began and how long it lasted, and its offset from the centre."""

    kind: str
    at_s: float
    seconds: float
    offset_hz: float


def render(waterfall: Waterfall, title: str, centre_hz: float | None = None, marks: Sequence[Mark] = ()) -> bytes:
    """Draw it. -> octets of a .png file; with `centre_hz` frequencies are told, else offsets from the centre."""
    levels = waterfall.levels_db
    height, width = levels.shape
    tall = max(1, -(-240 // height))
    low, high = span(levels)
    picture = Image.new("RGB", (LEFT + width + RIGHT, TOP + height * tall + BOTTOM), PAPER)
    field = Image.fromarray(np.repeat(coloured(levels, low, high), tall, axis=0))
    picture.paste(field, (LEFT, TOP))
    sheet = Sheet(picture, waterfall, height * tall)
    sheet.boxes(marks)
    sheet.axes(centre_hz, title)
    sheet.bar(low, high)
    data = BytesIO()
    picture.save(data, "PNG", optimize=True)
    return data.getvalue()


def span(levels: NDArray[np.float32]) -> tuple[float, float]:
    """From the quiet part to the loudest point, at least 20 dB: silence without noise would be a span without end."""
    high = float(levels.max())
    low = max(float(np.quantile(levels, QUIET_QUANTILE)), high - 80)
    return min(low, high - SPAN_DB), high


def coloured(levels: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Colours of levels. [rows, columns] -> [rows, columns, 3]."""
    parts = np.clip((levels - low) / (high - low), 0, 1)
    places = [place for place, _ in COLOURS]
    channels = [[int(code[1 + 2 * n : 3 + 2 * n], 16) for _, code in COLOURS] for n in range(3)]
    return np.stack([np.interp(parts, places, each) for each in channels], axis=-1).astype(np.uint8)


class Sheet:
    """The paper around the field."""

    def __init__(self, picture: Image.Image, waterfall: Waterfall, height: int) -> None:
        self.draw = ImageDraw.Draw(picture)
        self.font = ImageFont.load_default(12)
        self.rate_hz, self.seconds = waterfall.rate_hz, max(waterfall.seconds, 1e-9)
        self.width, self.height = waterfall.columns, height

    def x(self, offset_hz: float) -> float:
        """Place across."""
        return LEFT + (offset_hz / self.rate_hz + 0.5) * self.width

    def y(self, at_s: float) -> float:
        """Place down."""
        return TOP + at_s / self.seconds * self.height

    def boxes(self, marks: Sequence[Mark]) -> None:
        """Frame messages."""
        for each in marks:
            low, high = self.x(each.offset_hz - BOX_HZ / 2), self.x(each.offset_hz + BOX_HZ / 2)
            begin, end = self.y(each.at_s) - 2, self.y(each.at_s + each.seconds) + 2
            self.draw.rectangle((low, begin, high, end), outline=BOXES.get(each.kind, INK))
        for place, kind in enumerate(sorted({each.kind for each in marks})):
            left = LEFT + self.width - 70 * (place + 1)
            self.draw.rectangle((left, TOP - 18, left + 10, TOP - 8), fill=BOXES.get(kind, INK), outline=INK)
            self.draw.text((left + 15, TOP - 20), kind, INK, self.font)

    def axes(self, centre_hz: float | None, title: str) -> None:
        """Write figures at both sides."""
        middle, unit, words = (0.0, 1e3, "offset, kHz") if centre_hz is None else (centre_hz, 1e6, "frequency, MHz")
        ends = [(middle + sign * self.rate_hz / 2) / unit for sign in (-1, 1)]
        foot = TOP + self.height
        for tick in Scale.steps(*ends).ticks:
            if ends[0] <= tick <= ends[1]:
                x = self.x(tick * unit - middle)
                self.draw.line((x, foot, x, foot + 4), FAINT)
                self.draw.text((x, foot + 6), f"{tick:.6g}", FAINT, self.font, anchor="ma")
        for tick in Scale.steps(0.0, self.seconds).ticks:
            if tick <= self.seconds:
                self.draw.line((LEFT - 4, self.y(tick), LEFT, self.y(tick)), FAINT)
                self.draw.text((LEFT - 8, self.y(tick)), f"{tick:.4g}", FAINT, self.font, anchor="rm")
        self.draw.text((LEFT, 8), title, INK, ImageFont.load_default(14))
        self.draw.text((LEFT + self.width, foot + 24), words, INK, self.font, anchor="ra")
        self.draw.text((8, TOP - 20), "time, s", INK, self.font)

    def bar(self, low: float, high: float) -> None:
        """Show which colour is which level."""
        left = LEFT + self.width + 18
        rows = coloured(np.linspace(high, low, self.height, dtype=np.float32)[:, np.newaxis], low, high)
        for place, (red, green, blue) in enumerate(rows[:, 0].tolist()):
            self.draw.line((left, TOP + place, left + 12, TOP + place), (red, green, blue))
        for tick in Scale.steps(low, high).ticks:
            if low <= tick <= high:
                y = TOP + (high - tick) / (high - low) * self.height
                self.draw.text((left + 18, y), f"{tick:g}", FAINT, self.font, anchor="lm")
        self.draw.text((left - 4, TOP - 20), "dBFS", INK, self.font)
