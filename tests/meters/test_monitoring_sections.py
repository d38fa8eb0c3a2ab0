"""Product files: mistakes in what is watched are refused by file and key; what a file says holds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from meters.switched import TEXT, switched
from openami.core.errors import DefinitionError
from openami.meters.alarms import face_of, logs_of
from openami.meters.product import load, load_from

MISTAKES: list[tuple[str, str, str, str]] = [
    ('signal = "power"', 'signal = "might"', "watch limiter", "no signal is called 'might'"),
    ("above = 22000000\n", "", "watch limiter", "one of above and below"),
    ("above = 22000000", "above = 1\nbelow = 2", "watch limiter", "one of above and below"),
    ("for_ds = 600", "for_ds = 0", "watch limiter", "0.1 s at least"),
    ('opens = "limiter"', 'opens = "whim"', "watch limiter.opens", "limiter"),
    ('begins = "battery_low"', 'begins = "battery_sad"', "watch battery.begins", "no event of the face sensemi"),
    ('latch = "magnet"', 'latch = "charm"', "watch magnet.latch", "magnet"),
    ('opens = "tamper"\nlatch = "magnet"', 'latch = "magnet"', "watch magnet", "opens the relay for tamper"),
    ("control_mode = 5", "control_mode = 8", "relay.control_mode", "6"),
    ('source = "relay.tamper"', 'source = "relay.dance"', "object tamper_relay.value", "no source is called"),
    ('source = "watch.limiter.seconds"', 'source = "watch.fuse.seconds"', "object limiter", "nothing is watched"),
    ("failed_logins = 3", "failed_logins = 0", "events.failed_logins", "1"),
    ("[events.log.disconnector]", "[events.log.diary]", "events.log", "'standard'"),
    ('[events.log.session]\ncolumns = ["code", "counter"]\n', "", "object communication_session", "has no log session"),
    ('face = "sensemi"', 'face = "brave"', "product.face", "esmr"),
]


@pytest.mark.parametrize(("good", "bad", "key", "message"), MISTAKES, ids=[key for _, _, key, _ in MISTAKES])
def test_a_mistake_is_refused_by_file_and_key(good: str, bad: str, key: str, message: str, tmp_path: Path) -> None:
    assert good in TEXT
    (tmp_path / "planted.toml").write_text(TEXT.replace(good, bad), encoding="utf-8")
    with pytest.raises(DefinitionError) as caught:
        load_from("planted", tmp_path)
    assert str(caught.value.file) == "planted.toml"
    assert str(caught.value.key).startswith(key)
    assert message in str(caught.value)


@pytest.mark.parametrize("section", ["relay", "clock"])
def test_what_needs_a_section_says_which(section: str, tmp_path: Path) -> None:
    start = TEXT.index(f"[{section}]")
    text = TEXT[:start] + TEXT[TEXT.index("\n\n", start) :]
    (tmp_path / "planted.toml").write_text(text, encoding="utf-8")
    if section == "clock":
        assert load_from("planted", tmp_path).monitoring.clock.sync_s.value == 0
        return
    with pytest.raises(DefinitionError, match=r"expected a section \[relay\]"):
        load_from("planted", tmp_path)


def test_a_product_changes_its_face(tmp_path: Path) -> None:
    product = switched(tmp_path)
    face, logs = face_of(product), logs_of(product)
    assert face.events["differential_current"] == ("fraud", 200)
    assert face.alarms["differential_current"] == ((0, 13),)
    assert (logs["disconnector"].entries, [*logs["disconnector"].columns]) == (60, ["code", "reason"])
    assert logs["communication"].entries == 1  # nobody sees it


@pytest.mark.parametrize(
    ("cited", "holds"),
    [
        pytest.param("IQ0404100K1-R-54", lambda logs: len(logs) == 6, marks=pytest.mark.feature("IQ0404100K1-R-54")),
        ("sizes", lambda logs: [log.entries for log in logs.values()] == [100, 30, 10, 100, 100, 2190]),
    ],
)
def test_compactiq_has_the_logs_of_its_manual(cited: str, holds: Callable[[object], bool]) -> None:
    assert holds(logs_of(load("compactiq"))), cited
