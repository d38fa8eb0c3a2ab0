"""Tokens: 20 digits there and back (IEC 62055-41, 6.2 and 6.3).

Left out, since nothing at hand verifies them: credit in currency (0.4 to 0.7), the extended tokens (1.2, 2.10), sets of
three key change tokens, and whatever is reserved or proprietary.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, Self, TypeAlias

from openami.core.errors import DecodeError, EncodeError, SecurityError
from openami.sts import amount, block, cipher
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType

CLASSES: Final = ("credit", "test/display", "management", "reserved")
PAYLOAD_BITS: Final = 48


class Kind(IntEnum):
    """What a token is for: class << 4 | subclass."""

    ELECTRICITY = 0x00
    WATER = 0x01
    GAS = 0x02
    TIME = 0x03
    INITIATE_TEST_2 = 0x10
    INITIATE_TEST_4 = 0x11
    MAXIMUM_POWER_LIMIT = 0x20
    CLEAR_CREDIT = 0x21
    TARIFF_RATE = 0x22
    FIRST_SECTION = 0x23
    SECOND_SECTION = 0x24
    CLEAR_TAMPER = 0x25
    MAXIMUM_PHASE_POWER_UNBALANCE = 0x26
    WATER_METER_FACTOR = 0x27
    THIRD_SECTION = 0x28
    FOURTH_SECTION = 0x29

    @property
    def token_class(self) -> int:
        """Class 0 to 2."""
        return self >> 4

    @property
    def is_credit(self) -> bool:
        """Whether it transfers credit."""
        return self.token_class == 0


AMOUNTS: Final = frozenset(
    {Kind.ELECTRICITY, Kind.WATER, Kind.GAS, Kind.TIME, Kind.MAXIMUM_POWER_LIMIT, Kind.MAXIMUM_PHASE_POWER_UNBALANCE}
)
"""Kinds whose 16 bits are the code of an amount: credit in tenths of kWh, m³ or min, limits in W."""
ALL_REGISTERS: Final = 0xFFFF
"""Register of a token that clears all credit."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A token with an identifier: credit (0.0 to 0.3), and of class 2 all but the key change tokens."""

    kind: Kind
    tid: int
    value: int = 0
    """As it stands on the token, 16 bits: code of an amount, register to clear, rate, factor."""
    rnd: int = 0

    @classmethod
    def of_amount(cls, kind: Kind, tid: int, units: int, rnd: int = 0) -> Self:
        """Token for an amount in units of the token; it is rounded to the customer's favour."""
        return cls(kind, tid, amount.encode(units), rnd)

    @property
    def units(self) -> int:
        """The amount in units of the token, where the value is one."""
        return amount.decode(self.value) if self.kind in AMOUNTS else self.value

    @property
    def payload(self) -> int:
        """Subclass, RND 4 bits, TID 24, value 16."""
        if self.tid >> 24 or self.value >> 16 or self.rnd >> 4:  # a negative one too
            raise EncodeError("TID of 24 bits, value of 16 and RND of 4 expected")
        return (self.kind & 15) << 44 | self.rnd << 40 | self.tid << 16 | self.value

    @classmethod
    def decode(cls, kind: Kind, body: int) -> Self:
        """Read a body of 44 bits."""
        return cls(kind, body >> 16 & 0xFFFFFF, body & 0xFFFF, body >> 40)


@dataclass(frozen=True, slots=True)
class InitiateTest:
    """A token that any meter takes, in clear: tests to do or values to show, one bit each (1.0, 1.1)."""

    control: int
    manufacturer: int = 0
    """Code of the maker that it is for; 0 is every maker."""
    kind: Kind = Kind.INITIATE_TEST_2

    BITS: ClassVar = {Kind.INITIATE_TEST_2: 8, Kind.INITIATE_TEST_4: 16}

    @property
    def is_of_all(self) -> bool:
        """Whether it asks for everything: all control bits are set."""
        return self.control == (1 << (44 - self.BITS[self.kind])) - 1

    @property
    def payload(self) -> int:
        """Subclass, control 36 or 28 bits, maker 8 or 16."""
        bits = self.BITS[self.kind]
        if self.control >> (44 - bits) or self.manufacturer >> bits:
            raise EncodeError(f"control of {44 - bits} bits and maker's code of {bits} expected")
        return (self.kind & 15) << 44 | self.control << bits | self.manufacturer

    @classmethod
    def decode(cls, kind: Kind, body: int) -> Self:
        """Read a body of 44 bits."""
        bits = cls.BITS[kind]
        return cls(body >> bits, body & (1 << bits) - 1, kind)


@dataclass(frozen=True, slots=True)
class FirstSection:
    """First section of a new decoder key: NKHO, and what it will be (2.3)."""

    ken_high: int
    krn: int
    rollover: bool
    key_type: KeyType
    key: int = field(repr=False)
    is_of_three: bool = False
    """Bit 3KCT: a third token carries the supply group code of a key of 64 bits; nothing more is verified of it."""
    kind: Kind = Kind.FIRST_SECTION

    @property
    def payload(self) -> int:
        """Subclass, KENHO 4 bits, KRN 4, RO 1, 3KCT 1, KT 2, NKHO 32."""
        flags = self.rollover << 3 | self.is_of_three << 2 | self.key_type
        return 3 << 44 | self.ken_high << 40 | self.krn << 36 | flags << 32 | self.key

    @classmethod
    def decode(cls, kind: Kind, body: int) -> Self:
        """Read a body of 44 bits."""
        flags = body >> 32 & 15
        key_type = KeyType(flags & 3)
        return cls(body >> 40, body >> 36 & 15, bool(flags & 8), key_type, body & 0xFFFFFFFF, bool(flags & 4), kind)


@dataclass(frozen=True, slots=True)
class SecondSection:
    """Second section of a new decoder key: NKLO, tariff index (2.4)."""

    ken_low: int
    ti: int
    key: int = field(repr=False)
    kind: Kind = Kind.SECOND_SECTION

    @property
    def payload(self) -> int:
        """Subclass, KENLO 4 bits, TI 8, NKLO 32."""
        return 4 << 44 | self.ken_low << 40 | self.ti << 32 | self.key

    @classmethod
    def decode(cls, kind: Kind, body: int) -> Self:
        """Read a body of 44 bits."""
        return cls(body >> 40, body >> 32 & 0xFF, body & 0xFFFFFFFF, kind)


@dataclass(frozen=True, slots=True)
class MiddleSection:
    """Third section: NKMO2, low half of the supply group code (2.8); or fourth: NKMO1, high half (2.9)."""

    kind: Kind
    sgc_half: int
    key: int = field(repr=False)

    @property
    def payload(self) -> int:
        """Subclass, half of the supply group code 12 bits, section of the key 32."""
        return (self.kind & 15) << 44 | self.sgc_half << 32 | self.key

    @classmethod
    def decode(cls, kind: Kind, body: int) -> Self:
        """Read a body of 44 bits."""
        return cls(kind, body >> 32, body & 0xFFFFFFFF)


Section: TypeAlias = FirstSection | SecondSection | MiddleSection
Token: TypeAlias = Transaction | InitiateTest | Section


BODIES: Final[dict[Kind, type[Token]]] = dict.fromkeys(Kind, Transaction) | {
    Kind.INITIATE_TEST_2: InitiateTest,
    Kind.INITIATE_TEST_4: InitiateTest,
    Kind.FIRST_SECTION: FirstSection,
    Kind.SECOND_SECTION: SecondSection,
    Kind.THIRD_SECTION: MiddleSection,
    Kind.FOURTH_SECTION: MiddleSection,
}


def encode(token: Token, key: DecoderKey | None = None, tables: Tables = SAMPLE) -> str:
    """Digits of a token; only those of class 1 need no key."""
    token_class = token.kind >> 4
    sealed = block.seal(token_class, token.payload)
    if token_class != 1:
        if key is None:
            raise SecurityError(f"a token of class {token_class} needs the meter's key")
        sealed = cipher.encrypt(sealed, key, tables)
    return block.to_digits(block.insert_class(token_class, sealed))


def decode(digits: str, key: DecoderKey | None = None, tables: Tables = SAMPLE) -> Token:
    """Read a token.

    Raises DecodeError for what is no token, or none of a kind known here; SecurityError for a wrong CRC: a wrong digit,
    or a token for another meter or another key.
    """
    token_class, sealed = block.remove_class(block.from_digits(digits))
    if token_class == 3:
        raise DecodeError("class 3 is reserved", offset=0)
    if token_class != 1:
        if key is None:
            raise SecurityError(f"a token of class {token_class} needs the meter's key")
        sealed = cipher.decrypt(sealed, key, tables)
    if not block.is_sealed(token_class, sealed):
        raise SecurityError("the CRC is wrong: a wrong digit, or a token of another key")
    return from_payload(token_class, sealed >> 16)


def from_payload(token_class: int, payload: int) -> Token:
    """Read subclass and body."""
    subclass = payload >> 44
    try:
        kind = Kind(token_class << 4 | subclass)
    except ValueError:
        raise DecodeError(f"tokens {token_class}.{subclass} are not known here", offset=0) from None
    return BODIES[kind].decode(kind, payload & (1 << 44) - 1)


def key_change(key: DecoderKey, attributes: KeyAttributes, *, rollover: bool = False) -> list[Section]:
    """Tokens that change a meter to this key: two for EA07, four for EA11. They are encrypted under the old key."""
    words = [key.number >> shift & 0xFFFFFFFF for shift in range(key.ea.key_bits - 32, -32, -32)]
    ken_high, ken_low = divmod(attributes.ken, 16)
    first = FirstSection(ken_high, attributes.krn, rollover, attributes.key_type, words[0])
    found: list[Section] = [first, SecondSection(ken_low, attributes.ti, words[-1])]
    if key.ea is EA.MISTY1:
        high, low = divmod(int(attributes.sgc), 1 << 12)
        found.append(MiddleSection(Kind.THIRD_SECTION, low, words[1]))
        found.append(MiddleSection(Kind.FOURTH_SECTION, high, words[2]))
    return found
