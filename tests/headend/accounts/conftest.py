"""Installations with people in them."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from headend import stores
from headend.accounts.office import QUICK, Office, hire, open_office
from openami.headend.accounts import passwords


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules that say `BOTH` run on both databases: what they show is in the SQL."""
    if "kind" in metafunc.fixturenames:
        kinds = ["sqlite", "postgresql"] if getattr(metafunc.module, "BOTH", False) else ["sqlite"]
        metafunc.parametrize("kind", kinds)


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords quickly."""
    monkeypatch.setattr(passwords, "HASHER", QUICK)
    monkeypatch.setattr(passwords, "DUMMY", QUICK.hash("nobody's"))


@pytest.fixture
def empty_office(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Office]:
    """Nobody has an account yet."""
    place = stores.FILE if kind == "sqlite" else stores.Place(kind, request.getfixturevalue("server"))
    monkeypatch.setattr(stores, "current", place)
    office = open_office(tmp_path)
    with contextlib.closing(office.database):
        yield office
    if place.server is not None:
        place.server.drop_all()


@pytest.fixture
def office(empty_office: Office) -> Office:
    """Everybody of the staff has one."""
    hire(empty_office)
    return empty_office
