"""The shop in a real browser: a shift, a trial, a sale whose button is pressed twice, and somebody who may not sell."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headend.accounts.office import PASSWORD
from headend.fake_meters import serial_of
from headend.prepayment.counter import pan_of, read
from openami.headend.kit.database import Database

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
PATIENCE_MS = 30_000
TOKEN = re.compile(r"(\d{4} ){4}\d{4}")


@dataclass
class Served:
    """An office that sells, in a process of its own."""

    url: str
    database: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("shop")
    command = [sys.executable, str(Path(__file__).with_name("serving.py")), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http")
        yield Served(url, folder / "data" / "headend.db")
        process.terminate()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


def signed_in(browser: Browser, served: Served, login: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{served.url}/sign-in")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/")
    return page


def ready(page: Page) -> None:
    """Until buttons are heard: before the socket is connected a click goes nowhere."""
    page.wait_for_selector(".panel")
    page.wait_for_function("window.socket && window.socket.connected")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_sale_on_the_page(browser: Browser, served: Served) -> None:
    page = signed_in(browser, served, "vera")
    page.get_by_role("link", name="Shop").click()
    page.wait_for_url("**/shop")
    ready(page)
    page.get_by_role("button", name="Open shift").click()
    expect(page.get_by_text("Your shift is open.")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("Number or name begins with").fill("ünal")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=serial_of(0)).click()
    page.wait_for_url("**serial=*")
    ready(page)
    page.get_by_label("Money, ZAR").fill("200.00")
    page.get_by_role("button", name="Try").click()
    expect(page.get_by_role("table", name="Bill")).to_contain_text("97.7 kWh", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Sell").dblclick()
    expect(page.get_by_text("97.7 kWh").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".once h1")).to_have_text(TOKEN, timeout=PATIENCE_MS)
    expect(page.get_by_role("table", name="Vends")).to_contain_text(TOKEN, timeout=PATIENCE_MS)
    database = Database(served.database)
    with database.read() as unit:
        [(digits, tendered)] = unit.rows("SELECT t.digits, v.tendered FROM vend_token t JOIN vend v ON v.id = t.vend")
    database.close()
    assert (tendered, read(digits, pan_of(0)).units) == (20_000, 977)
    page.context.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_shop_is_for_those_who_sell(browser: Browser, served: Served) -> None:
    page = signed_in(browser, served, "vic")
    assert page.get_by_role("link", name="Shop").count() == 0
    answer = page.goto(f"{served.url}/shop?serial={serial_of(0)}")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_text("You may not sell prepayment tokens")).to_be_visible(timeout=PATIENCE_MS)
    assert not TOKEN.search(page.content())
    page.context.close()
