"""Codes and alarm bits of the ESMR face against the outside tables."""

import csv
from pathlib import Path

from openami.meters.faces import esmr

LOGS = {
    "standard": "standard",
    "fraud": "fraud",
    "communication session": "session",
    "power quality": "power_quality",
    "power quality extended": "power_quality_extended",
}


def table(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "facts/data" / name).open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if "ESMR5" in row["edition"]]


def test_event_codes_are_those_of_the_market(shared: Path) -> None:
    expected: dict[str, dict[int, str]] = {name: {} for name in esmr.EVENTS}
    for row in table(shared, "smr5_events.csv"):
        if row["log"] in LOGS and row["meaning"] != "reserved":
            expected[LOGS[row["log"]]][int(row["code"])] = row["meaning"]
    assert expected == esmr.EVENTS


def test_alarm_bits_are_those_of_the_manual(shared: Path) -> None:
    expected = {
        int(code): int(row["bit"])
        for row in table(shared, "smr5_alarms.csv")
        if not 16 <= int(row["bit"]) <= 55 and row["meaning"] != "reserved"
        for code in row["event_codes"].split(",")
        if code
    }
    assert expected == esmr.ALARMS


def test_every_code_the_meter_writes_has_a_meaning() -> None:
    for name, (log, code) in esmr.FACE.events.items():
        assert log == "power_failure" or code in esmr.EVENTS[log], name
    assert {esmr.TECHNICAL_MAINTENANCE, *esmr.SESSION_EVENTS.values()} <= esmr.EVENTS["session"].keys()


def test_alarms_by_name_are_those_by_code() -> None:
    raised = {code for name, (log, code) in esmr.FACE.events.items() if name in esmr.FACE.alarms}
    assert raised == esmr.ALARMS.keys()
    assert all(esmr.FACE.alarms[name] == ((0, esmr.ALARMS[esmr.FACE.code(name)]),) for name in esmr.FACE.alarms)
