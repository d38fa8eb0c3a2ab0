"""Pages that live: what a collector brings appears by itself, and a button reads a meter at once."""

import asyncio
import contextlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from headend.fake_meters import ManualClock, serial_of
from headend.web.conftest import Service, serving
from headend.web.seed import NOW, households, scenario, seed
from openami.aio.clock import ScenarioClock
from openami.headend.collection.worker import run

pytest.importorskip("playwright")

from playwright.sync_api import expect, sync_playwright

COUNT = 4


class Following(ManualClock):
    """Fake meters at the time of the scenario."""

    def __init__(self, path: Path) -> None:
        self.scenario = ScenarioClock(path)
        super().__init__(NOW)

    @property
    def at(self) -> float:
        return self.scenario.now()

    @at.setter
    def at(self, value: float) -> None:
        del value


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = seed(tmp_path, COUNT)
    with serving(settings, scenario(tmp_path, 240.0), "--no-collect") as opened:
        yield opened


@contextlib.contextmanager
def collecting(service: Service) -> Iterator[None]:
    """A collector on a thread, as another process would be."""
    reader = households(Following(service.clock), COUNT)
    reader.unreachable.add(serial_of(1))
    loop = asyncio.new_event_loop()
    task = loop.create_task(run(service.settings, ScenarioClock(service.clock), reader=reader))

    def work() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(task)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(20)
        loop.close()


def test_a_button_reads_and_the_page_follows(service: Service, chromium: str) -> None:
    with collecting(service), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{service.url}/meters/{serial_of(2)}")
        page.wait_for_timeout(700)
        page.evaluate("document.querySelector('section[aria-label=\"Last sessions\"] table').marked = true")
        page.get_by_role("button", name="Read now").click()
        expect(page.locator(".demand [role=status]")).to_contain_text("Read in")
        expect(page.locator("section[aria-label='Last sessions'] tbody tr").nth(2)).to_be_visible()
        assert page.evaluate("document.querySelector('section[aria-label=\"Last sessions\"] table').marked"), (
            "changed in place, not drawn anew"
        )
        page.goto(f"{service.url}/meters/{serial_of(1)}")
        page.wait_for_timeout(700)
        page.get_by_role("button", name="Read now").click()
        expect(page.locator(".demand [role=status]")).to_contain_text("connection refused")
        page.goto(service.url)
        # the scenario has passed three o'clock, and the hourly reading shows without a reload
        hourly = page.locator(
            "section[aria-label='Last sessions'] tbody tr", has_text=re.compile(r"1[5-9]:0\d:\d\d.*read")
        )
        expect(hourly.nth(2)).to_be_visible(timeout=25_000)
        assert faults == []
        browser.close()
