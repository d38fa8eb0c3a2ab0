"""All that is tried with the peers; `docs/reference/interop.md` says what the tests then hold."""

from types import ModuleType

from interop.cell import Cell
from interop.cells import compactiq, elsewhere, keys, opinions, optical, products, pushes, security, services, tours

PARTS = (tours, services, security, keys, pushes, opinions, compactiq, products, optical, elsewhere)


def cells_of(part: ModuleType) -> dict[str, Cell]:
    """Cells of a module by id, in order."""
    groups = [value for value in vars(part).values() if isinstance(value, tuple)]
    return {cell.id: cell for group in groups for cell in group if isinstance(cell, Cell)}


CELLS = {identity: cell for part in PARTS for identity, cell in cells_of(part).items()}
