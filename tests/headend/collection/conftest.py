"""The collection is tested on both kinds of database."""

import pytest

from headend import stores


@pytest.fixture(autouse=True)
def _on_both(place: stores.Place) -> None:
    """Ask for the place, so that `installation` uses it."""
