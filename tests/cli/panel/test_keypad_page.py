"""The keypad on the page, in a real browser: clicked and typed, tokens of `openami sts encode`, sound, card reader."""

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Browser, Page, expect

from cli.panel.browsing import DESKTOP, PHONE, launched, opened, served
from cli.panel.till import token

SLOW_MS = 20_000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served("sed302", tmp_path_factory.mktemp("keypad")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from launched()


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    for page in opened(browser.new_context(viewport=DESKTOP, color_scheme=request.param), url):
        expect(page.locator("#mode")).not_to_contain_text("power on", timeout=SLOW_MS)
        yield page


def shows(page: Page, text: str) -> None:
    """Wait for what the display shows."""
    expect(page.locator("#lcd")).to_have_attribute("aria-label", text, timeout=SLOW_MS)


def hint(page: Page) -> str:
    """The command that makes a token."""
    return page.locator("#hint code").text_content() or ""


def test_twelve_keys_are_clicked_and_typed(page: Page) -> None:
    assert page.locator("#keypad button").count() == 12
    page.get_by_role("button", name="1", exact=True).click()
    shows(page, "1-20 1")
    page.keyboard.type("2345")
    shows(page, "5-20 1234.5")
    page.keyboard.press("Backspace")
    shows(page, "4-20 1234")
    page.get_by_role("button", name="Back", exact=True).click()
    shows(page, "3-20 123")
    page.keyboard.press("Enter")
    shows(page, "no CodE")
    page.keyboard.type("09#")
    shows(page, "96.3.10 CLOSEd")
    page.keyboard.type("*")


def test_a_token_of_the_command_in_the_hint_closes_the_relay(page: Page) -> None:
    page.get_by_text("How to make a token for this meter").click()
    expect(page.locator("#hint code")).to_be_visible()
    number = page.locator("#number").inner_text()
    assert hint(page).startswith(f"openami sts encode {number} electricity 10 --sgc 123457 --last ")
    page.keyboard.type(token(hint(page), "clear-credit all"))
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.locator("#mode")).to_contain_text("relay open", timeout=SLOW_MS)
    expect(page.locator(".led", has_text="credit")).to_have_attribute("title", "blinking")
    expect(page.locator("#icons span", has_text="relay")).to_have_class("on")
    page.locator("#lcd").click()
    good = token(hint(page))
    page.keyboard.type(f"{good}#")
    shows(page, "ACCEPt")
    expect(page.locator("#mode")).not_to_contain_text("relay open")
    shows(page, "10.0 kWh")
    page.keyboard.type(f"{good}#")
    shows(page, "E 10 USEd")


def test_what_is_typed_into_a_field_is_not_for_the_keypad(page: Page) -> None:
    page.keyboard.press("*")
    page.get_by_label("What to do").fill("")
    page.get_by_label("What to do").focus()
    page.keyboard.type("123")
    expect(page.get_by_label("What to do")).to_have_value("123")
    assert "-20" not in (page.locator("#lcd").get_attribute("aria-label") or "")


LISTEN = """() => {
    const start = AudioParam.prototype.setValueAtTime;
    AudioParam.prototype.setValueAtTime = function (hertz, at) {
        document.body.dataset.heard = `${document.body.dataset.heard ?? ""} ${hertz}`;
        return start.call(this, hertz, at);
    };
}"""


def test_each_key_is_heard_and_a_refusal_sounds_otherwise(page: Page) -> None:
    page.evaluate(LISTEN)
    page.get_by_role("button", name="7", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-heard", " 2700", timeout=SLOW_MS)
    page.get_by_role("button", name="Enter", exact=True).click()
    expect(page.locator("body")).to_have_attribute("data-heard", re.compile(r" 900$"), timeout=SLOW_MS)


def test_a_card_is_held_to_the_reader(page: Page) -> None:
    def lay(hand: str, value: str) -> None:
        page.get_by_label("Fault", exact=True).select_option(hand)
        page.get_by_label("What to do").fill(value)
        page.get_by_role("button", name="Do", exact=True).click()

    page.get_by_label("module cover 2").check()
    lay("input_module", "nfc")
    expect(page.locator("#keypad")).to_be_hidden(timeout=SLOW_MS)
    page.get_by_label("Card with a token").fill(token(hint(page)))
    page.get_by_role("button", name="Hold to the reader").click()
    shows(page, "ACCEPt")
    lay("input_module", "keypad")
    expect(page.locator("#keypad")).to_be_visible(timeout=SLOW_MS)
    page.get_by_label("module cover 2").uncheck()


def test_it_fits_a_phone(browser: Browser, url: str) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    for page in opened(context, url):
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.get_by_role("button", name="5", exact=True).tap()
        shows(page, "1-20 5")
        page.get_by_role("button", name="Back", exact=True).tap()
