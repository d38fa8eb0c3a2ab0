"""HTML of the pages, made of text that is escaped by default."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from markupsafe import Markup, escape

Html = Markup


class Column(NamedTuple):
    """Head of a column; `style` holds classes of every cell in it.

    `figure`, `time` and `code` say what it is; where the window is narrow, `minor` is left out, `end` stands at
    the end of the first line of a card and `below` on a line of its own.
    """

    title: str
    style: str = ""


def html(template: str, *values: object, **named: object) -> Markup:
    """Fill a template of our own; values are escaped unless they are markup already."""
    return Markup(template).format(*values, **named)  # noqa: S704 - the template is text of the program


def joined(parts: Iterable[object]) -> Markup:
    """Several pieces behind one another."""
    return Markup().join(map(escape, parts))


def table(
    caption: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, is_narrow: bool = False
) -> Markup:
    """Build a table; the first cell names the row. Unless it is narrow anyway, rows turn into cards on phones."""
    head = joined(html('<th scope="col" class="{}">{}</th>', c.style, c.title) for c in columns)
    body = joined(html("<tr>{}</tr>", joined(_cells(columns, row))) for row in rows)
    return html(
        '<table class="grid {}"><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        "" if is_narrow else "cards",
        caption,
        head,
        body,
    )


def _cells(columns: Sequence[Column], row: Sequence[object]) -> Iterable[Markup]:
    yield html('<th scope="row" class="{}">{}</th>', columns[0].style, row[0])
    for column, cell in zip(columns[1:], row[1:], strict=True):
        yield html('<td class="{}" data-label="{}">{}</td>', column.style, column.title, cell)


def tile(label: str, figure: object, note: object = "", style: str = "") -> Markup:
    """One figure of a strip, with what it is and what stands behind it."""
    return html(
        '<div class="tile {}"><dt>{}</dt><dd class="figure">{}</dd><dd class="note">{}</dd></div>',
        style, label, figure, note,
    )  # fmt: skip


def strip(tiles: Iterable[Markup]) -> Markup:
    """Lay figures side by side."""
    return html('<dl class="strip">{}</dl>', joined(tiles))


def link(target: str, text: object, style: str = "") -> Markup:
    """Link to a page of ours."""
    return html('<a href="{}" class="{}">{}</a>', target, style, text)


def meter_link(serial: str) -> Markup:
    """Link to the page of a meter."""
    return link(f"/meters/{quote(serial, safe='')}", serial)


def empty(title: str, advice: object = "") -> Markup:
    """Say that there is nothing to show, and what to do about it."""
    return html('<div class="empty"><strong>{}</strong><p>{}</p></div>', title, advice)


def chip(text: str, style: str = "") -> Markup:
    """One word in a small frame."""
    return html('<span class="chip {}">{}</span>', style, text)
