"""Products: CompactIQ against data sheet and object list; mistakes of a file told by file and key."""

import csv
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from meters.small_fleet import compactiq
from openami.core.errors import DefinitionError
from openami.core.obis import OBIS
from openami.meters import product
from openami.meters.definition import products
from openami.meters.product import load_from

FIGURES = {identity: figure for figure in compactiq().figures.values() for identity in figure.feature}


@cache
def stated(shared: Path) -> dict[str, Any]:
    text = (shared / "features.yaml").read_text(encoding="utf-8")
    [model] = [p for p in yaml.safe_load(text)["products"].values() if p["system"] == "compactiq"]
    return {feature["id"]: feature for feature in model["features"]}


@pytest.mark.parametrize("identity", [pytest.param(i, marks=pytest.mark.feature(i)) for i in sorted(FIGURES)])
def test_a_figure_of_the_data_sheet_is_as_printed(identity: str, shared: Path) -> None:
    assert FIGURES[identity].value == stated(shared)[identity]["value"]


def test_every_figure_of_the_data_sheet_is_there(shared: Path) -> None:
    data = {identity for identity, feature in stated(shared).items() if feature["kind"] == "data"}
    assert data == FIGURES.keys()


def test_every_citation_is_a_stated_function(shared: Path) -> None:
    assert compactiq().features <= stated(shared).keys()


def test_features_toml_lists_every_stated_function(shared: Path) -> None:
    stated_ids = yaml.safe_load((shared / "features.yaml").read_text(encoding="utf-8"))["products"].values()
    listed = tomllib.loads((Path(product.__file__).parents[1] / "features.toml").read_text(encoding="utf-8"))
    assert listed == {
        p["system"]: {f["id"]: {"name": f["name"], "kind": f["kind"]} for f in p["features"]} for p in stated_ids
    }


# The object list: rows of the outside table for an ESMR 5.1 three-phase meter without M-Bus, THD and CDMA.

WITHOUT_LAW = {
    "PHASE_OUTAGE_TEST", "IMAGE_TRANSFER", "LTE_MODEM_IMAGE_TRANSFER", "LTE_FIRMWARE_LOCATION",
    "LTE_FIRMWARE_DOWNLOAD_TIME", "LTE_PING_ADDRESS", "LTE_REJECTION_CAUSE", "LTE_MONITORING_PROFILE",
    "DEFINABLE_LOAD_PROFILE", "POWER_QUALITY_PROFILE_1", "POWER_QUALITY_PROFILE_2", "AMR_PROFILE_STATUS_PQ1",
    "AMR_PROFILE_STATUS_PQ2", "AUXILIARY_EVENT_CODE", "AUXILIARY_EVENT_LOG",
}  # fmt: skip
"""Behind these stands nothing yet: averages, image transfer, the modem's own upgrade, the auxiliary log."""

OTHERS = ("MBUS", "_G", "CDMA", "GPRS", "THD", "P1_PORT", "ALARM_REGISTER_", "ALARM_FILTER_")


def belongs(row: dict[str, str]) -> bool:
    if "ESMR5" in row["edition"]:
        return "MBUS" not in row["name"]
    if row["name"] == "LTE_DIAGNOSTIC" or row["name"].startswith("POWER_QUALITY_EXTENDED"):
        return True
    of_smr = row["edition"] == "SMR5" and row["since"] in ("4.2.2", "5.0.0", "5.1") and "PP" in row["meter_types"]
    return of_smr and not any(mark in row["name"] for mark in OTHERS)


def test_the_object_list_is_that_of_the_market(shared: Path) -> None:
    with (shared / "facts/data/smr5_objects.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if belongs(row)]
    averages = ("AVERAGE_", "NUMBER_OF_VOLTAGE_S")
    expected = {
        (int(row["class_id"]), OBIS.parse(row["obis"]))
        for row in rows
        if row["name"] not in WITHOUT_LAW and not row["name"].startswith(averages)
    }
    assert len(expected) > 70
    assert expected <= compactiq().by_key.keys()


def test_versions_are_those_of_the_market(shared: Path) -> None:
    with (shared / "facts/data/smr5_objects.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if belongs(row) and row["version"]]
    held = {(d.key[0], d.key[1]): d.interface.version for d in compactiq().objects}
    stated_versions = {(int(r["class_id"]), OBIS.parse(r["obis"])): int(r["version"]) for r in rows}
    differing = {key for key in held.keys() & stated_versions.keys() if held[key] != stated_versions[key]}
    assert not differing


def test_defects_of_the_public_files_are_not_copied() -> None:
    association = compactiq().by_name["association"]
    assert association.contents["security_setup_reference"].value == OBIS.parse("0.0.43.0.0.255")
    names = {str(definition.logical_name) for definition in compactiq().objects}
    assert not {"1.0.21.4.0.255", "0.96.10.6.0.255"} & names
    columns = compactiq().constant("daily_values_e", "capture_objects")
    assert len(set(columns)) == 6


@pytest.mark.feature("IQ0404100K1-R-54")
def test_there_are_six_logs() -> None:
    logs = [d.name for d in compactiq().objects if d.source("buffer").startswith("log.")]
    assert len(logs) == 6


# Mistakes


def folder(tmp_path: Path, old: str = "", new: str = "", *, base: bool = True) -> Path:
    """The product files with a text replaced."""
    (tmp_path / "base").mkdir()
    for name, is_base in (("compactiq.toml", False), ("base/esmr.toml", True)):
        text = products().joinpath(*name.split("/")).read_text(encoding="utf-8")
        if is_base is base and old:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


MISTAKES = {
    "logical name": ("\"0.0.42.0.0.255\"", "\"0.0.42.0.0255\"", "object logical_device_name.logical_name", "group"),
    "class": ("class = \"Clock\"", "class = \"Klock\"", "object clock.class", "'Klock'"),
    "attribute": ("clock_base = 1", "clock_bass = 1", "object clock.clock_bass", "no attribute clock_bass"),
    "source": (
        "source = \"clock.time\" }\ntime_zone", "source = \"clock.tyme\" }\ntime_zone",
        "object clock.time", "'clock.tyme'",
    ),
    "type": (
        "type = \"unsigned\", source = \"status", "type = \"unsinged\", source = \"status",
        "amr_profile_status_interval_e.value", "'unsinged'",
    ),
    "unit": ("unit = \"Wh\"", "unit = \"Whh\"", "active_energy_import.scaler_unit", "'Whh'"),
    "member": ("{ scaler = 0, unit", "{ scalar = 0, unit", "scaler_unit", "scalar"),
    "reference": ("\"clock.time\",", "\"klock.time\",", "object interval_values_e.capture_objects", "klock"),
    "reference's attribute": ("\"clock.time\",", "\"clock.tyme\",", "object interval_values_e.capture_objects", "tyme"),
    "right to write": ("write = [\"time\", ", "write = [\"clock_base\", ", "object clock.write", "clock_base"),
    "law that takes nothing": (
        "write = [\"entries\"]", "write = [\"entries\", \"logical_name\"]",
        "object special_days_table.write", "logical_name",
    ),
    "method": ("methods = [\"insert\", ", "methods = [\"insertt\", ", "object special_days_table.methods", "insertt"),
    "client": ("clients = [\"public\"]", "clients = [\"pubic\"]", "object association.clients", "pubic"),
    "two kinds": ("setting = 101 }", "setting = 101, value = 1 }", "object auto_connect.mode", "one of"),
    "range": ("{ setting = 101 }", "{ setting = 1010 }", "object auto_connect.mode", "1010"),
    "same name": ("name = \"device_id_2\"", "name = \"device_id_1\"", "object device_id_1.name", "twice"),
    "same place": ("\"0.0.96.1.1.255\"", "\"0.0.96.1.0.255\"", "object device_id_2.logical_name", "device_id_1"),
    "no logical name": ("logical_name = \"0.0.96.1.1.255\"\n", "", "object device_id_2.logical_name", "required"),
    "repeat": ("\"power.active.{way}.l{phase}\"", "\"power.active.{way}.l{fase}\"", "", "fase"),
    "table": ("[[association]]", "[[associations]]", "association", ""),
    "syntax": ("class = \"Clock\"", "class = Clock", "", "line"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_by_file_and_key(name: str, tmp_path: Path) -> None:
    old, new, key, word = MISTAKES[name]
    with pytest.raises(DefinitionError) as caught:
        load_from("compactiq", folder(tmp_path, old, new))
    assert caught.value.file.endswith(".toml")
    assert key in caught.value.key
    assert word in str(caught.value)
    assert "\n" not in str(caught.value)


HEAD_MISTAKES = {
    "unknown key": ('vendor = "XEMEX"', 'vendor = "XEMEX"\ncolour = "grey"', "product.colour"),
    "wrong kind": ("phases = 3", "phases = 2", "product.phases"),
    "no number": ("interval_s = 900", 'interval_s = "900"', "metering.interval_s"),
    "missing": ('title = "CompactIQ"\n', "", "product.title"),
    "figure without value": ("value = 50\n", "", "figure.frequency_hz.value"),
    "extends nothing": ('extends = "base/esmr"', 'extends = "base/esrm"', ""),
    "extends itself": ('extends = "base/esmr"', 'extends = "compactiq"', "extends"),
}


@pytest.mark.parametrize("name", HEAD_MISTAKES)
def test_a_mistake_of_the_product_is_told_by_key(name: str, tmp_path: Path) -> None:
    old, new, key = HEAD_MISTAKES[name]
    with pytest.raises(DefinitionError) as caught:
        load_from("compactiq", folder(tmp_path, old, new, base=False))
    assert caught.value.file.endswith(".toml")
    assert caught.value.key.startswith(key)


def test_an_unknown_product_is_named_with_those_there_are() -> None:
    with pytest.raises(DefinitionError, match=r"no product is called 'compactik'; there are .*compactiq"):
        product.load("compactik")


def test_a_product_says_what_it_extends_only_once(tmp_path: Path) -> None:
    changed = load_from("compactiq", folder(tmp_path, "profile_entries = 960", "profile_entries = 7", base=False))
    held = changed.by_name["interval_values_e"]
    assert changed.constant("interval_values_e", "profile_entries") == 7
    assert held.source("buffer") == "profile.interval"
    assert held.features == ("IQ0404100K1-R-92",)


def test_a_source_is_no_constant() -> None:
    with pytest.raises(DefinitionError, match=r"object clock\.time: expected a constant"):
        compactiq().constant("clock", "time")
