"""A picture of a document as SVG."""

from collections.abc import Callable
from typing import Final, cast

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor

from openami.report.document import Picture
from openami.report.pdf import BOLD, HEIGHT, PLAIN, WIDTH, drawing_of, faces

PAPER: Final = "#ffffff"
DRAW = cast("Callable[[Drawing], str]", vars(renderSVG)["drawToString"])  # its stub leaves options open
FAMILY: Final = "Verdana, 'DejaVu Sans', sans-serif"


def render(picture: Picture) -> str:
    """Draw a picture without its title. -> text of an .svg file; one picture always makes the same."""
    drawing = drawing_of(picture, faces())
    paper = Rect(0, 0, WIDTH, HEIGHT)
    paper.fillColor, paper.strokeColor = HexColor(PAPER), None
    drawing.insert(0, paper)
    text = DRAW(drawing)
    for face in (BOLD, PLAIN):
        text = text.replace(f"font-family: {face};", f"font-family: {FAMILY};")
    return text
