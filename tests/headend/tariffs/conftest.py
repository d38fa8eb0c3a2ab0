"""CompactIQ meters in service, and the head-end that brings them tariffs, on both kinds of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from headend import stores
from headend.accounts.office import QUICK
from headend.commands.field import Field, opened
from openami.headend.accounts import passwords


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))


@pytest.fixture
async def field(tmp_path: Path) -> AsyncIterator[Field]:
    """Four meters, in a file."""
    async with opened(tmp_path, slug="compactiq", items=("clock",)) as made:
        yield made


@pytest.fixture
async def either(place: stores.Place, tmp_path: Path) -> AsyncIterator[Field]:
    """The same in a file, then in PostgreSQL."""
    assert place is stores.current
    async with opened(tmp_path, slug="compactiq", items=("clock",)) as made:
        yield made
