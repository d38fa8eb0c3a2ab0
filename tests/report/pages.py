"""Other people's readers of what was rendered: the text of PDF pages (PDFium), the cells of a workbook (openpyxl)."""

from io import BytesIO

import pypdfium2
from openpyxl import load_workbook


def pages(data: bytes) -> list[str]:
    """Text of each page."""
    document = pypdfium2.PdfDocument(data)
    try:
        return [text_of(page) for page in document]
    finally:
        document.close()


def text_of(page: pypdfium2.PdfPage) -> str:
    """Text of a page, lines joined by spaces."""
    held = page.get_textpage()
    try:
        return " ".join(held.get_text_bounded().split())
    finally:
        held.close()
        page.close()


def sheets(data: bytes) -> dict[str, list[list[object]]]:
    """Cells of each sheet by its name."""
    book = load_workbook(BytesIO(data))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}
