"""Receipts and reports: as text for a slip printer of 42 columns, and as a document for PDF."""

from itertools import chain
from typing import Final

from openami.headend.prepayment.pricing import Tariff, kwh, plain, written
from openami.headend.prepayment.schemas import Report, State, Tender, Vend, What
from openami.headend.web.words import local
from openami.report.document import Block, Cell, Column, Document, Heading, Paragraph, Table
from openami.sts.block import grouped

COLUMNS: Final = 42
CLAIM: Final = "Made with OpenAMI, an open vending system; not certified by the STS Association."
NAMES: Final = {"electricity": "Credit"}


def text(found: Vend) -> str:
    """Write a receipt of 42 columns."""
    rule = "-" * COLUMNS
    head = [centred(line) for line in _seller(found)]
    facts = [pair(*fact) for fact in _facts(found)]
    money = [pair(*line) for line in _money(found)]
    tokens = list(chain.from_iterable([centred(name), centred(digits)] for name, digits in _tokens(found)))
    notes = [centred(note) for note in _notes(found)]
    return "\n".join([*head, rule, *facts, rule, *money, rule, *tokens, *([rule, *notes] if notes else [])]) + "\n"


def pair(name: str, value: str) -> str:
    """Name at the left, value at the right; a value that is too long goes on a line of its own."""
    if len(name) + len(value) < COLUMNS:
        return f"{name}{value:>{COLUMNS - len(name)}}"
    return f"{name}\n{value[:COLUMNS]:>{COLUMNS}}"


def centred(line: str) -> str:
    """Put a line in the middle."""
    return line[:COLUMNS].center(COLUMNS).rstrip()


def document(found: Vend) -> Document:
    """Make a receipt for PDF."""
    two = (Column("what", "What"), Column("value", "Value", is_number=True))
    blocks: list[Block] = [Paragraph(line) for line in _seller(found)[1:]]
    blocks += [Paragraph(note) for note in _notes(found)]
    for name, digits in _tokens(found):
        blocks += [Heading(digits), Paragraph(name)]
    blocks.append(Table("receipt", "Receipt", two, tuple(_facts(found))))
    if found.kind is What.SALE:
        head = (
            Column("what", "What"), Column("units", "Energy", is_number=True),
            Column("price", "Price of a kWh", is_number=True), Column("net", "Net", is_number=True),
            Column("vat", "VAT", is_number=True), Column("gross", "Sum", is_number=True),
        )  # fmt: skip
        blocks.append(Table("money", "What was paid", head, _lines(found)))
    return Document(f"{_seller(found)[0]}: receipt {found.id}", CLAIM, tuple(blocks))


def _seller(found: Vend) -> list[str]:
    tariff = found.tariff
    if tariff is None:
        return ["Tokens of the utility", "not for sale"]
    number = [f"VAT number {tariff.vat_number}"] if tariff.vat_number else []
    return [tariff.seller, *number]


def _facts(found: Vend) -> list[tuple[str, str]]:
    at = local(found.at, found.zone)
    facts = [
        ("Receipt", str(found.id)), ("Date", f"{at:%Y-%m-%d %H:%M:%S %Z}"), ("Sold by", f"{found.who} {found.till}"),
        ("Customer", found.name), ("Account", found.account), ("Address", found.address),
        ("Meter", found.pan), ("Serial", found.serial), ("Key", found.key_of),
        ("Tariff", found.tariff.title if found.tariff else ""),
        ("Energy", kwh(found.units) if found.units else ""), ("Paid by", found.tender if found.tendered else ""),
    ]  # fmt: skip
    return [(name, value) for name, value in facts if value.strip()]


def _money(found: Vend) -> list[tuple[str, str]]:
    """Lines of money whose sum is what was tendered."""
    tariff = found.tariff
    if tariff is None or found.kind is not What.SALE:
        return [("Free of charge", "0")] if found.kind is What.FREE else [("No charge", "")]
    lines = [
        (f"{line.what} {kwh(line.units)} at {_price(line.price, tariff)}" if line.units else line.what, line.net)
        for line in found.lines
    ]
    more = [
        (f"VAT {tariff.vat / 100:g} %", found.vat), ("Arrears", found.arrears),
        ("From last time", -found.carry_in), ("For next time", found.carry_out),
    ]  # fmt: skip
    shown = [(name, plain(sum_, tariff.decimals)) for name, sum_ in [*lines, *((n, s) for n, s in more if s)]]
    owed = [("Owed by now", written(found.owed, tariff))] if found.owed else []
    return [*shown, ("Tendered", written(found.tendered, tariff)), *owed]


def _lines(found: Vend) -> tuple[tuple[Cell, ...], ...]:
    tariff = found.tariff
    assert tariff is not None

    def money(sum_: int) -> str:
        return plain(sum_, tariff.decimals)

    rows: list[tuple[Cell, ...]] = [
        (
            line.what, kwh(line.units) if line.units else "", _price(line.price, tariff) if line.units else "",
            money(line.net), money(line.vat), money(line.net + line.vat),
        )
        for line in found.lines
    ]  # fmt: skip
    more = [("Arrears", found.arrears), ("From last time", -found.carry_in), ("For next time", found.carry_out)]
    rows += [(name, "", "", "", "", money(sum_)) for name, sum_ in more if sum_]
    rows.append((f"Tendered, {tariff.currency}", "", "", "", money(found.vat), money(found.tendered)))
    return tuple(rows)


def _price(price: int, tariff: Tariff) -> str:
    """Write the price of a kWh, whose last digits are ten-thousandths of the smallest unit."""
    shown = plain(price, tariff.decimals + 4).rstrip("0")
    whole, _, part = shown.partition(".")
    return f"{whole}.{part.ljust(tariff.decimals, '0')}" if part or tariff.decimals else whole


def _tokens(found: Vend) -> list[tuple[str, str]]:
    many = len(found.tokens) > 1
    return [
        (f"{f'{n}. ' if many else ''}{_name(token.kind.name)}", grouped(token.digits))
        for n, token in enumerate(found.tokens, 1)
    ]


def _name(kind: str) -> str:
    word = kind.lower().replace("_", " ")
    return "Change of key" if word.endswith("section") else NAMES.get(word, word.capitalize())


def _notes(found: Vend) -> list[str]:
    notes = ["Enter the tokens in this order"] if len(found.tokens) > 1 else []
    if found.copies:
        notes.append(f"COPY {found.copies}: the same token, good once")
    if found.state is State.REVERSED:
        notes.append("REVERSED: not to be entered")
    return notes


# Shifts and days


def report(found: Report, zone: str) -> Document:
    """Make a report of a shift or a day."""
    head = (
        Column("kind", "What"), Column("state", "State"), Column("tender", "Paid by"),
        *(Column(name, title, is_number=True) for name, title in SUMS),
    )  # fmt: skip
    rows = tuple(
        (each.kind, each.state, f"{each.tender} {each.currency}".strip(), *(_sum(each, name) for name, _ in SUMS))
        for each in found.sums
    )
    tills = (
        Column("shift", "Shift"), Column("till", "Till"), Column("who", "Who"), Column("opened", "Opened"),
        Column("closed", "Closed"), Column("expected", "Expected", is_number=True),
        Column("counted", "Counted", is_number=True), Column("short", "Difference", is_number=True),
    )  # fmt: skip
    decimals = max((each.decimals for each in found.sums), default=0)
    shifts = tuple(
        (
            str(s.id), s.till, s.who, f"{local(s.opened, zone):%d %b %H:%M}",
            "open" if s.closed is None else f"{local(s.closed, zone):%d %b %H:%M}",
            *("–" if sum_ is None else plain(sum_, decimals) for sum_ in (s.expected, s.counted)),
            "–" if s.counted is None or s.expected is None else plain(s.counted - s.expected, decimals),
        )
        for s in found.shifts
    )  # fmt: skip
    cash = plain(found.total("tendered", Tender.CASH), decimals)
    blocks = (
        Paragraph(f"Cash taken {cash}, all tendered {plain(found.total('tendered'), decimals)}."),
        Table("sums", "What was vended", head, rows), Table("shifts", "Shifts", tills, shifts),
    )  # fmt: skip
    return Document(found.title, CLAIM, blocks)


SUMS: Final = (
    ("vends", "Vends"), ("tendered", "Tendered"), ("units", "Energy"), ("energy", "Energy, net"),
    ("charges", "Charges, net"), ("vat", "VAT"), ("arrears", "Arrears"), ("carry_in", "From before"),
    ("carry_out", "For next time"),
)  # fmt: skip


def _sum(each: object, name: str) -> str:
    value, decimals = int(getattr(each, name)), int(getattr(each, "decimals"))  # noqa: B009 - a column by its name
    if name == "vends":
        return str(value)
    return kwh(value) if name == "units" else plain(value, decimals)
