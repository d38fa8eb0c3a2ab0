"""The pages in a real browser: a disconnect by keyboard and a second person, a job as it goes, the kill switch."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from headend.accounts.office import PASSWORD
from headend.accounts.test_pages import SIZES, browser

__all__ = ["browser"]
SLOW_MS = 20_000
MOST_TABS = 120

pytestmark = pytest.mark.slow


@dataclass
class Served:
    """Pages over virtual meters."""

    url: str
    serial: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("command-pages")
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith("http")), "")
        url, serial = line.split()
        yield Served(url, serial)
        process.terminate()


@contextlib.contextmanager
def window(
    browser: Browser, served: Served, login: str, size: str = "desktop", scheme: str = "light"
) -> Iterator[Page]:
    """A window in which somebody has signed in; nothing may go wrong in it."""
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(SLOW_MS)
    expect.set_options(timeout=SLOW_MS)
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{served.url}/sign-in?next=/commands")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/commands")
    try:
        yield page
    finally:
        context.close()
    assert faults == []


def press(page: Page, button: str) -> None:
    """Walk to a button with the Tab key alone, and press it."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.innerText?.trim()") == button:
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no {button} within {MOST_TABS} tabs")


@pytest.mark.feature("SIMS-05", "SIMS-11")
def test_a_meter_is_disconnected_by_keyboard_and_a_second_person(browser: Browser, served: Served) -> None:
    with window(browser, served, "olga") as olga, window(browser, served, "ann") as ann:
        olga.goto(f"{served.url}/meters/{served.serial}")
        panel = olga.get_by_role("region", name="Commands")
        expect(panel.get_by_role("button", name="Disconnect")).to_be_visible()
        press(olga, "Disconnect")
        expect(panel.get_by_role("status")).to_contain_text("another person has to approve it")
        ann.goto(f"{served.url}/proposals")
        expect(ann.get_by_role("heading", name=f"Disconnect meter {served.serial}")).to_be_visible()
        press(ann, "Approve")
        expect(panel).to_contain_text("connected → disconnected")
        panel.get_by_label("Message to the consumer").fill("Grüße")
        press(olga, "Send message")
        expect(panel).to_contain_text("Grüße")


def test_a_job_is_seen_and_all_is_stopped(browser: Browser, served: Served) -> None:
    with window(browser, served, "ada") as ada:
        job = ada.get_by_role("article", name="Job 1")
        expect(job).to_contain_text("4 done")
        expect(ada.get_by_role("article", name="Job 2")).to_contain_text("lets nobody switch it from afar")
        ada.get_by_label("Why").first.fill("wrong feeder")
        ada.get_by_role("button", name="Stop all commands").click()
        expect(ada.get_by_text("wrong feeder").first).to_be_visible()
        ada.get_by_role("button", name="Let commands go out").click()
        expect(ada.get_by_text("another person has to approve it")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("desktop", "dark"), ("phone", "light")])
def test_pages_stand_in_every_window(browser: Browser, served: Served, size: str, scheme: str, tmp_path: Path) -> None:
    with window(browser, served, "olga", size, scheme) as page:
        for place in ("/commands", f"/meters/{served.serial}"):
            page.goto(served.url + place)
            expect(page.get_by_role("region").first).to_be_visible()
            width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert width <= 0, f"{place} is too wide"
            page.screenshot(path=str(tmp_path / f"{place.split('/')[1]}-{size}-{scheme}.png"), full_page=True)
