"""A prepayment meter in service: tokens made with the keys of its folder, by the command and by hand; every result."""

import asyncio
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openami import Security, connect
from openami.aio.meter import Meter
from openami.cosem.prepayment import Credit
from openami.cosem.registers import Data
from openami.cosem.token_gateway import TokenGateway, TokenStatusCode
from openami.meters.identity import CLIENT_TITLE
from openami.sts.keys import DecoderKey, KeyAttributes, KeyType, VendingKey
from openami.sts.pan import MeterPAN
from openami.sts.rules import Result
from openami.sts.tid import tid_of
from openami.sts.token import FirstSection, InitiateTest, Kind, Transaction, encode, key_change
from served import served

GATEWAY, TOKEN_CREDIT = "0.0.19.40.0.255", "0.0.19.10.0.255"
RESULT, PAN = "0.0.96.50.146.255", "0.0.96.50.149.255"
OWN = KeyAttributes("123457")
MOST = 18_201_624


class Till:
    """Makes tokens for one meter, each with the next identifier."""

    def __init__(self, folder: Path, pan: MeterPAN) -> None:
        self.pan = pan
        self.vending, self.default = (
            VendingKey(bytes.fromhex(tomllib.loads((folder / name).read_text(encoding="utf-8"))["vending_key"]))
            for name in ("vending.toml", "first-key-change.toml")
        )
        self.last: int | None = None

    def key(self, attributes: KeyAttributes) -> DecoderKey:
        vending = self.default if attributes.key_type is KeyType.DDTK else self.vending
        return vending.decoder_key(self.pan, attributes)

    def token(self, kind: Kind, units: int = 256, under: KeyAttributes = OWN, tid: int | None = None) -> str:
        self.last = tid_of(datetime.now(UTC), under.base_date, self.last)
        made = Transaction.of_amount(kind, self.last if tid is None else tid, units, 5)
        if kind is Kind.CLEAR_CREDIT:
            made = Transaction(kind, made.tid, units)
        return encode(made, self.key(under))

    def change(self, new: KeyAttributes, old: KeyAttributes = OWN) -> list[str]:
        return [encode(section, self.key(old)) for section in key_change(self.key(new), new)]


def attempts(till: Till) -> Iterator[tuple[str, list[Result]]]:
    """Tokens in the order in which they go to one meter, and what is to become of each."""
    credit = till.token(Kind.ELECTRICITY)
    yield credit, [Result.ACCEPT]
    yield credit, [Result.USED]
    yield till.token(Kind.ELECTRICITY, tid=1), [Result.OLD]
    yield till.token(Kind.ELECTRICITY, MOST), [Result.OVERFLOW]
    yield till.token(Kind.WATER), [Result.FUNCTION]
    yield till.token(Kind.CLEAR_CREDIT, 7), [Result.RANGE]
    yield encode(InitiateTest(2, 77)), [Result.MANUFACTURER]
    yield "9" * 20, [Result.FORMAT]
    first, *_ = key_change(till.key(OWN), OWN)
    assert isinstance(first, FirstSection)
    yield encode(replace(first, key_type=KeyType.DITK), till.key(OWN)), [Result.KEY_TYPE]
    short = replace(OWN, ken=50)
    results = [Result.FIRST_KCT, Result.SECOND_KCT, Result.SECOND_KCT, Result.ACCEPT]
    for section, result in zip(till.change(short), results, strict=True):
        yield section, [result]
    yield till.token(Kind.ELECTRICITY), [Result.KEY_EXPIRED]
    default = replace(OWN, key_type=KeyType.DDTK)
    for section, result in zip(till.change(default, short), results, strict=True):
        yield section, [result]
    yield till.token(Kind.ELECTRICITY, under=default), [Result.DDTK]
    for _ in range(3):
        yield till.token(Kind.ELECTRICITY, under=replace(OWN, ti=9)), [Result.CRC]
    yield till.token(Kind.ELECTRICITY, under=default), [Result.LOCKOUT]


async def enter(meter: Meter, token: str) -> Result:
    """Enter a token; what the meter says of it, in both places."""
    await meter.action(TokenGateway.enter, GATEWAY, token.encode())
    status = await meter.get(TokenGateway.token_status, GATEWAY)
    result = Result(int(str(await meter.get(Data.value, RESULT))))
    assert status.data_value.octets[0] == result
    assert (status.status_code is TokenStatusCode.EXECUTION_OK) == result.is_good
    return result


def command(*words: str) -> Any:
    """What a command of ours prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "openami", *words, "--json"], capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(done.stdout)


def management(row: dict[str, str]) -> Any:
    """A connection of the management client."""
    keys = {name: row[name] for name in ("encryption_key", "authentication_key")}
    return connect(f"tcp://{row['address']}:{row['port']}", security=Security.hls5(**keys, client_title=CLIENT_TITLE))


async def buy(row: dict[str, str], folder: Path) -> set[Result]:
    """Enter a token of the command line, then one for every result."""
    async with management(row) as meter:
        pan = str(await meter.get(Data.value, PAN))
        before = await meter.get(Credit.current_credit_amount, TOKEN_CREDIT)
        words = ["sts", "encode", pan, "electricity", "12.3", "--sgc", "123457", "--keys", str(folder / "vending.toml")]
        [made] = await asyncio.to_thread(command, *words)
        token = made["token"].replace(" ", "").replace("-", "")
        assert await enter(meter, token) is Result.ACCEPT
        gained = await meter.get(Credit.current_credit_amount, TOKEN_CREDIT) - before
        assert 12_300 - 2_000 < gained <= 12_300, "but for what was used meanwhile"
        till = Till(folder, MeterPAN(pan))
        till.last = int(made["tid"])
        seen: set[Result] = set()
        for token, expected in attempts(till):
            assert [await enter(meter, token)] == expected
            seen.update(expected)
        return seen


async def not_ready(row: dict[str, str], token: str) -> Result:
    async with management(row) as meter:
        return await enter(meter, token)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_result_over_tcp_with_tokens_made_from_the_files_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "fleet"
    with served(folder, "--history", "1", "--control", "0", product="sed302") as fleet:
        assert fleet.ready["vending_key"] == str(folder / "vending.toml")
        seen = asyncio.run(buy(fleet.meters[0], folder))
        command("meter", "hand", fleet.ready["control"], "all", "memory_error", "nv")
        seen.add(asyncio.run(not_ready(fleet.meters[0], "0" * 20)))
    assert seen == set(Result)
