"""The making of tokens inside a security module: which key, which identifier, within which limits."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from openami.core.errors import EncodeError, LocalProtocolError, SecurityError
from openami.sts.amount import decode as units_of
from openami.sts.amount import encode as code_of
from openami.sts.ea07 import Tables
from openami.sts.key_file import KeyTerms, Random
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType, VendingKey
from openami.sts.memory import FORGOTTEN, Change, Memory
from openami.sts.security_module import Issued, MeterConfig
from openami.sts.tid import is_expired, tid_of
from openami.sts.token import AMOUNTS, InitiateTest, Kind, Token, Transaction, decode, encode, key_change

SECTIONS: Final = frozenset({Kind.FIRST_SECTION, Kind.SECOND_SECTION, Kind.THIRD_SECTION, Kind.FOURTH_SECTION})
MSE: Final = frozenset(kind for kind in Kind if kind.token_class == 2) - SECTIONS
"""Kinds of meter-specific engineering tokens."""
DEFAULT_KEYS: Final = frozenset({KeyType.DITK, KeyType.DDTK})


class Issuer:
    """Makes tokens of what the memory holds; it changes nothing, the change it gives is to be recorded."""

    def __init__(self, memory: Memory, tables: Tables, algorithms: frozenset[EA], random: Random) -> None:
        self.memory, self.tables, self.algorithms, self.random = memory, tables, algorithms, random

    def credit(self, meter: MeterConfig, kind: Kind, units: int, at: datetime) -> Change:
        """Credit, and before it the change to the newest key of the supply group."""
        if not kind.is_credit:
            raise EncodeError(f"{kind.name} is no credit")
        if meter.attributes.key_type in DEFAULT_KEYS:
            raise LocalProtocolError("a meter under a default key takes no credit: change its key first")
        newest = self.newest(meter.attributes, at) if meter.allow_krn_update else meter.attributes
        before = () if newest == meter.attributes else self.key_change(meter, newest, at).issued
        made = self.transaction(replace(meter, attributes=newest), kind, code_of(units), at)
        vended = units_of(code_of(units))
        self.check_limits(newest, vended)
        return replace(made, issued=(*before, *made.issued), units=-vended)

    def engineering(self, meter: MeterConfig, kind: Kind, value: int, at: datetime) -> Change:
        """A token of class 2: limits in W, a register to clear, a rate, a factor; clear tamper has no value."""
        if kind not in MSE:
            raise EncodeError(f"{kind.name} is no engineering token")
        return self.transaction(meter, kind, code_of(value) if kind in AMOUNTS else value, at)

    def transaction(self, meter: MeterConfig, kind: Kind, value: int, at: datetime) -> Change:
        """A token with the next identifier of its meter."""
        name = identity(meter)
        last = self.memory.last_tid.get(name, FORGOTTEN)
        tid = tid_of(at, meter.attributes.base_date, None if last == FORGOTTEN else last)
        terms, _ = self.vending_key(meter.attributes, at)
        if is_expired(tid, min(meter.attributes.ken, terms.ken)):
            raise LocalProtocolError(f"the key has expired at {at:%Y-%m-%d %H:%M}: change it first")
        token = Transaction(kind, tid, value, self.random(1)[0] & 15)
        digits = encode(token, self.decoder_key(meter, meter.attributes, at), self.tables)
        return Change(issued=(Issued(digits, kind, tid, token.units),), meter=name, tid=tid)

    def test(self, control: int, manufacturer: str) -> Change:
        """A token of class 1, for the meters of a maker of 2 or 4 digits."""
        kinds = {2: Kind.INITIATE_TEST_2, 4: Kind.INITIATE_TEST_4}
        if len(manufacturer) not in kinds or not (manufacturer.isascii() and manufacturer.isdigit()):
            raise EncodeError("a maker's code has 2 or 4 digits")
        token = InitiateTest(control, int(manufacturer), kinds[len(manufacturer)])
        return Change(issued=(Issued(encode(token), token.kind),))

    def key_change(self, meter: MeterConfig, new: KeyAttributes, at: datetime) -> Change:
        """Key change tokens under the meter's key of today; another base date clears its identifiers."""
        old = meter.attributes
        if new.ea is not old.ea:
            raise EncodeError("the algorithm of a meter does not change")
        old_key, new_key = self.decoder_key(meter, old, at), self.decoder_key(meter, new, at)
        sections = key_change(new_key, new, rollover=new.base_date != old.base_date)
        digits = [encode(section, old_key, self.tables) for section in sections]
        return Change(issued=tuple(Issued(text, part.kind) for text, part in zip(digits, sections, strict=True)))

    def verify(self, meter: MeterConfig, digits: str, at: datetime) -> Token:
        """Read a token of a meter."""
        return decode(digits, self.decoder_key(meter, meter.attributes, at), self.tables)

    def newest(self, attributes: KeyAttributes, at: datetime) -> KeyAttributes:
        """The same with the highest key revision of the supply group that is active, if it is higher."""
        found = attributes
        for terms, _ in self.memory.keys.values():
            is_same = (terms.sgc, terms.key_type) == (attributes.sgc, attributes.key_type)
            if is_same and terms.krn > found.krn and terms.is_active(at):
                found = replace(attributes, krn=terms.krn, ken=terms.ken, base_date=terms.base_date)
        return found

    def vending_key(self, attributes: KeyAttributes, at: datetime) -> tuple[KeyTerms, VendingKey]:
        """The key for a meter, and its terms."""
        name = attributes.sgc, attributes.key_type, attributes.krn
        if name not in self.memory.keys:
            raise SecurityError(f"no vending key for SGC {name[0]}, key type {name[1]:d}, KRN {name[2]}")
        terms, key = self.memory.keys[name]
        if not terms.is_active(at):
            raise SecurityError(f"the vending key for SGC {name[0]}, KRN {name[2]} is not in use at {at:%Y-%m-%d}")
        return terms, key

    def decoder_key(self, meter: MeterConfig, attributes: KeyAttributes, at: datetime) -> DecoderKey:
        """The key of a meter; it does not leave the module."""
        if attributes.ea not in self.algorithms:
            raise SecurityError(f"the module is not set up for EA{attributes.ea:02d}")
        return self.vending_key(attributes, at)[1].decoder_key(meter.pan, attributes)

    def check_limits(self, attributes: KeyAttributes, units: int) -> None:
        """Refuse more than the key or the licence allows."""
        terms, _ = self.memory.keys[attributes.sgc, attributes.key_type, attributes.krn]
        if terms.unit_limit is not None and units > terms.unit_limit:
            raise LocalProtocolError(f"{units} units are more than the {terms.unit_limit} that one token may have")
        if self.memory.units is not None and units > self.memory.units:
            raise LocalProtocolError(f"{units} units are more than the {self.memory.units} that are licensed")


def identity(meter: MeterConfig) -> str:
    """Under what the last identifier of a meter is kept; another base date counts anew."""
    return f"{meter.pan} {meter.attributes.base_date.code}"
