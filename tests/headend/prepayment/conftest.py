"""An office that sells, on both kinds of database."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from headend import stores
from headend.accounts.office import QUICK, Office, hire, open_office
from headend.prepayment.counter import stock
from openami.headend.accounts import passwords


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))


@pytest.fixture
def shop(place: stores.Place, tmp_path: Path) -> Iterator[Office]:
    """Four prepayment meters, keys, prices, staff."""
    assert place is stores.current
    office = open_office(tmp_path)
    with contextlib.closing(office.database):
        hire(office)
        stock(office, tmp_path)
        yield office
