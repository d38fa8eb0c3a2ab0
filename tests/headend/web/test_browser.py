"""The pages in a real browser: what stands there, paging, search, zoom, phone width, colours, no errors."""

import re
from collections.abc import Iterator

import pytest

from headend.fake_meters import serial_of
from headend.web.conftest import Service

pytest.importorskip("playwright")

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
METER = f"/meters/{serial_of(2)}"
PAGES = ("/", "/meters", METER, f"/meters/{serial_of(7)}", "/meters?q=NONE")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


class Watched:
    """A page, and everything that went wrong on it."""

    def __init__(self, context: BrowserContext, service: Service) -> None:
        self.page: Page = context.new_page()
        self.service = service
        self.faults: list[str] = []
        self.page.on("console", lambda m: self.faults.append(m.text) if m.type in {"error", "warning"} else None)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("requestfailed", lambda request: self.faults.append(f"failed: {request.url}"))
        self.page.on("request", self._look)

    def _look(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith((self.service.url, self.service.url.replace("http", "ws"), "data:", "blob:")):
            self.faults.append(f"outside: {url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.service.url + path)
        self.page.wait_for_selector(".panel, .empty")
        return self.page


@pytest.fixture
def desktop(browser: Browser, service: Service) -> Iterator[Watched]:
    yield from watched(browser, service, viewport=DESKTOP)


@pytest.fixture
def phone(browser: Browser, service: Service) -> Iterator[Watched]:
    yield from watched(browser, service, viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)


def watched(browser: Browser, service: Service, **settings: object) -> Iterator[Watched]:
    context = browser.new_context(**settings)
    opened = Watched(context, service)
    yield opened
    assert opened.faults == []
    context.close()


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def tile(page: Page, label: str) -> str:
    return plain(page.locator(".tile", has_text=label).inner_text())


def panel(page: Page, title: str):
    return page.locator(f"section[aria-label='{title}']")


def settled(page: Page) -> None:
    """Wait until the websocket stands, so that buttons work."""
    page.wait_for_function("window.socket?.connected ?? true")
    page.wait_for_timeout(300)


def test_overview_shows_the_neighbourhood(desktop: Watched) -> None:
    page = desktop.open("/")
    assert page.title() == "Overview · OpenAMI"
    assert re.search(r"\d\d\.\d %", tile(page, "Read rate today"))
    assert re.search(r"of 100", tile(page, "Meters read today"))
    assert re.search(r"\d+\.\d kWh", tile(page, "Import today"))
    curve = panel(page, "Energy of the neighbourhood").locator(".chart svg path")
    expect(curve.first).to_be_attached()
    assert panel(page, "Read rate").locator("tbody tr").count() == 7
    failures = panel(page, "Not read").locator("tbody tr")
    assert failures.count() == 5
    expect(failures.filter(has_text=serial_of(12))).to_contain_text("check the keys of the meter")
    assert panel(page, "Last sessions").locator("tbody tr").count() == 10
    failures.first.locator("a").click()
    page.wait_for_url("**/meters/*")


def test_every_page_says_that_it_is_simulated_and_its_clock_runs(desktop: Watched) -> None:
    for path in PAGES:
        page = desktop.open(path)
        expect(page.locator(".simulated")).to_have_text("SIMULATED · 60×")
        clock = page.locator("time.clock")
        expect(clock).to_have_text(re.compile(r"^Fri 20 Nov 2026 \d\d:\d\d:\d\d CET$"))
    shown = clock.inner_text()
    page.wait_for_timeout(1500)
    passed = seconds(clock.inner_text()) - seconds(shown)
    assert 45 < passed < 300


def seconds(clock: str) -> int:
    hours, minutes, rest = clock.split()[-2].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


def serials(page: Page) -> list[str]:
    return page.locator("section[aria-label=Meters] tbody th a").all_inner_texts()


def test_meters_are_paged_on_the_server(desktop: Watched) -> None:
    page = desktop.open("/meters")
    settled(page)
    assert serials(page) == [serial_of(n) for n in range(25)]
    heads = page.locator("thead th").all_inner_texts()
    assert heads == ["Serial", "Model", "Address", "State", "Last read", "Why not"]
    page.get_by_role("button", name="Next").click()
    expect(page.locator("tbody th a").first).to_have_text(serial_of(25))
    assert serials(page) == [serial_of(n) for n in range(25, 50)]
    assert page.url.endswith(f"/meters?after={serial_of(24)}")
    page.reload()
    assert serials(page) == [serial_of(n) for n in range(25, 50)]
    settled(page)
    page.get_by_role("button", name="Previous").click()
    expect(page.locator("tbody th a").first).to_have_text(serial_of(0))
    for _ in range(3):
        page.get_by_role("button", name="Next").click()
        page.wait_for_timeout(300)
    assert serials(page) == [serial_of(n) for n in range(75, 100)]
    expect(page.get_by_role("button", name="Next")).to_be_disabled()


def test_search_finds_meters_as_one_types(desktop: Watched) -> None:
    page = desktop.open("/meters")
    settled(page)
    box = page.get_by_label("Search by serial number")
    box.press_sequentially(serial_of(40)[:-1], delay=5)
    expect(page.locator("tbody th a").first).to_have_text(serial_of(40))
    assert serials(page) == [serial_of(n) for n in range(40, 50)]
    assert page.url.endswith(f"?q={serial_of(40)[:-1]}")
    page.reload()
    assert serials(page) == [serial_of(n) for n in range(40, 50)]
    settled(page)
    box.fill("NONE")
    expect(page.locator(".empty")).to_contain_text("No serial number begins with “NONE”")
    box.fill("")
    expect(page.locator("tbody tr")).to_have_count(25)


def test_what_somebody_puts_into_an_address_stays_text(desktop: Watched) -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = desktop.open(f"/meters?q={evil}")
    expect(page.locator(".empty")).to_contain_text(evil)
    assert page.locator(".empty img").count() == 0


def test_a_meter_shows_what_there_is_of_it(desktop: Watched) -> None:
    page = desktop.open(METER)
    assert page.title() == f"Meter {serial_of(2)} · OpenAMI"
    expect(page.locator("h1")).to_contain_text(serial_of(2))
    expect(page.locator(".subtitle")).to_contain_text("CompactIQ IQ0404100K1-R · 127.16.0.2:4059 · neighbourhood")
    assert "14:47:20" in tile(page, "Last read")
    assert "+2.0 s" in tile(page, "Clock")
    billing = panel(page, "Billing")
    assert billing.locator("tbody tr").count() == 10
    expect(billing.locator("tbody tr").first).to_contain_text("Thu 19 Nov")
    assert re.fullmatch(r"\d+\.\d{3}", billing.locator("tbody tr").first.locator("td").first.inner_text())
    events = panel(page, "Events")
    expect(events.locator("tbody tr").first).to_contain_text("clock adjusted, new time")
    due = panel(page, "What is due")
    expect(due.locator("tbody tr", has_text="daily")).to_contain_text("21 Nov 00:01")
    assert panel(page, "Last sessions").locator("tbody tr").count() == 2


def test_a_meter_that_is_not_read_says_why(desktop: Watched) -> None:
    page = desktop.open(f"/meters/{serial_of(7)}")
    assert "connection refused" in tile(page, "Why not")
    expect(panel(page, "What is due")).to_contain_text("connection refused (tried 3 times)")


def test_billing_turns_pages_and_to_months(desktop: Watched) -> None:
    page = desktop.open(METER)
    settled(page)
    billing = panel(page, "Billing")
    billing.get_by_role("button", name="Next").click()
    expect(billing.locator("tbody tr").first).to_contain_text("Mon 9 Nov")
    billing.get_by_role("button", name="Monthly").click()
    expect(billing.locator("tbody tr")).to_have_count(1)
    expect(billing.locator("tbody tr")).to_contain_text("October 2026")


def test_events_of_one_log(desktop: Watched) -> None:
    page = desktop.open(METER)
    settled(page)
    events = panel(page, "Events")
    events.get_by_role("button", name="Standard").click()
    expect(events.locator("tbody .chip").first).to_have_text("standard")
    page.wait_for_timeout(300)
    assert set(events.locator("tbody .chip").all_inner_texts()) == {"standard"}


def curve_of(page: Page) -> str:
    return page.locator("section[aria-label='Load curve'] .chart svg").inner_html()


def days_of(page: Page) -> set[str]:
    """Days that the time axis names."""
    texts = page.locator("section[aria-label='Load curve'] .chart svg text").all_text_contents()
    return {text for text in texts if re.fullmatch(r"\d+ Nov", text)}


def test_the_load_curve_zooms(desktop: Watched) -> None:
    page = desktop.open(METER)
    settled(page)
    page.wait_for_selector("section[aria-label='Load curve'] .chart svg text")
    expect(page.locator("section[aria-label='Load curve'] .chart svg")).to_contain_text("kW")
    assert days_of(page) == {"18 Nov", "19 Nov", "20 Nov"}
    page.get_by_role("button", name="10 days").click()
    page.wait_for_timeout(500)
    assert "13 Nov" in days_of(page)
    page.get_by_role("button", name="1 day", exact=True).click()
    page.wait_for_timeout(500)
    assert days_of(page) == {"20 Nov"}
    before = curve_of(page)
    chart = page.locator("section[aria-label='Load curve'] .chart").bounding_box()
    assert chart is not None
    bottom = chart["y"] + chart["height"] - 22
    page.mouse.move(chart["x"] + chart["width"] - 80, bottom)
    page.mouse.down()
    page.mouse.move(chart["x"] + 300, bottom, steps=8)
    page.mouse.up()
    page.wait_for_timeout(400)
    assert curve_of(page) != before
    assert not days_of(page) & {"20 Nov"}


def test_the_pointer_tells_time_and_energy(desktop: Watched) -> None:
    page = desktop.open(METER)
    page.wait_for_selector("section[aria-label='Load curve'] .chart svg text")
    page.locator("section[aria-label='Load curve'] .chart").hover(position={"x": 600, "y": 100})
    label = page.locator(".chart-label").first
    expect(label).to_contain_text(re.compile(r"\w{3} \d+ Nov \d\d:\d\d–\d\d:\d\d UTC\+1"))
    expect(label).to_contain_text(re.compile(r"Import\s*\d\.\d{3} kW\s*\d\.\d{3} kWh"))


def test_the_curve_comes_as_csv(desktop: Watched) -> None:
    page = desktop.open(METER)
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == f"{serial_of(2)}.csv"


def test_a_meter_that_is_not_there(browser: Browser, service: Service) -> None:
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    answer = page.goto(service.url + "/meters/NOSUCH")
    assert answer is not None
    assert answer.status == 404
    expect(page.locator(".empty")).to_contain_text("No meter NOSUCH is registered")
    page.get_by_role("link", name="all meters").click()
    page.wait_for_url("**/meters")
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_needs_no_scrolling_sideways(phone: Watched, path: str) -> None:
    page = phone.open(path)
    page.wait_for_timeout(600)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    beyond = page.evaluate(
        """() => [...document.querySelectorAll(".page *")].filter((e) => !e.closest("svg, .sr, caption")
            && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90))"""
    )
    assert beyond == []


def test_phones_get_cards(phone: Watched) -> None:
    page = phone.open("/meters")
    assert page.locator("section[aria-label=Meters] thead").is_hidden()
    card = page.locator("tbody tr").nth(7)
    expect(card).to_contain_text(serial_of(7))
    expect(card).to_contain_text("connection refused")
    box = card.bounding_box()
    assert box is not None
    assert box["height"] < 100


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_follow_the_system_and_can_be_read(browser: Browser, service: Service, scheme: str) -> None:
    context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)
    page = context.new_page()
    page.goto(service.url + METER)
    page.wait_for_selector(".panel tbody tr")
    page.wait_for_timeout(300)
    worst = page.evaluate(CONTRAST)
    context.close()
    assert worst["ground"] > 0.8 if scheme == "light" else worst["ground"] < 0.05
    assert worst["ratio"] >= 4.5, worst


CONTRAST = """() => {
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const color = rgb(getComputedStyle(e).backgroundColor);
            if (color.length < 4 || color[3] === 1) return light(color);
        }
        return 1;
    };
    let worst = { ratio: 99, ground: behind(document.body) };
    for (const e of document.querySelectorAll("body *")) {
        const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
        const hidden = "svg, script, style, [disabled], [aria-hidden=true], .sr, caption, .nicegui-error-popup";
        if (!text || e.closest(hidden)) continue;
        if (!e.getClientRects().length || e.closest(".nicegui-skip-link")) continue;
        const [a, b] = [light(rgb(getComputedStyle(e).color)), behind(e)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < worst.ratio) worst = { ...worst, ratio, what: e.outerHTML.slice(0, 120) };
    }
    return worst;
}"""
