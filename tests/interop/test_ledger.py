"""The table of interoperation is that of the matrix, and of the peers that are here."""

import json
from collections import Counter

from interop.cell import Outcome
from interop.collect import LEDGER, document
from interop.matrix import CELLS, PARTS


def test_no_two_cells_have_one_name():
    groups = [value for part in PARTS for value in vars(part).values() if isinstance(value, tuple)]
    names = Counter(cell.id for group in groups for cell in group if hasattr(cell, "row"))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_cell_that_does_not_work_says_why():
    fails = {Outcome.DEFECT, Outcome.DIFFERENCE}
    assert [cell.id for cell in CELLS.values() if bool(cell.note) is not (cell.outcome in fails)] == []


def test_the_ledger_is_of_this_matrix_and_of_these_peers():
    """If not: make interop."""
    assert json.loads(LEDGER.read_text(encoding="utf-8")) == document()
