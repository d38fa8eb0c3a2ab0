"""Sources by their grammar: any register, quantity, demand or window that `metering.cells` can name."""

from collections.abc import Iterator, Mapping, MutableMapping
from functools import lru_cache
from typing import TypeVar

import numpy as np

from openami.core.errors import DefinitionError
from openami.core.time import CosemDateTime
from openami.cosem.calendars import NOT_SPECIFIED
from openami.dlms.data import DATE_TIME, AnyCodec
from openami.metering.cells import Cell, cell, fitted
from openami.meters.captures import integer
from openami.meters.view import Law, View

T = TypeVar("T")


def number(source: Cell, view: View) -> int:
    """Value of a cell."""
    return int(source.read(view.laws, np.array([view.meter]))[0])


def in_type(source: Cell, codec: AnyCodec, view: View) -> object:
    """Value of a cell in the type of its attribute: a number that fits, or a time; 0 is no time yet."""
    value = source.read(view.laws, np.array([view.meter]))
    if codec.name == DATE_TIME.name:
        return time_of(int(value[0]), view)
    if kind := integer(codec):
        return int(fitted(value, kind, wraps=source.wraps)[0])
    return int(value[0])


def time_of(utc: int, view: View) -> CosemDateTime:
    """Time by the meter's clock."""
    return view.dst_rule.stamp(utc) if utc else NOT_SPECIFIED


@lru_cache(maxsize=4096)
def law(name: str) -> Law | None:
    """Law of a name of the grammar; None for any other."""
    try:
        source = cell(name)
    except DefinitionError:
        return None
    return Law(lambda view: number(source, view), cell=source)


class Grammar(Mapping[str, Law]):
    """All names of the grammar; there is no end to them, so none is listed."""

    def __getitem__(self, name: str) -> Law:
        found = law(name)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Joined(MutableMapping[str, T]):
    """Several tables of names, the first that knows one has it; a new name goes into the first."""

    def __init__(self, first: dict[str, T], *others: Mapping[str, T]) -> None:
        self.first = first
        self.tables: tuple[Mapping[str, T], ...] = (first, *others)

    def __getitem__(self, name: str) -> T:
        for table in self.tables:
            if name in table:
                return table[name]
        raise KeyError(name)

    def __setitem__(self, name: str, value: T) -> None:
        self.first[name] = value

    def __delitem__(self, name: str) -> None:
        del self.first[name]

    def __iter__(self) -> Iterator[str]:
        return (name for table in self.tables for name in table)

    def __len__(self) -> int:
        return sum(map(len, self.tables))
