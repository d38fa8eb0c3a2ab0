"""The pages of tariffs and firmware in a real browser: what stands there, proposing, editing, light, dark, phone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, expect

from headend.accounts.test_pages import Served, browser, opened, window

__all__ = ["browser"]

PAGES = ("/tariffs", "/tariffs/Winter", "/tariffs/roll-outs/2", "/firmware", "/firmware/1")
WAIT_MS = 20_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http")
            yield Served(url, folder / "data" / "headend.db")
        finally:
            process.terminate()


@pytest.mark.slow
def test_a_calendar_is_edited_and_proposed_on_its_page(browser: Browser, served: Served) -> None:
    with window(browser, served, "ed") as page:
        opened(page, served, "/tariffs")
        expect(page.get_by_role("link", name="Winter")).to_be_visible(timeout=WAIT_MS)
        expect(page.get_by_text("5 written")).to_be_visible()
        opened(page, served, "/tariffs/Winter")
        expect(page.get_by_text("one rate on working days")).to_be_visible()
        expect(page.get_by_text("00:00 rate 2").first).to_be_attached()
        page.get_by_role("button", name="Propose").click()
        expect(page.get_by_role("status").first).to_contain_text("another person has to approve", timeout=WAIT_MS)
        editor = page.get_by_role("textbox", name="Calendar")
        editor.fill(editor.input_value().replace('"T2"', '"T3"'))
        page.get_by_label("What is new").fill("a new name")
        page.get_by_role("button", name="Keep as next version").click()
        expect(page.get_by_text("name: T2 → T3")).to_be_visible(timeout=WAIT_MS)


@pytest.mark.slow
def test_a_campaign_is_paused_and_resumed_on_its_page(browser: Browser, served: Served) -> None:
    with window(browser, served, "ed") as page:
        opened(page, served, "/firmware/1")
        expect(page.get_by_text("4 activating").first).to_be_visible(timeout=WAIT_MS)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("The campaign is paused.")).to_be_visible(timeout=WAIT_MS)
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("h1")).to_contain_text("running", timeout=WAIT_MS)
    with window(browser, served, "vic") as page:
        opened(page, served, "/firmware/1")
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_and_nothing_goes_wrong(browser: Browser, served: Served, size: str, scheme: str) -> None:
    with window(browser, served, "ed", size, scheme) as page:
        for path in PAGES:
            opened(page, served, path)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, path
