"""The shop: find a customer, try, sell, print; one's shift."""

from functools import partial
from typing import Any, Final
from urllib.parse import quote as quoted
from urllib.parse import urlencode
from uuid import uuid4

from nicegui import ui

from openami.core.errors import DecodeError, LocalProtocolError
from openami.headend.accounts.proposals import propose
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.told import proposed
from openami.headend.kit.access import Permission
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.prepayment import customers, guarded, receipt, shifts, tariffs, vending
from openami.headend.prepayment.pricing import Quote, Tariff, kwh, plain, scaled, written
from openami.headend.prepayment.schemas import Customer, Report, Standing, State, Tender, Vend
from openami.headend.prepayment.vending import Wish
from openami.headend.web.forms.pages import Field, Told, button, field
from openami.headend.web.markup import Column, Html, chip, empty, html, joined, link, strip, table, tile
from openami.headend.web.pages import Live, panel
from openami.headend.web.words import moment
from openami.sts.block import grouped

PATH: Final = "/shop"
ROWS: Final = 10
TENDERS: Final = {Tender.CASH.value: "Cash", Tender.CARD.value: "Card", Tender.TRANSFER.value: "Transfer"}
FOUND: Final = (
    Column("Meter", "code"), Column("Customer"), Column("Account", "code minor"), Column("Address", "minor"),
    Column("Owes", "figure end"),
)  # fmt: skip
SOLD: Final = (
    Column("Receipt", "code"), Column("State", "end"), Column("When", "time"), Column("Energy", "figure"),
    Column("Paid", "figure"), Column("Token", "code below"), Column("Meter said", "below why"),
)  # fmt: skip


async def shop(live: Live, accounts: Accounts, serial: str, text: str) -> None:
    """All of it: the till, the search, and the counter of the customer that was chosen."""
    await live.desk.ask(shifts.mine, None)  # refused before anything is shown
    with panel("Till", "full", note="money goes into the till of whoever is signed in"):
        till = Till(live)
    await till.show()
    with panel("Customers", "full", note="by meter, card, account or name"):
        _search(live, text)
        if text:
            ui.html(await live.desk.ask(partial(_found, text), None), sanitize=False)
    if serial:
        await _counter(live, accounts, serial, till)


def _search(live: Live, text: str) -> None:
    del live
    with ui.element("div").classes("fields"):
        box = field("Number or name begins with", value=text)
        told = Told()

        async def look() -> None:
            ui.navigate.to(f"{PATH}?{urlencode({'q': box.value.strip()})}")

        button("Find", look, told)


def _found(text: str, unit: Unit) -> Html:
    found = customers.search(unit, text)
    if not found:
        return empty(f"Nobody's number or name begins with “{text}”", "Look at the meter, its card, or a receipt.")
    return table("Customers", FOUND, [_row(customer, text) for customer in found])


def _row(found: Customer, text: str) -> tuple[object, ...]:
    target = f"{PATH}?{urlencode({'q': text, 'serial': found.serial})}"
    owes = "yes" if found.debt.balance else ""
    return link(target, found.serial), found.name, found.account, found.address, owes


class Till:
    """One's shift."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.place = ui.element("div")
        self.told = Told()
        self.decimals = 2

    async def show(self) -> None:
        """Show it as it is."""
        found = await self.live.desk.ask(shifts.mine, None)
        prices = await self.live.desk.ask(tariffs.listed, None)
        currency = prices[0].tariff.currency if prices else "money"
        self.decimals = prices[0].tariff.decimals if prices else self.decimals
        self.place.clear()
        with self.place, ui.element("div").classes("fields"):
            if found is None:
                till, change = field("Till", value="Till 1"), field(f"Change in it, {currency}", value="0")
                button("Open shift", lambda: self._open(till, change), self.told)
                return
            since = moment(found.opened, self.live.desk.zone, self.live.desk.now)
            ui.html(html("<p>Shift {} at {}, since {}.</p>", found.id, found.till, since), sanitize=False)
            counted = field(f"Counted in it, {currency}")
            button("Close shift", lambda: self._close(counted), self.told, "danger")

    async def _open(self, till: Field, change: Field) -> None:
        amount, now = scaled(change.value, self.decimals), self.live.desk.now
        await self.live.desk.change(lambda unit: shifts.open_shift(unit, till.value, amount, now), None)
        self.told.say("Your shift is open.")
        await self.show()

    async def _close(self, counted: Field) -> None:
        amount, now = scaled(counted.value, self.decimals), self.live.desk.now
        found = await self.live.desk.change(lambda unit: shifts.close_shift(unit, amount, now), None)
        self.told.say(closed(found, self.decimals))
        await self.show()


def closed(found: Report, decimals: int) -> Html:
    """Say what a shift came to."""
    shift = found.shifts[0]
    short = (shift.counted or 0) - (shift.expected or 0)
    return html(
        "Shift {} is closed: {} vends, {}, expected in the till {}, difference {}.", shift.id, found.total("vends"),
        kwh(found.total("units")), plain(shift.expected or 0, decimals), plain(short, decimals),
    )  # fmt: skip


async def _counter(live: Live, accounts: Accounts, serial: str, till: Till) -> None:
    """What is known of a customer, and what can be sold."""
    try:
        standing = await live.desk.ask(lambda unit: vending.standing(unit, serial, live.desk.now), None)
    except UnknownMeterError:
        ui.html(empty(f"No prepayment meter {serial}", "Bring it in with its shipment file."), sanitize=False)
        return
    await live.html(lambda unit: _standing(vending.standing(unit, serial, live.desk.now)), needs=Permission.VEND)
    with panel("Sell", "full", note=f"prices of “{standing.tariff.title}”"):
        Counter(live, standing, till).build()
    with panel("With a second person", "full", note="proposed here, done once somebody else has approved it"):
        Pair(live, accounts, serial).build()
    with panel("What it had", "full", note="newest first"):
        await live.paged(partial(_history, live, serial), needs=Permission.VEND)


def _standing(found: Standing) -> Html:
    customer, tariff = found.customer, found.tariff
    key = "a change of key comes first" if found.is_key_due else "as it is to be"
    return joined([
        html(
            '<p class="crumbs"><a href="{}">Shop</a></p><h1 class="code">{} {}</h1><p class="subtitle">{}</p>', PATH,
            customer.serial, chip("free units due", "good") if found.free_units else "",
            " · ".join(filter(None, (customer.name, customer.account, customer.address, f"MeterPAN {customer.pan}"))),
        ),
        html("<br>"),
        strip([
            tile("Bought this month", kwh(found.used), "counts for the blocks"),
            tile("Owes", written(customer.debt.balance, tariff), _plan(customer, tariff)),
            tile("Carried over", written(customer.carry, tariff), "paid, and bought nothing yet"),
            tile("Key", vending.key_text(customer.attributes), key, "words"),
        ]),
    ])  # fmt: skip


def _plan(found: Customer, tariff: Tariff) -> str:
    debt = found.debt
    parts = [plain(debt.fixed, tariff.decimals)] if debt.fixed else []
    parts += [f"{debt.share / 100:g} %"] if debt.share else []
    most = "" if debt.ceiling is None else f", at most {plain(debt.ceiling, tariff.decimals)}"
    return f"{' + '.join(parts)} of each vend{most}" if parts else "no plan"


class Counter:
    """The form of a sale. Its message id changes once a sale is through: pressed twice, it sells once."""

    def __init__(self, live: Live, standing: Standing, till: Till) -> None:
        self.live = live
        self.standing = standing
        self.till = till
        self.serial = standing.customer.serial
        self.message_id = uuid4().hex
        self.asked: object = None
        self.is_selling = False
        self.last: int | None = None
        """Number of the sale that was made here last."""

    def build(self) -> None:
        """Put it here."""
        tariff = self.standing.tariff
        fields = ui.element("div").classes("fields")
        self.told = Told()
        with fields:
            self.money, self.units = field(f"Money, {tariff.currency}"), field("or energy, kWh")
            self.tender = ui.toggle(TENDERS, value=Tender.CASH.value)
            self.tender.props(
                'dense no-caps unelevated toggle-color=chosen toggle-text-color=chosen aria-label="Paid by"'
            ).classes("choice")
            button("Try", self._try, self.told, "plain")
            button("Sell", self._sell, self.told)
            if self.standing.free_units:
                button(f"Give {kwh(self.standing.free_units)} free", self._give, self.told, "plain")
            button("Send to the meter", self._send, self.told, "plain")

    def _wish(self, *, is_free: bool = False) -> Wish:
        money, units = self.money.value.strip(), self.units.value.strip()
        if not is_free and bool(money) == bool(units):
            raise DecodeError("say an amount of money, or of energy")
        tariff, tender = self.standing.tariff, Tender(self.tender.value or Tender.CASH.value)
        wanted = None if is_free else (scaled(money, tariff.decimals) if money else None)
        energy = None if is_free or not units else scaled(units, 1)
        asked = (wanted, energy, tender, is_free)
        if self.asked not in {None, asked}:
            self.message_id = uuid4().hex
        self.asked = asked
        return Wish(self.message_id, self.serial, wanted, energy, tender)

    async def _try(self) -> None:
        wish, now = self._wish(), self.live.desk.now
        found = await self.live.desk.ask(lambda unit: vending.quote(unit, wish, now), None)
        self.told.say(bill(found, self.standing.tariff))

    async def _sell(self) -> None:
        if not self.is_selling:
            await self._vend(self._wish())

    async def _give(self) -> None:
        if not self.is_selling:
            await self._vend(self._wish(is_free=True))

    async def _vend(self, wish: Wish) -> None:
        now = self.live.desk.now
        self.is_selling = True
        try:
            done = await self.live.desk.change(lambda unit: vending.vend(unit, wish, now), None)
        finally:
            self.is_selling = False
        self.message_id, self.asked, self.last = uuid4().hex, None, done.id
        self.money.clear()
        self.units.clear()
        self.told.say(slip(done))
        await self.live.refresh()

    async def _send(self) -> None:
        number, now = self.last, self.live.desk.now
        if number is None:
            raise LocalProtocolError("sell first; the tokens of the last sale are sent")
        await self.live.desk.change(lambda unit: vending.deliver(unit, number, now), None)
        self.told.say(f"The tokens of receipt {number} go to the meter in its next session.")
        await self.live.refresh()


class Pair:
    """What takes two people: proposed here."""

    def __init__(self, live: Live, accounts: Accounts, serial: str) -> None:
        self.live = live
        self.accounts = accounts
        self.serial = serial

    def build(self) -> None:
        """Put it here."""
        fields = ui.element("div").classes("fields")
        self.told = Told()
        with fields:
            self.number, self.why = field("Receipt"), field("Why it is taken back")
            button("Take back", self._take_back, self.told, "danger")
            names = [*guarded.KINDS]
            self.kind = ui.select(names, value="clear-tamper", label="Engineering token")
            self.kind.props("outlined dense options-dense")
            self.value = field("Value: W, register, rate", value="0")
            button("Propose", self._engineering, self.told, "plain")

    async def _take_back(self) -> None:
        wanted = {"vend": scaled(self.number.value or "0", 0), "why": self.why.value}
        await self._propose(guarded.REVERSAL.name, wanted)

    async def _engineering(self) -> None:
        kind, value = str(self.kind.value), scaled(self.value.value or "0", 0)
        wanted = {"serial": self.serial, "kind": kind, "value": value}
        await self._propose(guarded.ENGINEERING.name, wanted)

    async def _propose(self, kind: str, wanted: dict[str, Any]) -> None:
        rules = self.accounts.rules(is_simulated=self.live.desk.is_simulated)
        made = await self.live.desk.change(lambda unit: propose(unit, kind, wanted, rules), None)
        self.told.say(proposed(made))
        await self.live.refresh()


def bill(found: Quote, tariff: Tariff) -> Html:
    """Say what an amount buys."""
    rows = [
        (line.what, kwh(line.units) if line.units else "", plain(line.net + line.vat, tariff.decimals))
        for line in found.lines
    ]
    more = (("Arrears", found.arrears), ("From last time", -found.carry_in), ("For next time", found.carry_out))
    rows += [(name, "", plain(sum_, tariff.decimals)) for name, sum_ in more if sum_]
    rows.append(("Together", kwh(found.units), written(found.tendered, tariff)))
    return table("Bill", (Column("What"), Column("Energy", "figure"), Column("Sum", "figure")), rows, is_narrow=True)


def slip(found: Vend) -> Html:
    """Show a receipt, its tokens large enough to be read out."""
    return html(
        '<div class="once">{}<details><summary>Receipt {}</summary><pre>{}</pre></details>'
        '<p><a href="{}" target="_blank">Print (PDF)</a></p></div>',
        joined(html('<h1 class="code">{}</h1>', grouped(token.digits)) for token in found.tokens),
        found.id, receipt.text(found), f"/api/prepayment/vends/{quoted(str(found.id))}/receipt.pdf",
    )  # fmt: skip


def _history(live: Live, serial: str, unit: Unit, before: int | None) -> tuple[Html, int | None]:
    found, more = vending.history(unit, serial, before, ROWS)
    if not found:
        return empty("Nothing yet", "What is sold to this meter stands here."), None
    return table("Vends", SOLD, [_sold(each, live) for each in found]), more


def _sold(found: Vend, live: Live) -> tuple[object, ...]:
    decimals = found.tariff.decimals if found.tariff else 0
    state = chip(found.state if found.state is State.REVERSED else found.kind, "poor" if found.reversed else "good")
    said = "; ".join(token.said for token in found.tokens if token.said)
    number = link(f"/api/prepayment/vends/{found.id}/receipt.pdf", found.id)
    return (
        number, state, moment(found.at, found.zone, live.desk.now), kwh(found.units) if found.units else "",
        plain(found.tendered, decimals) if found.tendered else "",
        joined(html("{}<br>", grouped(token.digits)) for token in found.tokens), said,
    )  # fmt: skip
