"""`openami sts`: prepayment tokens made and read, keys derived."""

import os
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeAlias

import typer

from openami.cli.show import Json, fail, show_json, show_table
from openami.cli.vending_keys import decoder_key, gather, tables_of, vending_key
from openami.core.errors import AmiError
from openami.sts import amount, block
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType, pan_block
from openami.sts.pan import MeterPAN
from openami.sts.tid import BaseDate, tid_of
from openami.sts.token import (
    ALL_REGISTERS,
    AMOUNTS,
    FirstSection,
    InitiateTest,
    Kind,
    SecondSection,
    Token,
    Transaction,
    decode,
    encode,
    key_change,
)

app = typer.Typer(
    add_completion=False,
    help="Prepayment tokens of IEC 62055-41, with test keys: make them, read them, derive keys. Not certified.",
    no_args_is_help=True,
    epilog="Example:  openami sts encode 600727000000000009 electricity 25.6 --sgc 123457 --keys keys.toml",
)

WORDS: Final = {
    "electricity": Kind.ELECTRICITY,
    "water": Kind.WATER,
    "gas": Kind.GAS,
    "time": Kind.TIME,
    "power-limit": Kind.MAXIMUM_POWER_LIMIT,
    "clear-credit": Kind.CLEAR_CREDIT,
    "tariff-rate": Kind.TARIFF_RATE,
    "clear-tamper": Kind.CLEAR_TAMPER,
    "phase-unbalance": Kind.MAXIMUM_PHASE_POWER_UNBALANCE,
    "water-factor": Kind.WATER_METER_FACTOR,
}
UNITS: Final = {Kind.ELECTRICITY: "kWh", Kind.WATER: "m³", Kind.GAS: "m³", Kind.TIME: "min"}
NO_GROUP: Final = "000000"
"""Stands for the supply group where the key itself is given."""
CHANGES: Final = ("sgc", "key-type", "krn", "ti", "ken", "base-date")
BASE_DATES: Final = {base.code: base for base in BaseDate} | {str(base.value): base for base in BaseDate}

SGC: TypeAlias = Annotated[str, typer.Option("--sgc", help="Supply group code, 6 digits.")]
KT: TypeAlias = Annotated[int, typer.Option("--key-type", min=0, max=3, help="0 DITK, 1 DDTK, 2 DUTK, 3 DCTK.")]
KRN: TypeAlias = Annotated[int, typer.Option("--krn", min=1, max=9, help="Key revision number.")]
TI: TypeAlias = Annotated[int, typer.Option("--ti", min=0, max=99, help="Tariff index.")]
Algorithm: TypeAlias = Annotated[int, typer.Option("--ea", help="Encryption algorithm: 7 or 11.")]
Base: TypeAlias = Annotated[str, typer.Option("--base-date", help="Base date: 1993, 2014 or 2035.")]
KeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--keys", exists=True, dir_okay=False, help="TOML file with vending_key or decoder_key, hexadecimal."),
]
TableFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--tables", exists=True, dir_okay=False, help="TOML file with EA07's tables; else the samples."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KEY_HELP = "Keys come from --keys FILE, the environment (OPENAMI_VENDING_KEY or OPENAMI_DECODER_KEY) or a prompt."


@app.command(
    "encode",
    help=f"Make a token for a meter. {KEY_HELP}",
    epilog="Examples:\n\n  openami sts encode 600727000000000009 electricity 25.6 --sgc 123457 --keys keys.toml\n\n"
    "  openami sts encode 600727000000000009 power-limit 5000 --sgc 123457 --keys keys.toml\n\n"
    "  openami sts encode 600727000000000009 clear-credit all --sgc 123457 --keys keys.toml\n\n"
    "  openami sts encode 600727000000000009 key-change krn=2,ti=7 --sgc 123457 --keys keys.toml\n\n"
    "  openami sts encode 600727000000000009 test 1",
)
def encode_token(
    meter: Annotated[str, typer.Argument(metavar="METER", help="MeterPAN, or the DRN that stands on the meter.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{', '.join(WORDS)}, test or key-change.")],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="kWh, m³, min or W; a register, or all; a test's number; changes.")
    ] = "",
    *,
    sgc: SGC = "",
    key_type: KT = 2,
    krn: KRN = 1,
    ti: TI = 1,
    ea: Algorithm = 11,
    base_date: Base = "2014",
    at: Annotated[str, typer.Option(help="Time of issue, ISO 8601; UTC if it names no zone. Else now.")] = "",
    last: Annotated[int | None, typer.Option(help="Identifier of the meter's last token.")] = None,
    rnd: Annotated[int | None, typer.Option(min=0, max=15, help="Random number; else drawn.")] = None,
    manufacturer: Annotated[str, typer.Option(help="Maker whose meters a test is for: 2 or 4 digits.")] = "00",
    keys: KeyFile = None,
    tables: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a token for a meter."""
    pan = wanted_pan(meter)
    if kind == "test":
        test = initiate_test(value, manufacturer)
        show([(encode(test), test)], None, as_json=as_json)
        return
    if kind not in {*WORDS, "key-change"}:
        fail(f"no kind {kind!r}; there are {', '.join(WORDS)}, test and key-change", 2)
    own = attributes_of(sgc, base_date, key_type=key_type, krn=krn, ti=ti, ea=ea)
    given = gather(keys)
    if kind == "key-change":
        new = changed(own, value)
        new_key = vending_key(given, "new_vending_key").decoder_key(pan, new)
        made: list[Token] = [*key_change(new_key, new, rollover=new.base_date != own.base_date)]
    else:
        drawn = os.urandom(1)[0] & 15 if rnd is None else rnd
        made = [Transaction(WORDS[kind], tid_of(moment(at), own.base_date, last), value_of(kind, value), drawn)]
    key, chosen = decoder_key(given, pan, own), tables_of(tables)
    show([(encode(token, key, chosen), token) for token in made], own, as_json=as_json)


@app.command(
    "decode",
    help=f"Read tokens of a meter. {KEY_HELP} Test tokens need none.",
    epilog="Examples:\n\n  openami sts decode 59386323472137426967 --meter 600727000000000009 --sgc 123457 "
    "--base-date 1993 --keys keys.toml\n\n  openami sts decode 00000000000150997584",
)
def decode_tokens(
    tokens: Annotated[list[str], typer.Argument(metavar="TOKEN...", help="20 digits each; hyphens may group them.")],
    *,
    meter: Annotated[str, typer.Option(help="MeterPAN or DRN; not needed with a decoder key.")] = "",
    sgc: SGC = "",
    key_type: KT = 2,
    krn: KRN = 1,
    ti: TI = 1,
    ea: Algorithm = 11,
    base_date: Base = "2014",
    keys: KeyFile = None,
    tables: TableFile = None,
    as_json: AsJson = False,
) -> None:
    """Read tokens."""
    key, own = None, None
    if any(block.remove_class(block.from_digits(token))[0] != 1 for token in tokens):
        given = gather(keys)
        own = attributes_of(
            sgc or NO_GROUP * ("decoder_key" in given), base_date, key_type=key_type, krn=krn, ti=ti, ea=ea
        )
        key = decoder_key(given, wanted_pan(meter) if meter else None, own)
    chosen = tables_of(tables)
    show([(token, decode(token, key, chosen)) for token in tokens], own, as_json=as_json)


@app.command(
    "keys",
    help=f"Derive the decoder keys of meters. {KEY_HELP}",
    epilog="Example:  openami sts keys 600727000000000009 --sgc 123457 --base-date 1993 --keys keys.toml --show",
)
def derive(
    meters: Annotated[list[str], typer.Argument(metavar="METER...", help="MeterPANs or DRNs.")],
    *,
    sgc: SGC = "",
    key_type: KT = 2,
    krn: KRN = 1,
    ti: TI = 1,
    ea: Algorithm = 11,
    base_date: Base = "2014",
    keys: KeyFile = None,
    show_keys: Annotated[bool, typer.Option("--show", help="Print the keys themselves: test keys only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Derive decoder keys, and show by what each may be recognised."""
    own = attributes_of(sgc, base_date, key_type=key_type, krn=krn, ti=ti, ea=ea)
    vending = vending_key(gather(keys))
    rows: list[dict[str, Json]] = []
    for pan in map(wanted_pan, meters):
        key = vending.decoder_key(pan, own)
        row: dict[str, Json] = {"meter": pan.digits, "drn": pan.drn.digits, "dkga": vending.dkga}
        row |= {"pan_block": pan_block(pan, own.key_type).hex().upper(), "control": own.control_block.hex().upper()}
        rows.append(row | {"check_value": check_value(key)} | ({"key": key.octets.hex().upper()} if show_keys else {}))
    if as_json:
        show_json([*rows])
        return
    show_table("Decoder keys", [*rows[0]], [list(row.values()) for row in rows])


def attributes_of(sgc: str, base_date: str, *, key_type: int, krn: int, ti: int, ea: int) -> KeyAttributes:
    """Take the attributes of a key from the options."""
    if not sgc:
        fail("say which supply group: --sgc", 2)
    if ea not in set(EA):
        fail(f"there is no EA{ea:02d} here: 7 or 11", 2)
    try:
        return KeyAttributes(sgc, KeyType(key_type), krn, ti, ea=EA(ea), base_date=base_of(base_date))
    except AmiError as error:
        fail(str(error), 2)


def base_of(text: str) -> BaseDate:
    """Read a base date."""
    if text not in BASE_DATES:
        fail(f"there is no base date {text}: 1993, 2014 or 2035", 2)
    return BASE_DATES[text]


def changed(own: KeyAttributes, text: str) -> KeyAttributes:
    """Take the attributes of the new key: `krn=2,ti=7`; what is not named stays."""
    given: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        given[name.strip()] = value.strip()
    if not given.keys() <= set(CHANGES):
        fail(f"a key change is written krn=2,ti=7 with any of {', '.join(CHANGES)}", 2)
    try:
        krn, ti, ken = (int(given.get(name, old)) for name, old in (("krn", own.krn), ("ti", own.ti), ("ken", own.ken)))
        key_type = KeyType(int(given.get("key-type", own.key_type)))
        base = base_of(given["base-date"]) if "base-date" in given else own.base_date
        return KeyAttributes(given.get("sgc", own.sgc), key_type, krn, ti, ken, own.ea, base)
    except (ValueError, AmiError) as error:
        fail(str(error), 2)


def wanted_pan(text: str) -> MeterPAN:
    """Read a meter's number; a wrong one is an error of usage."""
    try:
        return MeterPAN.parse(text)
    except AmiError as error:
        fail(f"{text}: {error}", 2)


def moment(text: str) -> datetime:
    """Read a time, or take the clock's."""
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        fail(f"{text} is no time as in 2026-11-20T12:00", 2)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def value_of(word: str, text: str) -> int:
    """The 16 bits of a value: credit in kWh, m³ or min with a tenth, limits in W, registers, rates, factors."""
    kind = WORDS[word]
    if kind is Kind.CLEAR_TAMPER:
        return 0
    if kind is Kind.CLEAR_CREDIT and text == "all":
        return ALL_REGISTERS
    try:
        number = Decimal(text) * (10 if kind.is_credit else 1)
        if number != number.to_integral_value() or number < 0:
            refuse(text, kind)
        return amount.encode(int(number)) if kind in AMOUNTS else int(number)
    except (InvalidOperation, AmiError):
        refuse(text, kind)


def refuse(text: str, kind: Kind) -> NoReturn:
    """Say what a value has to be."""
    wanted = f"an amount in {UNITS[kind]} with one decimal" if kind.is_credit else "a whole number"
    highest = f" up to {amount.HIGHEST // 10 if kind.is_credit else amount.HIGHEST}" if kind in AMOUNTS else ""
    fail(f"{text!r} is not {wanted}{highest}", 2)


def initiate_test(text: str, manufacturer: str) -> InitiateTest:
    """A test by its number, counted from 0, or all of them."""
    kinds = {2: Kind.INITIATE_TEST_2, 4: Kind.INITIATE_TEST_4}
    if not manufacturer.isdecimal() or len(manufacturer) not in kinds:
        fail("a maker's code has 2 or 4 digits", 2)
    kind = kinds[len(manufacturer)]
    bits = 44 - InitiateTest.BITS[kind]
    if text != "all" and not (text.isdecimal() and int(text) < bits):
        fail(f"tests have numbers from 0 to {bits - 1}, or all", 2)
    return InitiateTest((1 << bits) - 1 if text == "all" else 1 << int(text), int(manufacturer), kind)


def check_value(key: DecoderKey) -> str:
    """By what two people see that they have the same key, without telling it."""
    return sha256(b"openami check value" + key.octets).hexdigest()[:6].upper()


def show(tokens: list[tuple[str, Token]], own: KeyAttributes | None, *, as_json: bool) -> None:
    """Print tokens and what they say."""
    rows = [{"token": plain(digits)} | facts(token, own) for digits, token in tokens]
    if as_json:
        show_json([*rows])
        return
    for row in rows:
        title = block.grouped(str(row.pop("token")))
        show_table(title, ("what", "value"), [(name.replace("_", " "), value) for name, value in row.items()])


def plain(digits: str) -> str:
    """Digits without what groups them."""
    return digits.replace(" ", "").replace("-", "")


def facts(token: Token, own: KeyAttributes | None) -> dict[str, Json]:
    """Say what a token says; sections of a key without the key."""
    found: dict[str, Json] = {"kind": token.kind.name.lower().replace("_", "-")}
    found["class"] = f"{token.kind.token_class}.{token.kind & 15}"
    match token:
        case Transaction():
            unit = UNITS.get(token.kind)
            found["value"] = f"{token.units // 10}.{token.units % 10} {unit}" if unit else token.units
            found["tid"] = token.tid
            found["issued"] = own.base_date.time_of(token.tid).strftime("%Y-%m-%d %H:%M UTC") if own else None
            found["rnd"] = token.rnd
        case InitiateTest():
            tests: list[Json] = [bit for bit in range(36) if token.control >> bit & 1]
            found |= {"tests": "all" if token.is_of_all else tests, "manufacturer": token.manufacturer}
        case FirstSection():
            found |= {"key_type": token.key_type.name, "krn": token.krn, "rollover": token.rollover}
        case SecondSection():
            found["ti"] = token.ti
        case _:
            found["sgc_half"] = token.sgc_half
    return found
