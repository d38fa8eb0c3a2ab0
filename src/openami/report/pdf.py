"""A document as PDF, page size A4."""

from collections.abc import Callable
from functools import singledispatch
from html import escape
from io import BytesIO
from typing import Final, Literal, TypeAlias, cast

from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, String
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, LongTable, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Paragraph as Words

from openami.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Heading,
    Outcome,
    Paragraph,
    Picture,
    Series,
    Table,
    Verdict,
    written,
)
from openami.report.scale import Scale, scales

Anchor: TypeAlias = Literal["start", "middle", "end"]

MARGIN: Final = 16 * mm
PADDING: Final = 6.0
WIDTH: Final = A4[0] - 2 * (MARGIN + PADDING)
PLAIN, BOLD = "Vera", "VeraBd"
INK, FAINT, RULE, BAND = HexColor("#1b1f24"), HexColor("#666666"), HexColor("#c9ced6"), HexColor("#f3f5f8")
COLOURS = {Outcome.PASS: HexColor("#1a7f37"), Outcome.FAIL: HexColor("#b3261e"), Outcome.NONE: FAINT}
SERIES = [HexColor(code) for code in ("#1f5fa8", "#c4661f", "#3b8a5a", "#7a4fa3", "#8a6d1f")]
LIMIT = HexColor("#b3261e")
WORDS_FOR = {"φ": "phi", "Σ": "sum ", "Δ": "d", "μ": "µ", "→": "->"}
"""Signs that the typeface does not have, in letters that it has."""

REGISTER = cast("Callable[[TTFont], None]", vars(pdfmetrics)["registerFont"])  # its stub leaves the type open

BODY = ParagraphStyle("body", fontName=PLAIN, fontSize=8.5, leading=12, textColor=INK, spaceBefore=4)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=15, leading=19, spaceAfter=8)
PART = ParagraphStyle("part", BODY, fontName=BOLD, fontSize=11, leading=14, spaceBefore=12, spaceAfter=2)
CLAIM = ParagraphStyle(
    "claim", BODY, fontName=BOLD, textColor=HexColor("#7a4d00"), backColor=HexColor("#fdf3dc"), borderPadding=6,
    spaceBefore=6, spaceAfter=10,
)  # fmt: skip
CELL = ParagraphStyle("cell", BODY, fontSize=6.5, leading=8, spaceBefore=0)
NUMBER = ParagraphStyle("number", CELL, alignment=TA_RIGHT)
HEAD = ParagraphStyle("head", CELL, fontName=BOLD)
HEAD_NUMBER = ParagraphStyle("head number", HEAD, alignment=TA_RIGHT)


def render(document: Document) -> bytes:
    """Make the pages. -> octets of a .pdf file; one document always makes the same."""
    known = faces()
    data = BytesIO()
    template = SimpleDocTemplate(
        data, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=18 * mm,
        title=document.title, subject=document.claim, author="OpenAMI", invariant=1,
    )  # fmt: skip
    story: list[Flowable] = [Words(marked(document.title, known), TITLE), Words(marked(document.claim, known), CLAIM)]
    for block in document.blocks:
        story.extend(drawn(block, known))
    foot = f"{document.claim} {document.title}"

    def footed(canvas: Canvas, _template: object) -> None:
        """Write the claim and the number of the page under it."""
        canvas.setFont(PLAIN, 6)
        canvas.setFillColor(FAINT)
        canvas.drawString(MARGIN + PADDING, 10 * mm, shortened(plain(foot, known), WIDTH - 20 * mm))
        canvas.drawRightString(MARGIN + PADDING + WIDTH, 10 * mm, f"page {canvas.getPageNumber()}")

    template.build(story, onFirstPage=footed, onLaterPages=footed)
    return data.getvalue()


def faces() -> frozenset[int]:
    """Make the typeface known, which comes with ReportLab; -> the characters it has."""
    faces = [TTFont(name, f"{name}.ttf") for name in (PLAIN, BOLD)]
    for face in faces:
        REGISTER(face)
    return frozenset(faces[0].face.charToGlyph)


def plain(text: str, known: frozenset[int]) -> str:
    """Put a text into characters that the typeface has."""
    return "".join(c if ord(c) in known else WORDS_FOR.get(c, "?") for c in text)


def marked(text: str, known: frozenset[int]) -> str:
    """Put a text where ReportLab expects mark-up."""
    return escape(plain(text, known), quote=False)


def shortened(text: str, width: float) -> str:
    """Cut a line that is too long for its place."""
    if stringWidth(text, PLAIN, 6) <= width:
        return text
    while stringWidth(text + "…", PLAIN, 6) > width:
        text = text[:-1]
    return text + "…"


@singledispatch
def drawn(block: Block, _known: frozenset[int]) -> list[Flowable]:
    """Draw a block."""
    raise TypeError(type(block).__name__)


@drawn.register
def _(block: Heading, known: frozenset[int]) -> list[Flowable]:
    return [Words(marked(block.text, known), PART)]


@drawn.register
def _(block: Paragraph, known: frozenset[int]) -> list[Flowable]:
    return [Words(marked(block.text, known), BODY)]


@drawn.register
def _(block: Verdict, known: frozenset[int]) -> list[Flowable]:
    return [Words(f"{coloured(block.outcome)}  {marked(block.text, known)}", BODY)]


def coloured(outcome: Outcome) -> str:
    """Write an outcome in its colour."""
    return f'<font name="{BOLD}" color="{COLOURS[outcome].hexval().replace("0x", "#")}">{outcome.value}</font>'


@drawn.register
def _(block: Table, known: frozenset[int]) -> list[Flowable]:
    shown = [number for number, column in enumerate(block.head) if not column.is_minor]
    head = [block.head[number] for number in shown]
    cells = [[cell_words(row[n], block.head[n], known) for n in shown] for row in block.rows]
    titles = [Words(marked(c.heading, known), HEAD_NUMBER if c.is_number else HEAD) for c in head]
    table = LongTable([titles, *cells], colWidths=widths(block, shown), repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("LINEBELOW", (0, 0), (-1, 0), 0.75, INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, RULE),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [HexColor("#ffffff"), BAND]),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ]
        )
    )
    return [Words(marked(block.title, known), PART), table]


def cell_words(cell: Cell, column: Column, known: frozenset[int]) -> Words:
    """Write a cell."""
    text = coloured(cell) if isinstance(cell, Outcome) else marked(written(cell, column), known)
    return Words(text, NUMBER if column.is_number else CELL)


def widths(table: Table, shown: list[int]) -> list[float]:
    """Share the width of the page by what the columns hold."""
    wanted = [min(longest(table.head[n], [row[n] for row in table.rows]), WIDTH / 3) + 8 for n in shown]
    factor = WIDTH / sum(wanted)
    return [width * factor for width in wanted]


def longest(column: Column, cells: list[Cell]) -> float:
    """Width of the widest cell, or of the widest word of the heading, which is broken between words only."""
    words = [stringWidth(word, BOLD, 6.5) for word in column.heading.split()]
    return max([*words, *(stringWidth(written(cell, column), PLAIN, 6.5) for cell in cells)])


# Pictures

LEFT, RIGHT, BOTTOM, TOP = 40.0, 8.0, 30.0, 22.0
HEIGHT = 190.0


@drawn.register
def _(block: Picture, known: frozenset[int]) -> list[Flowable]:
    return [KeepTogether([Words(marked(block.title, known), PART), drawing_of(block, known), Spacer(1, 6)])]


def drawing_of(block: Picture, known: frozenset[int]) -> Drawing:
    """Draw a picture without its title."""
    across, up = scales(block)
    drawing = Drawing(WIDTH, HEIGHT)
    frame = Frame(drawing, across, up)
    frame.axes(plain(block.x.heading, known), plain(block.y.heading, known))
    for number, series in enumerate(block.series):
        frame.series(series, LIMIT if series.style == "limit" else SERIES[number % len(SERIES)])
    frame.legend([(plain(s.name, known), LIMIT if s.style == "limit" else SERIES[n % len(SERIES)])
                  for n, s in enumerate(block.series)])  # fmt: skip
    return drawing


class Frame:
    """The area of a picture in which points are drawn."""

    def __init__(self, drawing: Drawing, across: Scale, up: Scale) -> None:
        self.drawing = drawing
        self.across, self.up = across, up

    def x(self, value: float) -> float:
        """Place across, in points."""
        return LEFT + self.across.place(value) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Place up, in points."""
        return BOTTOM + self.up.place(value) * (HEIGHT - BOTTOM - TOP)

    def text(self, x: float, y: float, words: str, anchor: Anchor = "middle", color: Color = FAINT) -> None:
        """Write a few small words."""
        self.drawing.add(String(x, y, words, fontName=PLAIN, fontSize=6.5, fillColor=color, textAnchor=anchor))

    def axes(self, x_title: str, y_title: str) -> None:
        """Draw the axes with their figures."""
        floor, roof = self.y(self.up.low), self.y(self.up.high)
        for tick in self.up.ticks:
            self.drawing.add(Line(LEFT, self.y(tick), WIDTH - RIGHT, self.y(tick), strokeColor=RULE, strokeWidth=0.3))
            self.text(LEFT - 4, self.y(tick) - 2, f"{tick:g}", "end")
        for tick in self.across.ticks:
            self.drawing.add(Line(self.x(tick), floor, self.x(tick), roof, strokeColor=RULE, strokeWidth=0.3))
            self.text(self.x(tick), floor - 10, f"{tick:g}")
        self.drawing.add(Line(LEFT, floor, WIDTH - RIGHT, floor, strokeColor=INK, strokeWidth=0.6))
        self.text(WIDTH - RIGHT, floor - 22, x_title, "end")
        self.text(LEFT, roof + 8, y_title, "start")

    def series(self, series: Series, color: Color) -> None:
        """Draw a series."""
        points = [(self.x(x), self.y(y)) for x, y in series.points]
        if series.style == "marks":
            for x, y in points:
                self.drawing.add(Circle(x, y, 1.1, fillColor=color, strokeColor=None))
        elif len(points) > 1:
            flat = [part for point in points for part in point]
            line = PolyLine(flat, strokeColor=color, strokeWidth=0.9)
            if series.style == "limit":
                line.strokeDashArray = [3, 2]
            self.drawing.add(line)

    def legend(self, entries: list[tuple[str, Color]]) -> None:
        """Name the series, from the right."""
        right = WIDTH - RIGHT
        for name, color in reversed(entries):
            self.text(right, HEIGHT - 8, name, "end", color)
            right -= stringWidth(name, PLAIN, 6.5) + 12
