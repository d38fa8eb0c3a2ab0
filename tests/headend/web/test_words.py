"""Figures, times and names as people read them."""

from datetime import UTC, datetime

import pytest

from openami.headend.web import words

AMSTERDAM = "Europe/Amsterdam"


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def plain(text: str) -> str:
    return text.replace(words.SPACE, " ")


def test_figures_have_units_and_separators() -> None:
    assert plain(words.quantity(12345.6, "kWh", 1)) == "12 345.6 kWh"
    assert plain(words.number(-1_234_567)) == "−1 234 567"
    assert plain(words.energy(123)) == "0.123 kWh"
    assert plain(words.energy(12_345)) == "12.35 kWh"
    assert plain(words.energy(12_345_600)) == "12 345.6 kWh"


@pytest.mark.parametrize(
    ("part", "text"), [(1.0, "100 %"), (0.99999, "99.9 %"), (0.98, "98.0 %"), (0.0, "0.0 %"), (1.2, "100 %")]
)
def test_only_what_is_whole_is_called_a_hundred_percent(part: float, text: str) -> None:
    assert plain(words.share(part)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0424, "42 ms"),
        (4.25, "4.2 s"),
        (338, "5 min 38 s"),
        (600, "10 min"),
        (3600, "1 h"),
        (9_000, "2 h 30 min"),
        (3 * 86_400 + 5, "3 days"),
    ],
)
def test_spans(seconds: float, text: str) -> None:
    assert plain(words.span(seconds)) == text


def test_a_moment_is_as_short_as_it_is_clear() -> None:
    now = at("2026-11-20T13:47:20")
    assert words.moment(at("2026-11-20T08:00:05"), AMSTERDAM, now) == "09:00:05"
    assert words.moment(at("2026-11-19T23:30:00"), AMSTERDAM, now) == "00:30:00"
    assert words.moment(at("2026-11-19T22:30:00"), AMSTERDAM, now) == "19 Nov 23:30"
    assert words.moment(at("2025-11-19T22:30:00"), AMSTERDAM, now) == "19 Nov 2025 23:30"
    assert words.moment(None, AMSTERDAM, now) == words.NOTHING


def test_the_repeated_hour_is_told_apart() -> None:
    first, second = at("2026-10-25T00:30:00"), at("2026-10-25T01:30:00")
    assert words.instant(first, AMSTERDAM) == "Sun 25 Oct 2026 02:30:00 CEST"
    assert words.instant(second, AMSTERDAM) == "Sun 25 Oct 2026 02:30:00 CET"


def test_a_closing_at_midnight_ends_the_day_before() -> None:
    assert words.period(at("2026-11-18T23:00:00"), AMSTERDAM, is_month=False) == "Wed 18 Nov"
    assert words.period(at("2026-10-31T23:00:00"), AMSTERDAM, is_month=True) == "October 2026"


@pytest.mark.parametrize(
    ("logical_name", "text"),
    [
        ("1.0.1.8.1.255", "Import T1"),
        ("1.0.2.8.0.255", "Export"),
        ("1.0.3.8.2.255", "Reactive import T2"),
        ("0.0.96.7.19.255", "0.0.96.7.19.255"),
        ("nonsense", "nonsense"),
    ],
)
def test_registers_are_named_by_their_code(logical_name: str, text: str) -> None:
    assert words.register_name(logical_name) == text
