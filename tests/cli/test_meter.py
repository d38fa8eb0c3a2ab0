"""`openami meter list` and `show`: what can be served, and how it is made."""

import json

from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()


def run(*arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["meter", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_list() -> None:
    code, out, _ = run("list")
    assert code == 0
    assert "compactiq" in out
    _, out, _ = run("list", "--json")
    (compactiq,) = [row for row in json.loads(out) if row["product"] == "compactiq"]
    assert (compactiq["vendor"], compactiq["face"]) == ("XEMEX", "esmr")


def test_show_says_identity_objects_rights_and_functions() -> None:
    code, out, _ = run("show", "compactiq")
    assert code == 0
    assert "1.0.99.1.0.255" in out
    assert "management (1)" in out
    assert "public (16)" in out
    assert "IQ0404100K1-R-92" in out


def test_show_as_json() -> None:
    _, out, _ = run("show", "compactiq", "--json")
    document = json.loads(out)
    (clock,) = [o for o in document["objects"] if o["class"] == 8]
    assert clock["logical_name"] == "0.0.1.0.0.255"
    assert clock["rights"]["public"].startswith("r")
    assert document["metering"]["interval_s"] == 900
    assert {row["client"] for row in document["associations"]} == {1, 16}


def test_an_unknown_product_names_those_there_are() -> None:
    code, _, err = run("show", "nosuch")
    assert code == 2
    assert err.startswith("openami: no product 'nosuch'; there are")
    assert "compactiq" in err
