"""Tables of spreadsheets: CSV as people save it, XLSX as three programs write it."""

import zipfile
from pathlib import Path

import pytest

from openami.core.errors import DefinitionError
from openami.meters.cloning.sheets import read_sheets

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PARTS = {
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="Cover" sheetId="1" r:id="rId1"/><sheet name="Objects" sheetId="2" r:id="rId2"/></sheets>'
    "</workbook>",
    "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml" Type="t"/>'
    '<Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml" Type="t"/></Relationships>',
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>Class</t></si><si><r><t>Logical </t></r><r><t>name</t></r>'
    "<rPh><t>not this</t></rPh></si></sst>",
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
    "xl/worksheets/sheet2.xml": f'<worksheet xmlns="{MAIN}"><sheetData>'
    '<row r="3"><c r="A3" t="s"><v>0</v></c><c r="C3" t="s"><v>1</v></c></row>'
    '<row r="5"><c r="A5"><v>3.0</v></c><c r="B5" t="inlineStr"><is><t>x</t></is></c>'
    '<c r="C5" t="str"><f>B5</f><v>1.0.1.8.0.255</v></c><c r="D5"><v>1.5</v></c><c r="E5"/></row>'
    "<row><c><v>8</v></c><c><v>1</v></c></row>"
    "</sheetData></worksheet>",
}

ONE_CELL = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c {{}}><v>9</v></c></row></sheetData></worksheet>'


def workbook(folder: Path, **changes: str) -> Path:
    path = folder / "objects.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in (PARTS | changes).items():
            if content:
                book.writestr(name, content)
    return path


def test_sheets_cells_and_places(tmp_path: Path) -> None:
    cover, objects = read_sheets(workbook(tmp_path))
    assert (cover.name, cover.rows) == ("Cover", {})
    assert objects.name == "Objects"
    assert objects.rows == {
        3: ("Class", "", "Logical name"),
        5: ("3", "x", "1.0.1.8.0.255", "1.5", ""),
        6: ("8", "1"),
    }


@pytest.mark.parametrize("maker", ["openpyxl", "xlsxwriter"])
def test_a_workbook_that_others_wrote(maker: str, tmp_path: Path) -> None:
    made = pytest.importorskip(maker)
    path = tmp_path / "objects.xlsx"
    rows = [["Class", "OBIS"], [3, "1.0.1.8.0.255"], [8, "0.0.1.0.0.255"]]
    if maker == "openpyxl":
        book = made.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        with made.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    [found] = read_sheets(path)
    assert [list(cells) for cells in found.rows.values()] == [list(map(str, row)) for row in rows]


@pytest.mark.parametrize(
    ("part", "content", "word"),
    [
        ("xl/workbook.xml", "", "xl/workbook.xml"),
        ("xl/worksheets/sheet2.xml", "<worksheet", "no workbook"),
        ("xl/worksheets/sheet2.xml", '<!DOCTYPE a [<!ENTITY b "b">]><worksheet/>', "document type"),
        (
            "xl/worksheets/sheet2.xml",
            ONE_CELL.format('r="A1" t="s"'),
            "no workbook",
        ),
        (
            "xl/worksheets/sheet2.xml",
            ONE_CELL.format('r="ZZZZZ1"'),
            "cell ZZZZZ1",
        ),
    ],
)
def test_what_is_no_workbook_is_refused_by_name(part: str, content: str, word: str, tmp_path: Path) -> None:
    path = workbook(tmp_path, **{part: content})
    with pytest.raises(DefinitionError) as caught:
        read_sheets(path)
    assert caught.value.file == str(path)
    assert word in str(caught.value)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "objects.xlsx"
    path.write_text("class,obis", encoding="utf-8")
    with pytest.raises(DefinitionError, match="no workbook"):
        read_sheets(path)


def test_a_part_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openami.meters.cloning.sheets.MOST_OCTETS", 100)
    with pytest.raises(DefinitionError, match="longer than 100 octets"):
        read_sheets(workbook(tmp_path))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_as_it_is_saved(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "objects.csv"
    lines = delimiter.join(["class", "obis"]), delimiter.join(["3", '" 1.0.1.8.0.255"'])
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())
    [sheet] = read_sheets(path)
    assert sheet.rows == {1: ("class", "obis"), 2: ("3", "1.0.1.8.0.255")}


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "objects.ods"
    path.touch()
    with pytest.raises(DefinitionError, match=r"\.csv or \.xlsx"):
        read_sheets(path)
    latin = tmp_path / "objects.csv"
    latin.write_bytes(b"class,obis,Gr\xf6\xdfe\n")
    with pytest.raises(DefinitionError, match="UTF-8"):
        read_sheets(latin)
