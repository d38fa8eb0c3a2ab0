"""`openami sts`: tokens made and read, keys derived; keys never on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()
PAN, GROUP = "600727000000000009", ("--sgc", "123457", "--base-date", "1993")
VENDING = "ABABABABABABABAB949494949494949401234567"
DECODER = "F94B6ED353C3BFDB113E2D3A7EA3C41D"
TOKEN = "59386323472137426967"
ISSUED = ("--at", "2004-03-01T13:00", "--rnd", "5")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    file = tmp_path / "keys.toml"
    file.write_text(f'vending_key = "{VENDING}"\n', encoding="utf-8")
    return file


def run(*words: object, **environment: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["sts", *map(str, words)], env=environment)
    return done.exit_code, done.stdout, done.stderr


def told(*words: object, **environment: str) -> list[dict[str, object]]:
    code, out, error = run(*words, "--json", **environment)
    assert (code, error) == (0, "")
    assert VENDING not in out
    return json.loads(out)


def test_the_example_there_and_back(keys: Path) -> None:
    [made] = told("encode", PAN, "electricity", "0.1", *GROUP, *ISSUED, "--keys", keys)
    [read] = told("decode", "5938-6323-4721-3742-6967", "--meter", PAN, *GROUP, "--keys", keys)
    assert made == read
    assert made == {
        "token": TOKEN,
        "kind": "electricity",
        "class": "0.0",
        "value": "0.1 kWh",
        "tid": 5871660,
        "issued": "2004-03-01 13:00 UTC",
        "rnd": 5,
    }
    code, out, _ = run("encode", PAN, "electricity", "0.1", *GROUP, *ISSUED, "--keys", keys)
    assert (code, out.splitlines()[0].strip()) == (0, "5938 6323 4721 3742 6967")


def test_keys_from_the_environment_and_a_decoder_key() -> None:
    [read] = told("decode", TOKEN, "--meter", PAN, *GROUP, OPENAMI_VENDING_KEY=VENDING)
    [same] = told("decode", TOKEN, "--base-date", "1993", OPENAMI_DECODER_KEY=DECODER)
    assert read == same


def test_without_a_key_it_says_what_to_set(keys: Path) -> None:
    code, _, error = run("encode", PAN, "gas", "1", *GROUP, *ISSUED)
    assert code == 2
    assert "OPENAMI_VENDING_KEY" in error
    for text in ('vending_key = "zz"', "x = 1", "="):
        keys.write_text(text, encoding="utf-8")
        code, _, error = run("encode", PAN, "gas", "1", *GROUP, *ISSUED, "--keys", keys)
        assert code == 1
        assert "zz" not in error


@pytest.mark.parametrize(
    ("kind", "value", "stands"),
    [
        ("water", "12.5", "12.5 m³"),
        ("gas", "1638.4", "1638.4 m³"),
        ("time", "3", "3.0 min"),
        ("electricity", "2000", "2000.4 kWh"),
        ("power-limit", "5000", 5000),
        ("phase-unbalance", "200", 200),
        ("clear-credit", "all", 65535),
        ("clear-credit", "0", 0),
        ("tariff-rate", "7", 7),
        ("clear-tamper", "", 0),
        ("water-factor", "9", 9),
    ],
)
@pytest.mark.parametrize("ea", ["7", "11"])
def test_every_kind(kind: str, value: str, stands: object, ea: str, keys: Path) -> None:
    common = (*GROUP, "--ea", ea, "--keys", keys)
    words = [value] if value else []
    [made] = told("encode", PAN, kind, *words, *common, "--at", "2020-01-01T00:00+01:00")
    [read] = told("decode", made["token"], "--meter", PAN, *common)
    assert made == read
    assert (read["kind"] is not None, read["value"], read["issued"]) == (True, stands, "2019-12-31 23:00 UTC")


@pytest.mark.parametrize(
    "words",
    [
        ("gas", "1.25"),
        ("gas", "much"),
        ("gas", "9999999"),
        ("power-limit", "0.5"),
        ("beer", "1"),
        ("test", "36"),
        ("test", "1", "--manufacturer", "1"),
        ("gas", "1", "--at", "noon"),
        ("gas", "1", "--ea", "9"),
        ("gas", "1", "--base-date", "2015"),
        ("gas", "1", "--sgc", "12"),
        ("gas", "1", "--sgc", ""),
        ("key-change", "beer=1"),
        ("key-change", "krn=x"),
        ("key-change", "krn=10"),
        ("key-change", "base-date=2000"),
    ],
)
def test_what_cannot_be_meant_is_an_error_of_usage(words: tuple[str, ...], keys: Path) -> None:
    code, out, error = run(
        "encode", PAN, *words[:2], "--keys", keys, *(() if "--sgc" in words else GROUP[:2]), *words[2:]
    )
    assert (code, out) == (2, "")
    assert error.startswith("openami: ")
    assert len(error.splitlines()) == 1


def test_a_wrong_number_of_a_meter(keys: Path) -> None:
    code, _, error = run("encode", "600727000000000008", "gas", "1", *GROUP, "--keys", keys)
    assert code == 2
    assert "Luhn" in error


def test_tests_need_no_key() -> None:
    [made] = told("encode", PAN, "test", "0")
    assert made["token"] == "00000000000150997584"
    [read] = told("decode", made["token"])
    assert (read["tests"], read["manufacturer"]) == ([0], 0)
    [everything] = told("encode", PAN, "test", "all", "--manufacturer", "0042")
    assert (everything["tests"], everything["manufacturer"], everything["class"]) == ("all", 42, "1.1")


@pytest.mark.parametrize(("ea", "number"), [("7", 2), ("11", 4)])
def test_key_change_tokens(ea: str, number: int, keys: Path) -> None:
    common = (*GROUP, "--ea", ea, "--keys", keys)
    made = told("encode", PAN, "key-change", "krn=2,ti=7,base-date=2014", *common)
    assert len(made) == number
    assert (made[0]["krn"], made[0]["rollover"], made[1]["ti"]) == (2, True, 7)
    assert told("decode", *(row["token"] for row in made), "--meter", PAN, *common) == made


def test_a_token_of_another_meter(keys: Path) -> None:
    code, _, error = run("decode", TOKEN, "--meter", "000001000000000082", *GROUP, "--keys", keys)
    assert code == 1
    assert "CRC" in error
    code, _, error = run("decode", TOKEN, *GROUP, "--keys", keys)
    assert (code, "--meter" in error) == (2, True)


def test_keys_are_shown_only_when_asked_for(keys: Path) -> None:
    [row] = told("keys", PAN, *GROUP, "--keys", keys)
    assert DECODER not in json.dumps(row)
    assert (row["pan_block"], row["control"], row["dkga"]) == ("0072700000000000", "2123457011FFFFFF", "04")
    assert len(str(row["check_value"])) == 6
    [shown] = told("keys", PAN, *GROUP, "--keys", keys, "--show")
    assert shown == {**row, "key": DECODER}
    code, out, _ = run("keys", PAN, "000001000000000082", *GROUP, "--keys", keys)
    assert code == 0
    assert DECODER not in out


def test_tables_of_an_operator(keys: Path, tmp_path: Path) -> None:
    tables = tmp_path / "tables.toml"
    tables.write_text(
        f"substitution_1 = {[*range(1, 16), 0]}\nsubstitution_2 = {[15, *range(15)]}\n"
        f"permutation = {[place * 5 % 64 for place in range(64)]}\n",
        encoding="utf-8",
    )
    common = (*GROUP, "--ea", "7", "--keys", keys)
    [sample] = told("encode", PAN, "gas", "1", *common, *ISSUED)
    [own] = told("encode", PAN, "gas", "1", *common, *ISSUED, "--tables", tables)
    assert own["token"] != sample["token"]
    assert told("decode", own["token"], "--meter", PAN, *common, "--tables", tables) == [own]
    tables.write_text("", encoding="utf-8")
    code, _, error = run("encode", PAN, "gas", "1", *common, *ISSUED, "--tables", tables)
    assert (code, "substitution_1" in error) == (1, True)
