"""The pages in a real browser: signing in, four eyes by keyboard alone, and a role that goes while a page is open."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headend.accounts.office import PASSWORD
from headend.fake_meters import serial_of
from openami.headend.accounts import people, roles
from openami.headend.kit.database import Database

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect, sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
SIZES = {"desktop": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}
PAGES = ("/account", "/users", "/users/vic", "/proposals", "/audit", "/alarms", "/outages", "/keys")


@dataclass
class Served:
    """An installation with staff, in a process of its own."""

    url: str
    database: Path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
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


@contextlib.contextmanager
def window(
    browser: Browser, served: Served, login: str, size: str = "desktop", scheme: str = "light"
) -> Iterator[Page]:
    """A window in which somebody has signed in; nothing may go wrong in it."""
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{served.url}/meters")
    assert page.url.endswith("/sign-in?next=/meters")
    for name, text in (("login", login), ("password", PASSWORD)):
        page.wait_for_function(f"document.activeElement?.name === '{name}'")
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/meters")
    yield page
    assert faults == []
    context.close()


def opened(page: Page, served: Served, path: str) -> None:
    page.goto(served.url + path)
    page.wait_for_selector(".panel, .empty")
    page.wait_for_function("window.socket?.connected ?? true")
    page.wait_for_timeout(300)


def walk_to(page: Page, name: str) -> None:
    """Press Tab until the button of that name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText?.trim()") == name:
            return
    raise AssertionError(f"no way to {name} by keyboard")


@pytest.mark.slow
@pytest.mark.feature("SIMS-05")
def test_four_eyes_by_keyboard_alone(browser: Browser, served: Served) -> None:
    with window(browser, served, "ada") as ada, window(browser, served, "bob") as bob:
        opened(ada, served, "/users/sam")
        walk_to(ada, "Give the role")
        ada.keyboard.press("Enter")
        expect(ada.get_by_role("status")).to_contain_text("another person has to approve", timeout=20_000)
        opened(ada, served, "/proposals")
        card = ada.get_by_role("article")
        expect(card).to_contain_text("Make Sam", timeout=20_000)
        expect(card.get_by_role("button", name="Approve")).to_have_count(0)
        opened(bob, served, "/proposals")
        expect(bob.get_by_role("article")).to_contain_text("proposed by ada", timeout=20_000)
        walk_to(bob, "Approve")
        bob.keyboard.press("Enter")
        expect(bob.get_by_role("status").first).to_contain_text("Done: sam is viewer in /", timeout=20_000)
        expect(ada.get_by_role("article")).to_have_count(0, timeout=20_000)  # her page follows by itself


@pytest.mark.slow
@pytest.mark.feature("SIMS-04")
def test_a_button_outlives_no_role(browser: Browser, served: Served) -> None:
    """The page was opened with the right to read on demand; the button is still there when the right is gone."""
    from headend.fake_meters import serial_of

    database = Database(served.database)
    with window(browser, served, "olga") as olga, contextlib.closing(database):
        opened(olga, served, f"/meters/{serial_of(0)}")
        with database.write() as unit:
            number = people.by_login(unit, "olga").id
            roles.end(unit, number, "operator", "/", 2_000)
            roles.grant(unit, number, "viewer", "/", 2_000)
        olga.get_by_role("button", name="Read now").click()
        expect(olga.locator(".demand [role=status]")).to_contain_text("you may not read meters", timeout=20_000)
        with database.write() as unit:
            people.end_sign_ins(unit, number, 3_000)
            assert unit.value("SELECT count(*) FROM audit WHERE action = 'meter.read'") == 0
        olga.wait_for_url("**/sign-in", timeout=20_000)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "scheme"), [("desktop", "light"), ("desktop", "dark"), ("phone", "light")])
def test_pages_fit_and_are_quiet(browser: Browser, served: Served, size: str, scheme: str) -> None:
    with window(browser, served, "bob", size, scheme) as page:
        for path in PAGES:
            opened(page, served, path)
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path


@pytest.mark.slow
def test_a_change_of_keys_is_proposed_on_its_page_and_shows_no_key(browser: Browser, served: Served) -> None:
    with window(browser, served, "ed") as page:
        opened(page, served, "/keys")
        page.get_by_label("Serial numbers, apart by blanks").fill("nobody")
        page.get_by_role("button", name="Propose the change").click()
        expect(page.get_by_text("Meter nobody is not registered.")).to_be_visible()
        page.get_by_label("Serial numbers, apart by blanks").fill(serial_of(1))
        page.get_by_role("checkbox", name="Master").click()
        page.get_by_role("button", name="Propose the change").click()
        expect(page.get_by_text("another person has to approve it")).to_be_visible()
        opened(page, served, f"/meters/{serial_of(1)}")
        keys = page.get_by_role("table", name="Keys")
        expect(keys.get_by_text("promoted").first).to_be_visible()
        assert f"{1:032x}" not in page.content()
