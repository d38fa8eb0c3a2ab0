"""Passwords of staff are hashed quickly."""

import pytest

from headend.accounts.office import QUICK
from openami.headend.accounts import passwords


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))
