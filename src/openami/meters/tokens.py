"""Tokens entered into a meter: where `sts.rules` meets the credit register. One way in for class 115, keypad and NFC.

The joining point, all of it plain functions on a `View` (`has_tokens` says whether the product takes any):

- `enter(view, digits, way) -> Outcome`: judge a token and carry it out, in one step. `Way` (or its text) is "remote"
  (class 115), "local", "keypad", "nfc". `Outcome.result` is an `sts.rules.Result`; `.result.is_good` whether it was
  taken, `.token` what was carried out. `credited` is what it brought in Wh (or grains of money).
  It may be called where a `Fleet` holds time still only: in a method of a COSEM object or in a hand (`fleet.hand`), as
  those are in the journal. What is no token is entered, too: guesses count.
- `last(view) -> Outcome | None`: the last token entered, by any way; `good(view)`: how many were taken.
- `credit(view) -> Credit`: `remaining`, `available`, `emergency` left, `low` (threshold of the alarm), `is_low`,
  `is_empty`, and `unit` and `scale` in which these are: remaining 1234 at scale -3 in kWh is 1.234 kWh.
- `identity(view) -> KeyFacts`: MeterPAN, DRN, and `KeyAttributes` of the key in force (SGC, KT, KRN, TI, KEN, EA).
- `rest_s(view)`: seconds for which tokens are refused after too many bad ones; 0 as a rule.
- `is_ready(view)`: whether a token would be looked at: with supply (unless `[prepayment] unpowered`) and sound memory.
- `tested(view) -> (control, at)`: control bits of the last test token that was taken, and when, for whoever shows it.
- `emergency(view)`: ask for emergency credit, as a short code or class 112 do; DefinitionError where there is none.

Times are true UTC: rest after bad tokens is counted by a tick that no client can set.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from openami.core.errors import LocalProtocolError
from openami.metering.account import KWH
from openami.metering.disconnect import Cause
from openami.metering.prepayment import NAME as CREDIT
from openami.metering.prepayment import Prepayment
from openami.metering.selftest import FAULTS, SelfTest
from openami.meters import token_effects
from openami.meters.sections.prepayment import PrepaymentRow
from openami.meters.token_memory import DIGITS, NAME, NOTHING, TokenMemory
from openami.meters.vending_keys import VendingKeys, pan
from openami.meters.view import View
from openami.sts import rules
from openami.sts.keys import KeyAttributes
from openami.sts.pan import DRN, MeterPAN
from openami.sts.rules import Result
from openami.sts.state import State
from openami.sts.tid import BaseDate
from openami.sts.token import InitiateTest, Kind, Transaction

BROKEN: Final = sum(1 << number for number, name in enumerate(FAULTS) if "memory" in name or "ram" in name)
"""Faults with which a token cannot be kept, as bits: none is looked at."""
MOST_BITS: Final = (1 << 36) - 1


class Way(StrEnum):
    """How a token came."""

    REMOTE = "remote"
    LOCAL = "local"
    KEYPAD = "keypad"
    NFC = "nfc"

    @property
    def delivery(self) -> int:
        """Delivery method of class 115: 0 remote, 1 local, 2 manual."""
        return {Way.REMOTE: 0, Way.KEYPAD: 2}.get(self, 1)


WAYS: Final = tuple(Way)


class Outcome(NamedTuple):
    """A token entered, and what became of it; `kind` is None where none was carried out."""

    result: Result
    digits: str
    way: Way
    at: int
    kind: Kind | None = None
    units: int = 0
    """As they stand on the token: 0.1 kWh, W."""
    credited: int = 0
    token: Transaction | InitiateTest | None = None
    """What was carried out; not remembered."""


class Credit(NamedTuple):
    """Credit of a meter in units of 10^scale of `unit`."""

    remaining: int
    available: int
    emergency: int
    low: int
    is_low: bool
    is_empty: bool
    unit: str
    scale: int


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """Whose meter it is to those who make tokens, and the attributes of its key."""

    pan: MeterPAN
    attributes: KeyAttributes

    @property
    def drn(self) -> DRN:
        """Number that stands on the meter."""
        return self.pan.drn


def has_tokens(view: View) -> bool:
    """Whether the product takes tokens."""
    return view.holding.product.prepayment is not None


def section(view: View) -> PrepaymentRow:
    """What the product's file says of prepayment."""
    found = view.holding.product.prepayment
    if found is None:
        raise LocalProtocolError("this meter takes no tokens")
    return found


def memory(view: View) -> TokenMemory:
    """What meters remember of tokens."""
    section(view)
    return view.laws.part(NAME, TokenMemory)


def register(view: View) -> Prepayment:
    """Credit registers."""
    section(view)
    return view.laws.part(CREDIT, Prepayment)


def keys(view: View) -> VendingKeys:
    """Vending keys of the fleet."""
    if view.holding.vending is None:
        raise LocalProtocolError("nobody keeps the vending keys of this meter")
    return view.holding.vending


# State of the rules


def state(view: View) -> State:
    """State of the rules; as it left the factory until there is another."""
    held = memory(view)
    sealed = held.sealed[view.meter]
    if not sealed.any():
        return factory(view)
    found = State.decode(keys(view).unseal(sealed.tobytes(), view.meter))
    return rules.restart(found, section(view).rules) if held.restarted[view.meter] else found


def factory(view: View) -> State:
    """State of a new meter: its memory is full of the identifier of its manufacture."""
    row, made = section(view), int(memory(view).made[view.meter])
    key = keys(view).decoder_key(pan(row, view.meter), row.attributes)
    return State.new(key, row.attributes, made_tid(made, BaseDate(row.base_date)), row.identifiers.value)


def made_tid(made: int, base: BaseDate) -> int:
    """Identifier of a moment of manufacture; 0 or the last where the base date does not reach it."""
    start = int(base.start.timestamp())
    return min(max((made - start) // 60, 0), (1 << 24) - 1)


def keep(view: View, after: State) -> None:
    """Keep a state."""
    held = memory(view)
    sealed = keys(view).seal(after.encode(), view.meter)
    held.sealed[view.meter] = np.frombuffer(sealed, np.uint8)
    held.restarted[view.meter] = False


# The way in


def enter(view: View, digits: str, way: Way | str) -> Outcome:
    """Judge a token and carry it out; what it changes, it changes in one step."""
    row, now, before = section(view), view.laws.now, state(view)
    space, is_busy = token_effects.room(register(view), view.meter), not is_ready(view)
    verdict = rules.enter(before, digits, now, row.rules, room=space, is_busy=is_busy)
    credited = token_effects.carry_out(view, verdict.token)
    keep(view, verdict.state)
    found = Outcome(verdict.result, digits, Way(way), now, *facts(verdict.token), credited, verdict.token)
    note(view, found)
    tell(view, found, before, verdict.state)
    return found


def facts(token: Transaction | InitiateTest | None) -> tuple[Kind | None, int]:
    """Kind and units of a token that was carried out."""
    if token is None:
        return None, 0
    return token.kind, token.units if isinstance(token, Transaction) else 0


def note(view: View, found: Outcome) -> None:
    """Remember the last token."""
    held, meter = memory(view), view.meter
    plain = found.digits.replace(" ", "").replace("-", "")
    octets = plain.encode("ascii", "replace")[:DIGITS].ljust(DIGITS, b"\0")
    held.digits[meter] = np.frombuffer(octets, np.uint8)
    held.result[meter], held.at[meter], held.way[meter] = found.result, found.at, WAYS.index(found.way)
    held.kind[meter] = NOTHING if found.kind is None else found.kind
    held.units[meter], held.credited[meter] = found.units, found.credited
    held.good[meter] += found.result.is_good
    if isinstance(found.token, InitiateTest):
        held.test[meter], held.test_at[meter] = found.token.control & MOST_BITS, found.at


def tell(view: View, found: Outcome, before: State, after: State) -> None:
    """Let it be known."""
    view.holding.event("token_accepted" if found.result.is_good else "token_refused", view.meter)
    if before.key != after.key:
        view.holding.event("key_changed_by_token", view.meter)
    if after.locked_until > max(before.locked_until, found.at):
        view.holding.event("token_locked", view.meter)


# What can be read


def last(view: View) -> Outcome | None:
    """Last token entered."""
    held, meter = memory(view), view.meter
    if not held.result[meter]:
        return None
    kind = int(held.kind[meter])
    return Outcome(
        Result(int(held.result[meter])),
        held.digits[meter].tobytes().rstrip(b"\0").decode("ascii"),
        WAYS[int(held.way[meter])],
        int(held.at[meter]),
        None if kind == NOTHING else Kind(kind),
        int(held.units[meter]),
        int(held.credited[meter]),
    )


def good(view: View) -> int:
    """Tokens taken."""
    return int(memory(view).good[view.meter])


def tested(view: View) -> tuple[int, int]:
    """Control bits of the last test token, and when it came; zeros before there was one."""
    held = memory(view)
    return int(held.test[view.meter]), int(held.test_at[view.meter])


def credit(view: View) -> Credit:
    """Credit as shown."""
    held, here = register(view), np.array([view.meter], np.intp)
    balance, lent = held.balance[here], np.where(held.selected[here], held.emergency[here], 0)
    amounts = (balance, held.available(here), np.clip(lent + np.minimum(balance, 0), 0, None), held.low[here])
    remaining, available, left, low = (int(held.shown(amount, here)[0]) for amount in amounts)
    is_low, is_empty = bool(held.is_low[view.meter]), bool(held.empty[view.meter])
    unit = held.lists.get(str(view.meter), KWH)
    return Credit(remaining, available, left, low, is_low, is_empty, unit, int(held.scale[view.meter]))


def identity(view: View) -> KeyFacts:
    """MeterPAN, and attributes of the key in force; the base date is that of the product."""
    row, held = section(view), state(view)
    sgc = f"{held.sgc:06d}"
    attributes = replace(
        row.attributes, sgc=sgc, key_type=held.key_type, krn=held.krn, ti=held.ti, ken=held.ken, ea=held.key.ea
    )
    return KeyFacts(pan(row, view.meter), attributes)


def rest_s(view: View) -> int:
    """Seconds for which tokens are refused."""
    return max(0, -int(-(state(view).locked_until - view.laws.now) // 1))


def is_ready(view: View) -> bool:
    """Whether a token would be looked at."""
    row, meter = section(view), view.meter
    if not row.unpowered and not view.laws.supply.powered[meter]:
        return False
    return not view.laws.part("self_test", SelfTest).faults[meter] & BROKEN


def emergency(view: View) -> None:
    """Ask for emergency credit."""
    register(view).select(view.laws, view.meter)


def is_disconnected(view: View) -> bool:
    """Whether the relay is held open for want of credit."""
    relay = view.laws.relay
    return relay is not None and bool(relay.causes[view.meter] & Cause.NO_CREDIT)
