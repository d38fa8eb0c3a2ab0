"""`import openami` costs next to nothing, and gives what the README promises."""

import subprocess
import sys
from pathlib import Path

import pytest

import openami


@pytest.mark.parametrize("name", sorted(openami.HOMES))
def test_every_public_name_is_there_and_lives_where_it_says(name: str) -> None:
    value = getattr(openami, name)
    assert value.__name__ == name
    assert value.__module__.startswith("openami.")
    assert name in dir(openami)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        openami.nosuch  # noqa: B018


def test_importing_loads_nothing() -> None:
    program = "import sys, openami; print([m for m in sys.modules if m.startswith('openami.') or m == 'numpy'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_type_checkers_list_is_the_same() -> None:
    text = Path(openami.__file__).read_text(encoding="utf-8")
    for name, home in openami.HOMES.items():
        assert f"from {home} import {name} as {name}\n" in text
