"""`openami vend`: prepayment tokens sold on this machine: keys and meters brought in, prices, sales, reports."""

import contextlib
import json
import os
import tomllib
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from openami.cli.headend import ClockFile, Configuration, Data, installation
from openami.cli.show import Json, count, fail, show_json, show_table
from openami.cli.vending_keys import gather, vending_key

if TYPE_CHECKING:
    from openami.headend.kit.database import Database, Unit
    from openami.headend.kit.settings import Settings
    from openami.headend.prepayment.schemas import Vend

app = typer.Typer(
    add_completion=False,
    help="Sell prepayment tokens: bring in keys and meters, set prices, vend, report. Not certified.",
    no_args_is_help=True,
    epilog="Example:  openami vend money 600727000000000009 150.00 --data ./headend",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Meter = Annotated[str, typer.Argument(metavar="METER", help="Serial number, MeterPAN, DRN, account, or card.")]
Message = Annotated[
    str, typer.Option("--message", help="Message id: asked again under it, the same tokens come and nothing is taken.")
]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Write the receipt as PDF, too.", dir_okay=False)]
Tender = Annotated[str, typer.Option(help="How it is paid: cash, card or transfer.")]
WIDE = 140
"""Columns of a report that goes into a file or another program."""
MONEY_HELP = "In the currency of the tariff, such as 150.00."


@dataclass(frozen=True, slots=True)
class Shop:
    """An installation that sells, opened."""

    settings: "Settings"
    database: "Database"
    now: float


@contextlib.contextmanager
def opened(data: Path | None, settings: Path | None, clock: Path | None = None) -> Generator[Shop]:
    """Open an installation."""
    from openami.aio.clock import RealClock, ScenarioClock
    from openami.headend.collection.tables import open_database
    from openami.headend.prepayment.shop import open_shop

    chosen = installation(data, settings)
    now = RealClock().now() if clock is None else ScenarioClock(clock).now()
    with contextlib.closing(open_database(chosen)) as database:
        open_shop(database, chosen, lambda: now, is_simulated=clock is not None)
        yield Shop(chosen, database, now)


@app.command(
    "keys",
    help="Take in a vending key. It comes from --keys FILE (vending_key = …), from OPENAMI_VENDING_KEY, or a prompt.",
    epilog="Example:  openami vend keys --sgc 123457 --keys fleet/vending.toml --data ./headend",
)
def load_keys(
    *,
    sgc: Annotated[str, typer.Option(help="Supply group code, 6 digits.")],
    key_type: Annotated[int, typer.Option(min=0, max=3, help="0 DITK, 1 DDTK, 2 DUTK, 3 DCTK.")] = 2,
    krn: Annotated[int, typer.Option(min=1, max=9, help="Key revision number.")] = 1,
    ken: Annotated[int, typer.Option(min=0, max=255, help="Key expiry number; 255 never.")] = 255,
    base_date: Annotated[int, typer.Option(help="Base date: 1993, 2014 or 2035.")] = 2014,
    limit: Annotated[float | None, typer.Option(help="Most kWh of one token.")] = None,
    keys: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="TOML file with vending_key.")] = None,
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Take in a vending key."""
    from openami.headend.prepayment.module import load_key
    from openami.headend.prepayment.shop import SHOPS
    from openami.sts.key_file import KeyTerms
    from openami.sts.keys import KeyAttributes, KeyType
    from openami.sts.tid import BaseDate

    if base_date not in set(BaseDate):
        fail(f"there is no base date {base_date}: 1993, 2014 or 2035", 2)
    KeyAttributes(sgc, KeyType(key_type), krn, ken=ken)  # refuses what is none
    most = None if limit is None else round(limit * 10)
    terms = KeyTerms(sgc, KeyType(key_type), krn, ken, BaseDate(base_date), unit_limit=most)
    key = vending_key(gather(keys))
    with opened(data, settings) as shop, shop.database.write() as unit:
        is_new = load_key(unit, SHOPS[unit.connection.engine].store(unit), terms, key)
    typer.echo(f"supply group {sgc}, type {key_type}, revision {krn}: {'taken in' if is_new else 'was here already'}")


@app.command("import", epilog="Example:  openami vend import meters.csv --data ./headend")
def take_in(
    file: Annotated[Path, typer.Argument(help="Shipment file (CSV) of registered meters.", exists=True)],
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Take the prepayment columns of a shipment file: MeterPAN, supply group, key facts."""
    from openami.headend.prepayment import customers

    with opened(data, settings) as shop, shop.database.write() as unit:
        done = customers.take_in(unit, file, now=shop.now)
    typer.echo(f"{count(done.added, 'prepayment meter')} added, {done.unchanged} unchanged")
    for fault in done.faults:
        typer.echo(f"openami: {fault}", err=True)
    if done.faults:
        raise typer.Exit(1)


@app.command(
    "tariff",
    help="Set prices from a TOML file, from now on or from a day. Where there are accounts, two people do so on the "
    "page of proposals.",
    epilog="Example:  openami vend tariff home.toml --sgc 123457 --ti 1 --data ./headend",
)
def set_tariff(
    file: Annotated[Path, typer.Argument(help="Tariff (TOML).", exists=True, dir_okay=False)],
    *,
    sgc: Annotated[str, typer.Option(help="Supply group code, 6 digits.")],
    ti: Annotated[int, typer.Option(min=0, max=99, help="Tariff index.")] = 1,
    begins: Annotated[datetime | None, typer.Option("--from", help="When it begins; else now.")] = None,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
) -> None:
    """Set prices."""
    from pydantic import ValidationError

    from openami.headend.accounts.gate import has_accounts
    from openami.headend.prepayment import tariffs
    from openami.headend.prepayment.pricing import Tariff

    try:
        tariff = Tariff.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fail(f"{file}: {'.'.join(map(str, first['loc']))}: {first['msg']}", 1)
    except tomllib.TOMLDecodeError as error:
        fail(f"{file}: {error}", 1)
    with opened(data, settings, clock) as shop, shop.database.write() as unit:
        if has_accounts(unit):
            fail("prices take two people: propose them (POST /api/prepayment/tariffs)", 1)
        number = tariffs.put(unit, sgc, ti, int(begins.astimezone().timestamp() if begins else shop.now), tariff)
    typer.echo(f"tariff {number}, “{tariff.title}”, for supply group {sgc}, index {ti:02d}")


@app.command("find", epilog="Example:  openami vend find 0000010 --data ./headend")
def find(
    text: Annotated[str, typer.Argument(help="How a serial number, MeterPAN, DRN, account or name begins.")],
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Find customers."""
    from openami.headend.prepayment import customers

    with opened(data, settings) as shop, shop.database.read() as unit:
        found = customers.search(unit, text)
    rows: list[list[Json]] = [[c.serial, c.pan.digits, c.account, c.name, c.wanted_sgc, c.attributes.ti] for c in found]
    head = ("serial", "meter pan", "account", "name", "sgc", "ti")
    if as_json:
        show_json([dict(zip(head, row, strict=True)) for row in rows])
        return
    show_table("Customers", head, rows)


@app.command(
    "money",
    help="Sell for an amount of money; needs an open shift.",
    epilog="Example:  openami vend money 600727000000000009 150.00 --data ./headend --pdf slip.pdf",
)
def sell_money(
    meter: Meter,
    amount: Annotated[str, typer.Argument(help=MONEY_HELP)],
    *,
    tender: Tender = "cash",
    message: Message = "",
    trial: Annotated[bool, typer.Option("--trial", help="Say what would be had; sell nothing.")] = False,
    pdf: Pdf = None,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
    as_json: AsJson = False,
) -> None:
    """Sell for an amount."""
    with opened(data, settings, clock) as shop:
        sell(shop, meter, Sale(amount, None, tender, message, is_trial=trial), pdf, as_json=as_json)


@app.command(
    "units",
    help="Sell an amount of energy; needs an open shift.",
    epilog="Example:  openami vend units 600727000000000009 100 --data ./headend",
)
def sell_units(
    meter: Meter,
    energy: Annotated[str, typer.Argument(help="kWh, with one decimal at most.")],
    *,
    tender: Tender = "cash",
    message: Message = "",
    trial: Annotated[bool, typer.Option("--trial", help="Say what it would cost; sell nothing.")] = False,
    pdf: Pdf = None,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
    as_json: AsJson = False,
) -> None:
    """Sell energy."""
    with opened(data, settings, clock) as shop:
        sell(shop, meter, Sale(None, energy, tender, message, is_trial=trial), pdf, as_json=as_json)


@app.command("free", epilog="Example:  openami vend free 600727000000000009 --data ./headend")
def give(
    meter: Meter,
    *,
    message: Message = "",
    pdf: Pdf = None,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
    as_json: AsJson = False,
) -> None:
    """Give the free units of the month."""
    with opened(data, settings, clock) as shop:
        sell(shop, meter, Sale(None, None, "cash", message), pdf, as_json=as_json)


@dataclass(frozen=True, slots=True)
class Sale:
    """What was asked for on the command line."""

    money: str | None
    energy: str | None
    tender: str
    message: str
    is_trial: bool = False


def sell(shop: Shop, meter: str, sale: Sale, pdf: Path | None, *, as_json: bool) -> None:
    """Sell, or try, and print."""
    from openami.headend.prepayment import vending
    from openami.headend.prepayment.pricing import kwh, scaled, written
    from openami.headend.prepayment.schemas import Tender as Means
    from openami.headend.prepayment.vending import Wish

    if sale.tender not in {"cash", "card", "transfer"}:
        fail(f"there is no tender {sale.tender}: cash, card or transfer", 2)
    with shop.database.write() as unit:
        standing = vending.standing(unit, serial_of(unit, meter), shop.now)
        money = None if sale.money is None else scaled(sale.money, standing.tariff.decimals)
        units = None if sale.energy is None else scaled(sale.energy, 1)
        serial = standing.customer.serial
        wish = Wish(sale.message or uuid4().hex, serial, money, units, Means(sale.tender))
        if sale.is_trial:
            quote = vending.quote(unit, wish, shop.now)
            typer.echo(f"{kwh(quote.units)} for {written(quote.tendered, standing.tariff)}")
            return
        made = vending.vend(unit, wish, shop.now)
    show(made, pdf, as_json=as_json)  # on disk by now: a token is never shown before


def serial_of(unit: "Unit", text: str) -> str:
    """Find the one meter that is meant."""
    from openami.headend.prepayment import customers

    found = customers.search(unit, text)
    exact = [each for each in found if text in {each.serial, each.pan.digits, each.pan.drn.digits, each.account}]
    chosen = exact or list(found)
    if len(chosen) != 1:
        fail(f"{count(len(chosen), 'meter')} begin with {text!r}: name one", 2)
    return chosen[0].serial


def show(made: "Vend", pdf: Path | None, *, as_json: bool) -> None:
    """Print a receipt."""
    from openami.headend.prepayment import receipt

    if pdf is not None:
        from openami.report.pdf import render

        pdf.write_bytes(render(receipt.document(made)))
    if as_json:
        from openami.headend.prepayment.bodies import VendOut

        show_json(json.loads(VendOut.made(made).model_dump_json()))
        return
    typer.echo(receipt.text(made), nl=False)


@app.command("print", epilog="Example:  openami vend print 17 --data ./headend --pdf slip.pdf")
def print_again(
    number: Annotated[int, typer.Argument(help="Number of the receipt.", min=1)],
    *,
    pdf: Pdf = None,
    data: Data = None,
    settings: Configuration = None,
    as_json: AsJson = False,
) -> None:
    """Print a receipt once more: the same tokens, marked as a copy."""
    from openami.headend.prepayment import vending

    with opened(data, settings) as shop:
        with shop.database.write() as unit:
            made = vending.replacement(unit, number)
        show(made, pdf, as_json=as_json)


@app.command("send", epilog="Example:  openami vend send 17 --data ./headend")
def send(
    number: Annotated[int, typer.Argument(help="Number of the receipt.", min=1)],
    *,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
) -> None:
    """Send the tokens of a receipt to the meter over DLMS, in its next session."""
    from openami.headend.prepayment import vending

    with opened(data, settings, clock) as shop, shop.database.write() as unit:
        made = vending.deliver(unit, number, shop.now)
    typer.echo(f"receipt {number}: order {made.device_order} for meter {made.serial}")


@app.command("open", epilog="Example:  openami vend open 'Till 1' --float 200.00 --data ./headend")
def open_shift(
    till: Annotated[str, typer.Argument(help="Name of the till.")],
    *,
    float_: Annotated[str, typer.Option("--float", help="Change in it.")] = "0",
    decimals: Annotated[int, typer.Option(min=0, max=4, help="Decimals of the currency.")] = 2,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
) -> None:
    """Open a shift: sales go into it."""
    from openami.headend.prepayment import shifts
    from openami.headend.prepayment.pricing import scaled

    with opened(data, settings, clock) as shop, shop.database.write() as unit:
        opened_ = shifts.open_shift(unit, till, scaled(float_, decimals), shop.now)
    typer.echo(f"shift {opened_.id} at {opened_.till}")


@app.command("close", epilog="Example:  openami vend close 1250.00 --data ./headend")
def close_shift(
    counted: Annotated[str, typer.Argument(help="Cash that was counted in the till.")],
    *,
    decimals: Annotated[int, typer.Option(min=0, max=4, help="Decimals of the currency.")] = 2,
    data: Data = None,
    settings: Configuration = None,
    clock: ClockFile = None,
) -> None:
    """Close the shift, and tell what it came to."""
    from rich.console import Console

    from openami.headend.prepayment import receipt, shifts
    from openami.headend.prepayment.pricing import scaled
    from openami.report.terminal import show as show_document

    with opened(data, settings, clock) as shop, shop.database.write() as unit:
        done = shifts.close_shift(unit, scaled(counted, decimals), shop.now)
    show_document(receipt.report(done, shop.settings.zone), Console(width=None if os.isatty(1) else WIDE))


@app.command("day", epilog="Example:  openami vend day 2026-11-20 --data ./headend --pdf day.pdf")
def day_end(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="Business day.")],
    *,
    pdf: Annotated[Path | None, typer.Option(help="Write it as PDF, too.", dir_okay=False)] = None,
    data: Data = None,
    settings: Configuration = None,
) -> None:
    """Tell what a day came to, over all tills."""
    from rich.console import Console

    from openami.headend.prepayment import receipt, shifts
    from openami.report.terminal import show as show_document

    with opened(data, settings) as shop, shop.database.read() as unit:
        zone = shop.settings.zone
        found = receipt.report(shifts.day_report(unit, date(day.year, day.month, day.day), zone), zone)
    if pdf is not None:
        from openami.report.pdf import render

        pdf.write_bytes(render(found))
    show_document(found, Console(width=None if os.isatty(1) else WIDE))
