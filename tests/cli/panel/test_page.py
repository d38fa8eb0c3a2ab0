"""The front as a page, in a real browser: it lives, its button and its covers work, and it is this machine's alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from cli.panel.browsing import DESKTOP, PHONE, launched, opened, served


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("compactiq", tmp_path_factory.mktemp("panel")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    yield from opened(browser.new_context(viewport=DESKTOP, color_scheme=request.param), url)


def lcd(page: Page) -> str:
    return page.locator("#lcd").get_attribute("aria-label") or ""


def closed(page: Page) -> None:
    """Close the cover, whatever the test before has left."""
    page.get_by_label("terminal cover", exact=True).uncheck()
    expect(page.locator("#mode")).not_to_contain_text("service")


def test_it_says_what_it_is(page: Page) -> None:
    assert page.title() == "CompactIQ IQ0404100K1-R · OpenAMI"
    expect(page.locator(".mark").first).to_have_text("SIMULATED")
    expect(page.locator("#ratings")).to_have_text("2000 imp/kWh · 2000 imp/kvarh")
    expect(page.locator("#serial")).to_have_text(re.compile(r"^OAMSIM\d+$"))
    assert page.locator(".led").count() == 2


def test_the_button_turns_the_display_over(page: Page) -> None:
    closed(page)
    expect(page.locator("#mode")).to_have_text(re.compile("automatic|manual"), timeout=7000)
    button = page.get_by_role("button", name="Scroll")
    button.click()
    expect(page.locator("#mode")).to_contain_text("manual")
    before = lcd(page)
    button.click()
    expect(page.locator("#lcd")).not_to_have_attribute("aria-label", before)
    place = page.locator("#mode").inner_text()
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#mode")).not_to_have_text(place)


def test_the_cover_leads_to_service_mode_and_energies_have_thousandths(page: Page) -> None:
    closed(page)
    page.get_by_label("terminal cover", exact=True).check()
    expect(page.locator("#mode")).to_contain_text("service")
    for _ in range(12):
        page.get_by_role("button", name="Scroll").click()
        page.wait_for_timeout(150)
        if "kWh" in lcd(page):
            break
    assert re.search(r"\d{6}\.\d{3} kWh", lcd(page))
    closed(page)


def test_the_load_moves_and_the_diodes_with_it(page: Page) -> None:
    page.locator("input[name=amps_l1]").fill("60")
    expect(page.locator("label.dial", has_text="current L1").locator("output")).to_have_text("60 A")
    expect(page.locator(".led i.on").first).to_be_attached(timeout=4000)
    for phase in (1, 2, 3):
        page.locator(f"input[name=amps_l{phase}]").fill("0")
    expect(page.locator(".led").first).to_have_attribute("title", "steady")
    page.locator("input[name=amps_l1]").fill("2")
    expect(page.locator(".led").first).to_have_attribute("title", "flashing")


def test_the_clock_runs_as_fast_as_it_is_told(page: Page) -> None:
    page.get_by_role("button", name="600×", exact=True).click()
    expect(page.locator("#speed")).to_have_text("600×")
    page.get_by_role("button", name="1×", exact=True).click()
    expect(page.locator("#speed")).to_be_hidden()


def test_a_fault_of_the_menu_is_done_or_refused_in_words(page: Page) -> None:
    page.get_by_label("Fault", exact=True).select_option("battery_mv")
    box = page.get_by_label("What to do")
    box.fill("full")
    page.get_by_role("button", name="Do").click()
    expect(page.locator("#said")).to_contain_text("battery_mv: 'full': expected a number")
    box.fill("3300")
    box.press("Enter")
    expect(page.locator("#said")).to_have_text("")


def test_without_supply_the_glass_is_dark(page: Page) -> None:
    closed(page)
    page.get_by_label("supply off").check()
    expect(page.locator("#lcd")).to_have_attribute("aria-label", "dark")
    expect(page.locator("#glass")).not_to_have_class(re.compile("lit"))
    at = page.locator("#clock").inner_text()
    expect(page.locator("#clock")).not_to_have_text(at)  # an outage lasts a second at least
    page.get_by_label("supply off").uncheck()
    expect(page.locator("#mode")).to_contain_text("power on")


def test_it_fits_a_phone(browser: Browser, url: str) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    for page in opened(context, url):
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.get_by_role("button", name="Scroll").tap()


def test_no_other_site_reaches_it(url: str) -> None:
    assert httpx.get(url).status_code == 200
    assert httpx.get(url, headers={"host": "meter.example"}).status_code == 403
    assert httpx.get(url, headers={"origin": "http://meter.example"}).status_code == 403
    assert httpx.get(f"{url}stand.py").status_code == 404
    assert httpx.get(f"{url}..%2fstand.py").status_code == 404
    upgrade = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    key = {"sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "origin": "http://meter.example"}
    assert httpx.get(f"{url}live", headers=upgrade | key).status_code == 403


def test_the_folder_keeps_the_meter(url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    [folder] = Path(tmp_path_factory.getbasetemp()).glob("panel[0-9]*")
    assert {"fleet.json", "clock.json"} <= {path.name for path in folder.iterdir()}
