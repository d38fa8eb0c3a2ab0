"""Messages found against signal to noise, ours and rtl_433's on the same samples: the table and picture of the docs.

`python bench/radio_curve.py` writes docs/images/radio-sensitivity.svg, and the table into docs/howto/radio.md.
"""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
from radio import MESSAGES, PEER, on_the_air, ours, theirs

from openami.report.document import Axis, Picture, Series
from openami.report.svg import render

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGE = ROOT / "docs/howto/radio.md", ROOT / "docs/images/radio-sensitivity.svg"
WAYS = {"36 channels": 0, "24 channels": 24, "wide band": 1}
POINTS_DB = (*range(16, 3, -1), 2, *range(0, -13, -1))
MARKS = re.compile(r"(<!-- begin curve -->\n).*?(<!-- end curve -->)", re.DOTALL)


def curve() -> dict[str, list[tuple[float, float]]]:
    """Per cent found at every point, by receiver."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    peer = version() if shutil.which(PEER) else ""
    for point in POINTS_DB:
        sent, samples = on_the_air(point, MESSAGES, np.random.default_rng(int(1000 + 10 * point)))
        for name, channels in WAYS.items():
            found[name].append((point, 100 * ours(sent, samples, channels)))
        if peer:
            found.setdefault(peer, []).append((point, 100 * theirs(sent, samples)))
        print(point, {name: round(points[-1][1]) for name, points in found.items()}, flush=True)
    return found


def version() -> str:
    """Name of the peer with its version."""
    said = subprocess.run([PEER, "-V"], capture_output=True, text=True, timeout=20, check=False)
    number = re.search(r"version ([\d.]+)", said.stdout + said.stderr)
    return f"{PEER} {number[1]}" if number else PEER


def table(found: dict[str, list[tuple[float, float]]]) -> str:
    """A line for each point, Markdown."""
    lines = ["| SNR, dB | " + " | ".join(found) + " |", "| --- " * (1 + len(found)) + "|"]
    for place, point in enumerate(POINTS_DB):
        cells = " | ".join(f"{points[place][1]:.0f}" for points in found.values())
        lines.append(f"| {point:+d} | {cells} |")
    return "\n".join(lines) + "\n"


def picture(found: dict[str, list[tuple[float, float]]]) -> str:
    """The curves."""
    drawn = tuple(Series(name, tuple(sorted(points))) for name, points in found.items())
    half = Series("half", ((float(min(POINTS_DB)), 50.0), (float(max(POINTS_DB)), 50.0)), "limit")
    axes = Axis("carrier over noise in 2.36 MHz", "dB"), Axis(f"of {MESSAGES} SCMs found", "%")
    return render(Picture("sensitivity", "Sensitivity", *axes, (*drawn, half)))


if __name__ == "__main__":
    result = curve()
    IMAGE.write_text(picture(result), encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(MARKS.sub(lambda found: found[1] + table(result) + found[2], page), encoding="utf-8")
