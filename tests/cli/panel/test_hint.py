"""The hint of the panel is a command that works, whatever key the meter has."""

import json
import shlex
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app
from openami.cli.panel.hint import unusual
from openami.cli.panel.stand import Stand, standing
from openami.meters import tokens
from openami.meters.vending_keys import FIRST_CHANGE
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.rules import Result
from openami.sts.tid import BaseDate


def made(command: str) -> list[str]:
    """Tokens that a command makes."""
    program, *arguments = shlex.split(command)
    assert program == "openami"
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return [row["token"] for row in json.loads(done.stdout)]


def result(stand: Stand, digits: str) -> Result:
    """What the meter makes of a token typed in."""
    stand.keys(f"{digits}#")
    found = tokens.last(stand.front.view)
    assert found is not None
    return found.result


@pytest.mark.parametrize("slug", ["sed102", "sed302"])
async def test_tokens_of_the_hint_are_taken_one_after_the_other(slug: str, tmp_path: Path) -> None:
    async with standing(slug, tmp_path, speed=1) as stand:
        before = tokens.credit(stand.front.view).remaining
        for _ in range(3):
            [digits] = made(stand.hint)
            assert result(stand, digits) is Result.ACCEPT, "in one minute"
        assert tokens.credit(stand.front.view).remaining == pytest.approx(before + 30_000, abs=100)


async def test_a_meter_with_the_key_of_its_maker_is_brought_away_from_it_first(tmp_path: Path) -> None:
    async with standing("sed302", tmp_path / "stand", speed=1) as stand:
        own = tomllib.loads((stand.folder / FIRST_CHANGE).read_text(encoding="utf-8"))
        back = tmp_path / "back.toml"
        back.write_text(f'vending_key = "{own["new_vending_key"]}"\nnew_vending_key = "{own["vending_key"]}"\n')
        number = tokens.identity(stand.front.view).pan
        for digits in made(f"openami sts encode {number} key-change key-type=1,krn=3 --sgc 123457 --keys {back}"):
            assert result(stand, digits).is_good
        assert "key-change key-type=2 --sgc 123457 --key-type 1 --krn 3 --keys" in stand.hint
        for digits in made(stand.hint):
            assert result(stand, digits).is_good
        [digits] = made(stand.hint)
        assert "electricity 10 --sgc 123457 --krn 3 --last" in stand.hint
        assert result(stand, digits) is Result.ACCEPT


async def test_where_no_tokens_are_taken_there_is_no_hint(tmp_path: Path) -> None:
    async with standing("compactiq", tmp_path, speed=1) as stand:
        assert stand.hint == ""


def test_only_what_is_unusual_is_said() -> None:
    assert unusual(KeyAttributes("123457")) == []
    other = KeyAttributes("123457", KeyType.DDTK, 2, 7, ea=EA.STA, base_date=BaseDate.YEAR_2035)
    assert unusual(other) == ["--key-type 1", "--krn 2", "--ti 7", "--ea 7", "--base-date 2035"]
