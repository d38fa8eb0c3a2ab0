"""The page of radio meters in a real browser: discoveries, one made a meter's, what it then tells."""

from contextlib import closing
from pathlib import Path

import pytest

from headend.ert.hearing import SERIAL, START, ZONE, Counting, owned
from headend.web.conftest import chromium, serving
from openami.aio.clock import ScenarioClock
from openami.headend.collection.tables import open_database
from openami.headend.ert.intake import take
from openami.headend.kit.settings import Settings

__all__ = ["chromium"]
NEW = "OAMSIM00000000226"


@pytest.mark.slow
def test_a_discovery_becomes_a_meter_on_the_page(tmp_path: Path, chromium: str) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    settings = Settings(data=tmp_path / "data", zone=ZONE)
    ours, theirs = Counting(66_000_001), Counting(66_000_002)
    with closing(open_database(settings)) as database:
        owned(database, [ours])
        with database.write() as unit:
            take(unit, [*ours.day(), *theirs.day()], "roof")
    clock = tmp_path / "clock.json"
    ScenarioClock.create(clock, epoch=START + 90_000, speed=1.0)
    with serving(settings, clock, "--no-collect") as service, playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--disable-quic"]
        )
        page = browser.new_page()
        page.set_default_timeout(30_000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(service.url + "/radio")
        found = page.get_by_role("table", name="Discoveries")
        assert "66000002" in found.inner_text()
        assert SERIAL in page.get_by_role("table", name="Radio meters").inner_text()
        page.get_by_label("Endpoint", exact=True).fill("66000001")
        page.get_by_label("Serial number").fill(NEW)
        page.get_by_role("button", name="Register").click()
        page.get_by_text(f"endpoint 66000001 is that of meter {SERIAL} already.").wait_for()
        page.get_by_label("Endpoint", exact=True).fill("66000002")
        page.get_by_role("button", name="Register").click()
        page.get_by_text("Nobody else was heard").wait_for()
        page.get_by_role("link", name=NEW).wait_for()
        page.get_by_role("link", name=SERIAL).click()
        heard = page.get_by_role("table", name="Heard")
        heard.wait_for()
        assert "roof" in heard.inner_text()
        browser.close()
    assert errors == []
