"""Pictures outside of documents: SVG, and waterfalls as PNG."""

import re
from io import BytesIO
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from openami.phy.waterfall import Waterfall
from openami.report import svg, waterfall
from openami.report.document import Axis, Picture, Series

PICTURE = Picture(
    "curve",
    "A curve",
    Axis("SNR", "dB"),
    Axis("found", "%"),
    (Series("ours", ((-10.0, 0.0), (0.0, 100.0))), Series("half", ((-10.0, 50.0), (0.0, 50.0)), "limit")),
)


def test_svg_has_axes_lines_and_names():
    text = svg.render(PICTURE)
    root = ET.fromstring(text.encode())
    words = " ".join(each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text"))
    assert all(each in words for each in ("SNR, dB", "found, %", "ours", "half", "-10", "100"))
    assert "Vera;" not in text
    assert svg.render(PICTURE) == text
    assert len(re.findall("stroke-dasharray", text)) >= 1


@pytest.mark.parametrize("centre_hz", [None, 912.6e6])
@pytest.mark.parametrize("count", [0, 3000, 2_000_000])
def test_any_waterfall_is_a_picture(centre_hz, count):
    fall = Waterfall(2e6, columns=256, rows=50)
    fall.step(np.full(count, 0.1, dtype=np.complex64))
    marks = [waterfall.Mark("SCM", 0.0005, 0.0059, 0.0), waterfall.Mark("IDM", 5.0, 0.045, 9e5)]
    data = waterfall.render(fall, "a title", centre_hz, marks if count else ())
    image = Image.open(BytesIO(data))
    assert image.format == "PNG"
    assert image.width > 256
    assert image.height >= 240
    assert data == waterfall.render(fall, "a title", centre_hz, marks if count else ())


def test_loud_is_light():
    levels = np.array([[-90.0, -40.0, -10.0]], dtype=np.float32)
    low, high = waterfall.span(levels)
    lightness = waterfall.coloured(levels, low, high).sum(axis=2)[0]
    assert lightness[0] < lightness[1] < lightness[2]
    assert waterfall.span(np.full((2, 2), -50.0, dtype=np.float32)) == (-70.0, -50.0)
