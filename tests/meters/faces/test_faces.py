"""Codes and alarm bits of the other faces against the outside tables, and what their words mean."""

import csv
from pathlib import Path

import numpy as np
import pytest

from metering.watched import Volts, fleet, run
from openami.metering.events import ENDS, Clearing, Face
from openami.meters.faces import FACES, ansi, esmr, idis, sensemi

LOG_NAMES = {
    "standard": "0.0.99.98.0.255",
    "fraud": "0.0.99.98.1.255",
    "disconnector": "0.0.99.98.2.255",
    "power_quality": "0.0.99.98.4.255",
    "communication": "0.0.99.98.5.255",
}
WORDS = {
    "power_down": "power down", "clock_old": "old date", "terminal_cover_open": "terminal cover removed",
    "magnet_on": "strong DC field", "relay_ready": "ready for manual reconnection", "relay_off_manual": "manual disc",
    "relay_on_manual": "manual conn", "relay_off_remote": "remote disc", "relay_on_remote": "remote conn",
    "relay_off_local": "local disconnection", "relay_on_local": "local reconnection", "relay_failed": "failure",
    "limiter_exceeded": "limiter threshold exceeded", "limiter_normal": "limiter threshold ok",
    "monitor_2": "monitor 2 threshold exceeded", "monitor_3_end": "monitor 3 threshold ok",
    "under_voltage_l2": "under-voltage L2", "over_voltage_l3": "over-voltage L3",
    "phase_outage_l1": "missing voltage L1",
    "voltage_normal_l3": "voltage normal L3", "unbalance": "asymmetry", "current_reversed_l2": "current reversal",
    "phase_sequence_wrong": "phase sequence", "neutral_missing": "missing neutral", "replay_attempt": "replay",
    "decryption_failed": "decryption", "firmware_verify_failed": "verification failed",
    "keys_changed": "key(s) changed",
}  # fmt: skip
ALARM_WORDS = {
    "clock_invalid": "clock invalid", "battery_replace": "battery replace", "ram_error": "RAM error",
    "magnet_on": "fraud attempt", "power_down": "total power failure", "power_up": "power resume",
    "phase_outage_l3": "voltage missing L3", "voltage_normal_l1": "voltage normal L1",
    "neutral_missing": "missing neutral", "unbalance": "asymmetry", "current_reversed_l1": "current reversal",
    "phase_sequence_wrong": "phase sequence",
    "keys_changed": "key exchanged", "relay_failed": "reconnect failure", "magnet_off": "end of fraud",
    "thd_l2": "bad voltage quality L2", "watchdog": "watchdog",
}  # fmt: skip


def rows(shared: Path, name: str) -> list[dict[str, str]]:
    with (shared / "facts/data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_events_of_idis_are_in_its_table_under_their_log(shared: Path) -> None:
    table = {(row["log"].split()[0], int(row["code"])): row["meaning"] for row in rows(shared, "idis_events.csv")}
    for name, (log, code) in idis.EVENTS.items():
        if log != "power_failure":
            assert (LOG_NAMES[log], code) in table, name
    for name, words in WORDS.items():
        log, code = idis.EVENTS[name]
        assert words in table[LOG_NAMES[log], code]


def test_alarms_of_idis_are_in_its_table(shared: Path) -> None:
    table = {(row["register"], int(row["bit"])): row["meaning"] for row in rows(shared, "idis_alarms.csv")}
    for name, bits in idis.ALARMS.items():
        for register, bit in bits:
            meaning = table[f"0.0.97.98.{register}.255", bit]
            assert ALARM_WORDS.get(name, "") in meaning, (name, meaning)


def test_the_vendor_range_of_sensemi_is_230_to_249() -> None:
    codes = [code for _, code in sensemi.VENDOR.values()]
    assert codes == [*range(230, 250)]
    assert {code for _, code in sensemi.EVENTS.values()} - {code for _, code in idis.EVENTS.values()} == set(codes)


def test_events_of_ansi_are_in_the_table_of_c12_19(shared: Path) -> None:
    table = {
        int(row["code"]): row["meaning"] for row in rows(shared, "c1219_codes.csv") if row["kind"] == "history event"
    }
    words = {
        "power_down": "power down", "clock_old": "old", "demand_reset": "demand reset", "tariff_activated": "activated",
        "ram_error": "RAM", "program_memory_error": "ROM", "nv_memory_error": "NV", "battery_low": "low battery",
        "magnet_on": "tamper", "current_reversed_l1": "reverse", "limiter_exceeded": "overload",
        "self_read": "self read",
        "relay_off_remote": "by command", "relay_off_local": "by condition", "terminal_cover_closed": "sealed",
    }  # fmt: skip
    assert set(ansi.CODES.values()) <= table.keys()
    assert all(word in table[ansi.CODES[name]] for name, word in words.items())
    assert (table[ansi.FACE.cleared], ansi.FACE.logs["event"].entries) == ("event log cleared", 420)


def test_faces_clear_each_in_its_way() -> None:
    assert esmr.FACE.clearing is Clearing.ONES
    assert idis.FACE.clearing is sensemi.FACE.clearing is Clearing.PRESENT
    assert (esmr.FACE.registers, idis.FACE.registers) == (1, 3)


@pytest.mark.parametrize("face", FACES.values(), ids=lambda face: face.name)
def test_every_event_goes_to_a_log_of_its_face_with_its_code(face: Face) -> None:
    state = fleet(face=face)
    for name, (log, code) in face.events.items():
        ring = state.logs[log]
        before = int(ring.count[0])
        state.event(name, np.array([0]), state.now, duration=7)
        assert ring.count[0] == before + 1, name
        column = "code" if "code" in ring.columns else "duration"
        assert ring.rows[0, before % ring.capacity][column] == (code if column == "code" else 7)
    assert face.named(*face.events["power_down"]) == "power_down"
    assert face.named("standard", 253) == ""


@pytest.mark.parametrize("face", FACES.values(), ids=lambda face: face.name)
def test_what_a_face_has_no_word_for_is_not_logged(face: Face) -> None:
    state = fleet(face=face)
    state.event("something_else", np.array([0]), state.now)
    run(state, 60, Volts())
    assert not any(ring.count.any() for ring in state.logs.values())


def test_what_begins_ends() -> None:
    assert not ENDS.keys() & set(ENDS.values())


@pytest.mark.feature("IQ0404100K1-R-64")
def test_the_standard_log_tells_twenty_kinds_of_change() -> None:
    kinds = {code for log, code in esmr.FACE.events.values() if log == "standard"}
    assert len(kinds) >= 20
    assert esmr.FACE.logs["standard"].entries == 100
