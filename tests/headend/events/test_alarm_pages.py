"""The pages of alarms and outages in a real browser: an alarm is acknowledged, a case is closed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from headend import stores
from headend.fake_meters import installation, serial_of
from headend.web.conftest import Service, serving
from headend.web.seed import NOW, scenario
from openami.headend.collection.tables import open_database
from openami.headend.events import raising
from openami.headend.events.alarm_bits import family
from openami.headend.outage import engine, signals
from openami.headend.registry.service import meters

pytest.importorskip("playwright")

from playwright.sync_api import Page, expect, sync_playwright

pytestmark = [pytest.mark.slow, pytest.mark.feature("SIMS-15")]
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setattr(stores, "current", stores.FILE)
    settings = installation(tmp_path, 3)
    known = family("esmr")
    assert known is not None
    database = open_database(settings)
    with database.write() as unit:
        first = meters(unit, [1])[1]
        bits = tuple(known.split("0.0.97.98.0.255", 1 << 13 | 1 << 1))
        raising.raise_all(unit, [raising.Told(first, NOW - 60, bits, raising.PUSH, is_proved=False)])
        for meter in (1, 2, 3):
            signals.down(unit, meter, NOW - 900)
        engine.settle(unit, NOW, settings.watch)
    database.close()
    with serving(settings, scenario(tmp_path), "--no-collect") as opened:
        yield opened


@pytest.fixture
def page(service: Service) -> Iterator[Page]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        opened = browser.new_page()
        opened.on("console", lambda told: faults.append(told.text) if told.type in {"error", "warning"} else None)
        opened.on("pageerror", lambda error: faults.append(str(error)))
        yield opened
        browser.close()
    assert faults == []


def test_an_alarm_is_acknowledged_and_a_case_is_closed(service: Service, page: Page) -> None:
    page.goto(f"{service.url}/alarms")
    alarm = page.get_by_role("article", name="Alarm 2", exact=True)
    expect(alarm).to_contain_text("fraud attempt")
    expect(alarm).to_contain_text("not proved")
    page.get_by_label("Note on alarm 2").fill("seal was cut")
    alarm.get_by_role("button", name="Acknowledge").click()
    expect(alarm).to_have_count(0)
    expect(page.get_by_role("table")).to_contain_text("seal was cut")
    case = page.get_by_role("article", name="Case 1", exact=True)
    case.get_by_role("button", name="Confirmed").click()
    expect(page.locator(".told").last).to_contain_text("expected a sentence")
    page.get_by_label("Note on case 1").fill("a magnet was found")
    case.get_by_role("button", name="Confirmed").click()
    expect(page.get_by_text("No open case")).to_be_visible()
    assert page.locator(f"a[href='/meters/{serial_of(0)}']").count()


def test_the_outage_stands_there_with_the_indices(service: Service, page: Page) -> None:
    page.goto(f"{service.url}/outages")
    expect(page.get_by_role("table")).to_contain_text("neighbourhood")
    expect(page.locator(".tile", has_text="Without supply")).to_contain_text("3")
    expect(page.locator(".tile", has_text="SAIFI")).to_contain_text("1.000")
