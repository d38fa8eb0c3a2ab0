"""Many tokens at once, as columns: each meter has its own key, each token its own values.

Digits are arrays of 20 ASCII octets (`S20`), keys of 16 octets (EA11) or 8 (EA07) a row, as `VendingKey.decoder_keys`
makes them. `openami.sts.amount.encode_many` makes values of amounts.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from openami.core.errors import EncodeError
from openami.sts import cipher
from openami.sts.block import from_digits_many, seal_many, to_digits_many
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.token import Kind

Integers: TypeAlias = NDArray[np.integer]
Keys: TypeAlias = NDArray[np.uint8]
Digits: TypeAlias = NDArray[np.bytes_]

SLICE: Final = 1 << 14
"""Tokens worked on together, so that their columns stay in the cache."""


COLUMNS: Final = np.dtype([("is_token", "?"), ("is_genuine", "?"), ("kind", "u1"), ("body", "u8")])


@dataclass(frozen=True, slots=True)
class Columns:
    """What tokens say, one a row; of those that are not genuine it means nothing."""

    rows: NDArray[np.void]
    """Records of `COLUMNS`. [n]."""

    @property
    def is_token(self) -> NDArray[np.bool_]:
        """It has 20 digits, 66 bits, and no reserved class."""
        return self.rows["is_token"]

    @property
    def is_genuine(self) -> NDArray[np.bool_]:
        """It is a token, and its CRC is right."""
        return self.rows["is_genuine"]

    @property
    def kind(self) -> NDArray[np.uint8]:
        """Class << 4 | subclass, also of kinds that `Kind` does not know."""
        return self.rows["kind"]

    @property
    def body(self) -> NDArray[np.uint64]:
        """All 44 bits of it."""
        return self.rows["body"]

    @property
    def rnd(self) -> NDArray[np.uint8]:
        """Random number of a transaction."""
        return (self.body >> np.uint64(40)).astype(np.uint8)

    @property
    def tid(self) -> NDArray[np.uint32]:
        """Token identifier of a transaction."""
        return (self.body >> np.uint64(16) & np.uint64(0xFFFFFF)).astype(np.uint32)

    @property
    def value(self) -> NDArray[np.uint16]:
        """The 16 bits of a transaction: code of an amount, register, rate."""
        return self.body.astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Values:
    """What stands on transactions, one a row. Fields: [n]."""

    tid: Integers
    value: Integers
    rnd: Integers

    def __post_init__(self) -> None:
        columns = {"TIDs": (self.tid, 24), "values": (self.value, 16), "RNDs": (self.rnd, 4)}
        for name, (column, bits) in columns.items():
            if len(column) and (column.min() < 0 or column.max() >> bits):
                raise EncodeError(f"{name} of {bits} bits expected")

    def payloads(self, kind: Kind) -> NDArray[np.uint64]:
        """Subclass, RND 4 bits, TID 24, value 16. [n]."""
        tid, value, rnd = (column.astype(np.uint64) for column in (self.tid, self.value, self.rnd))
        payloads: NDArray[np.uint64] = rnd << np.uint64(40) | tid << np.uint64(16) | value
        return payloads | np.uint64((kind & 15) << 44)


def encode(kind: Kind, values: Values, keys: Keys, tables: Tables = SAMPLE) -> Digits:
    """Digits of transactions of one kind. 3 x [n], [n, 16 or 8] -> [n] of 20 ASCII digits."""
    found = np.empty(len(keys), "S20")
    payloads = values.payloads(kind)
    for first in range(0, len(keys), SLICE):
        part = slice(first, first + SLICE)
        blocks = cipher.encrypt_many(seal_many(kind >> 4, payloads[part]), keys[part], tables)
        found[part] = to_digits_many(kind >> 4, blocks)
    return found


def decode(digits: Digits, keys: Keys, tables: Tables = SAMPLE) -> Columns:
    """Read tokens, each with its meter's key. [n], [n, 16 or 8] -> columns of [n]."""
    rows = np.empty(len(keys), COLUMNS)
    for first in range(0, len(keys), SLICE):
        part = slice(first, first + SLICE)
        fill(rows[part], digits[part], keys[part], tables)
    return Columns(rows)


def fill(rows: NDArray[np.void], digits: Digits, keys: Keys, tables: Tables) -> None:
    """Read as many tokens as stay in the cache."""
    token_class, blocks, is_token = from_digits_many(digits)
    is_token &= token_class < 3
    plain = np.where(token_class == 1, blocks, cipher.decrypt_many(blocks, keys, tables))
    rows["is_token"] = is_token
    rows["is_genuine"] = is_token & (seal_many(token_class, plain >> np.uint64(16)) == plain)
    rows["kind"] = token_class << 4 | (plain >> np.uint64(60)).astype(np.uint8)
    rows["body"] = plain >> np.uint64(16) & np.uint64((1 << 44) - 1)
