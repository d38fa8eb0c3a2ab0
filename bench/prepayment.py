"""Prepayment tokens: DKGA04 and EA11, each meter with its own key, 20 digits out."""

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
from harness import Row

from openami.sts import amount, batch
from openami.sts.keys import KeyAttributes, VendingKey
from openami.sts.pan import DRN, MeterPAN
from openami.sts.token import Kind, Transaction, encode

VENDING_KEY = VendingKey(bytes(range(20)))
ATTRIBUTES = KeyAttributes("123457")
ONE_BY_ONE, MANY = 10_000, 1 << 17
ROUNDS = 7
PEER, PEERS_TOKENS = "NectarAPI/tokens-service (published)", 346
"""Best rate that is published of an open program; it was counted on a server of two cores, on one of them."""


PANS = [MeterPAN.of(DRN.of("99", number)) for number in range(ONE_BY_ONE)]


def per_second(work: Callable[[], object], amount_of_work: int) -> float:
    """Median rate of a few rounds by processor time: what one core does."""
    work()
    found: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        work()
        found.append(amount_of_work / (time.process_time() - begun))
    return median(found)


def vend() -> None:
    """Make a credit token for each meter, deriving its key."""
    for number, pan in enumerate(PANS):
        key = VENDING_KEY.decoder_key(pan, ATTRIBUTES)
        encode(Transaction.of_amount(Kind.ELECTRICITY, 6_000_000 + number, 25 * number, number & 15), key)


def one_by_one() -> Iterator[Row]:
    """Tokens as a shop makes them."""
    rate = per_second(vend, ONE_BY_ONE)
    note = "key derived for each meter, amount coded, encrypted; the peer's figure is published, not measured here"
    yield Row("sts.encode", rate, "tokens/s", 80_000, PEER, PEERS_TOKENS, higher_is_better=True, note=note)


def many() -> Iterator[Row]:
    """Tokens as columns."""
    rng = np.random.default_rng(5)
    pans = np.array([pan.digits for pan in PANS], "S18")[np.arange(MANY) % ONE_BY_ONE]
    tid, units, rnd = (rng.integers(0, limit, MANY) for limit in (1 << 24, amount.HIGHEST, 16))

    def work() -> None:
        values = batch.Values(tid, amount.encode_many(units), rnd)
        batch.encode(Kind.ELECTRICITY, values, VENDING_KEY.decoder_keys(pans, ATTRIBUTES))

    note = "the same as columns of 131,072, each row its own derivation; the peer's figure is published"
    rate = per_second(work, MANY)
    yield Row("sts.batch", rate, "tokens/s", 800_000, PEER, PEERS_TOKENS, higher_is_better=True, note=note)
