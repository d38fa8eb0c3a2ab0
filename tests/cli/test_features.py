"""The ledger of shown features: only what is marked, known and passed counts."""

import json
from pathlib import Path

from typer.testing import CliRunner

from openami.cli import app

RUNNER = CliRunner()

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite name="pytest">
  <testcase classname="tests.a" name="passes">
    <properties>
      <property name="feature" value="{first}"/><property name="feature" value="CM1-01"/>
    </properties>
  </testcase>
  <testcase classname="tests.a" name="passes_too">
    <properties><property name="feature" value="CM1-02"/></properties>
  </testcase>
  <testcase classname="tests.a" name="fails">
    <properties><property name="feature" value="CM1-02"/></properties><failure message="no"/>
  </testcase>
  <testcase classname="tests.a" name="skips">
    <properties><property name="feature" value="CM1-03"/></properties><skipped message="no"/>
  </testcase>
  <testcase classname="tests.a" name="unmarked"/>
</testsuite></testsuites>
"""


def collected(tmp_path: Path, first: str = "IQ0404100K1-R-92") -> Path:
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(first=first))
    return report


def run(tmp_path: Path, *arguments: str) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["features", "--ledger", str(tmp_path / "features.json"), *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_only_features_whose_tests_all_passed_are_shown(tmp_path: Path) -> None:
    code, out, _ = run(tmp_path, "--collect", str(collected(tmp_path)), "--json")
    products = json.loads(out)["products"]
    assert code == 0
    assert json.loads((tmp_path / "features.json").read_text())["shown"] == ["CM1-01", "IQ0404100K1-R-92"]
    assert (products["compactiq"]["shown"], products["cm1"]["shown"]) == (1, 1)
    assert "CM1-02" in products["cm1"]["open"]
    assert "CM1-01" not in products["cm1"]["open"]
    assert products["compactiq"]["total"] == 1 + len(products["compactiq"]["open"])


def test_without_a_report_nothing_is_shown(tmp_path: Path) -> None:
    _, out, _ = run(tmp_path, "--json")
    products = json.loads(out)["products"]
    assert set(products) >= {
        "im351",
        "cm1",
        "ad11a",
        "ad13a",
        "sims8",
        "sed102",
        "sed302",
        "compactiq",
        "c3a1h",
    }
    assert all(product["shown"] == 0 for product in products.values())


def test_the_table_says_what_is_open(tmp_path: Path) -> None:
    _, out, _ = run(tmp_path, "--collect", str(collected(tmp_path)))
    assert "CM1-02" in out
    assert "IM351-01" not in out  # nothing of it is shown yet: its count says enough
    _, out, _ = run(tmp_path, "im351")
    assert "IM351-01" in out
    assert "CM1-02" not in out


def test_a_mark_nobody_states_is_an_error(tmp_path: Path) -> None:
    code, _, err = run(tmp_path, "--collect", str(collected(tmp_path, "IQ-1")))
    assert (code, err.strip()) == (1, "openami: passes is marked with 'IQ-1', which nobody states")


def test_an_unknown_product_is_an_error_of_usage(tmp_path: Path) -> None:
    code, _, err = run(tmp_path, "nosuch")
    assert code == 2
    assert "no product 'nosuch'; there are" in err
