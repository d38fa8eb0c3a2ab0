"""`openami vend`: from a shipment file to a receipt, and what is told when something is missing."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from headend.prepayment.counter import SGC, VUDK, pan_of, read, shipment
from openami.cli import app

RUNNER = CliRunner()
METER, OTHER = pan_of(0).digits, "OAMSIM00000000001"
TARIFF = """
title = "Home"
seller = "Harbour Light"
currency = "ZAR"
vat = 1500
free_units = 500
blocks = [{ up_to = 500, price = 1000000 }, { price = 1505000 }]
"""


class Desk:
    """An installation, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: object) -> Any:
        return RUNNER.invoke(app, [*map(str, words), "--data", str(self.folder / "data")])

    def vend(self, *words: object) -> str:
        done = self.run("vend", *words)
        assert done.exit_code == 0, done.output
        return str(done.stdout)

    def refused(self, *words: object) -> tuple[int, str]:
        done = self.run("vend", *words)
        return done.exit_code, done.stderr


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Meters, a key and prices brought in."""
    made = Desk(tmp_path)
    lines = shipment(tmp_path, 2).read_text().splitlines()
    rows = [line.replace("0" * 32, f"{n}" * 32) for n, line in enumerate(lines)]
    (tmp_path / "meters.csv").write_text("\n".join(rows))
    (tmp_path / "keys.toml").write_text(f'vending_key = "{VUDK.hex()}"\n')
    (tmp_path / "home.toml").write_text(TARIFF)
    assert made.run("headend", "import", tmp_path / "meters.csv").exit_code == 0
    assert "taken in" in made.vend("keys", "--sgc", SGC, "--keys", tmp_path / "keys.toml")
    assert "was here already" in made.vend("keys", "--sgc", SGC, "--keys", tmp_path / "keys.toml")
    assert "2 prepayment meters added" in made.vend("import", tmp_path / "meters.csv")
    assert "tariff 1" in made.vend("tariff", tmp_path / "home.toml", "--sgc", SGC)
    return made


def test_a_sale_at_the_command_line(desk: Desk, tmp_path: Path) -> None:
    assert desk.refused("money", METER, "150.00") == (
        1,
        "openami: open a shift first: money goes into somebody's till\n",
    )
    desk.vend("open", "Till 1", "--float", "100.00")
    assert desk.vend("money", METER, "150.00", "--trial") == "103.4 kWh for ZAR 150.00\n"
    made = json.loads(desk.vend("money", METER, "150.00", "--message", "m-1", "--json"))
    assert read(made["tokens"][0]["token"], pan_of(0)).units == made["units"] == 1_034
    text = desk.vend("money", METER, "150.00", "--message", "m-1", "--pdf", tmp_path / "slip.pdf")
    assert made["tokens"][0]["shown"] in text
    assert (tmp_path / "slip.pdf").read_bytes().startswith(b"%PDF-")
    assert "COPY 1" in desk.vend("print", made["id"])
    assert "25.5 kWh" in desk.vend("units", OTHER, "25.5", "--tender", "card")
    assert "50.0 kWh" in desk.vend("free", OTHER)
    assert "250.00" in desk.vend("close", "250.00")


def test_customers_are_found(desk: Desk) -> None:
    found = json.loads(desk.vend("find", METER[:8], "--json"))
    assert [row["meter pan"] for row in found] == [pan_of(0).digits, pan_of(1).digits]


def test_what_is_missing_is_said(desk: Desk, tmp_path: Path) -> None:
    assert desk.refused("units", "OAMSIM", "1") == (2, "openami: 2 meters begin with 'OAMSIM': name one\n")
    assert desk.refused("units", METER, "1.25")[1] == "openami: '1.25': expected a figure of at most 1 decimals\n"
    code, told = desk.refused("send", "1")
    assert (code, "no vend 1" in told) == (1, True)
    (tmp_path / "keys.toml").write_text(f'vending_key = "{VUDK[::-1].hex()}"\n')
    code, told = desk.refused("keys", "--sgc", SGC, "--keys", tmp_path / "keys.toml")
    assert (code, VUDK[::-1].hex() in told) == (1, False)
    (tmp_path / "home.toml").write_text(TARIFF.replace('"ZAR"', '"rand"'))
    code, told = desk.refused("tariff", tmp_path / "home.toml", "--sgc", SGC)
    assert (code, "currency" in told) == (1, True)
