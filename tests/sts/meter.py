"""A meter for tests of the rules: its state and its credit are one file, replaced in one step."""

from dataclasses import dataclass, replace

from openami.sts.ea07 import SAMPLE
from openami.sts.keys import EA, DecoderKey, KeyAttributes, KeyType, VendingKey
from openami.sts.pan import DRN, MeterPAN
from openami.sts.rules import Result, Rules, Verdict, enter, restart
from openami.sts.state import State
from openami.sts.tid import BaseDate
from openami.sts.token import Kind, Token, Transaction, encode, key_change

PAN = MeterPAN.of(DRN.of("99", 1234567))
VENDING = VendingKey(bytes(range(20)))
NEW_VENDING = VendingKey(bytes(range(40, 60)))
ATTRIBUTES = KeyAttributes("123457")
MADE = 5_000_000
HIGHEST = 1_000_000
RULES = Rules()


def key_of(attributes: KeyAttributes = ATTRIBUTES, vending: VendingKey = VENDING) -> DecoderKey:
    return vending.decoder_key(PAN, attributes)


def credit(tid: int, units: int = 100, key: DecoderKey | None = None) -> str:
    return encode(Transaction.of_amount(Kind.ELECTRICITY, tid, units, 7), key or key_of())


def digits(token: Token, key: DecoderKey | None = None) -> str:
    return encode(token, key or key_of())


def change(new: KeyAttributes, *, rollover: bool = False, old: DecoderKey | None = None) -> list[str]:
    """Tokens that bring a new key of another vending key."""
    return [digits(part, old) for part in key_change(key_of(new, NEW_VENDING), new, rollover=rollover)]


@dataclass
class Disk:
    """What survives: octets of the state, and credit."""

    state: bytes
    credit: int = 0


class PowerCut(Exception):
    """The lights went out."""


@dataclass
class Meter:
    """A meter that may lose power before or after it writes."""

    disk: Disk
    rules: Rules = RULES
    now: float = 0.0
    cut: str = ""

    @classmethod
    def new(cls, attributes: KeyAttributes = ATTRIBUTES, rules: Rules = RULES, **changes: object) -> "Meter":
        state = replace(State.new(key_of(attributes), attributes, MADE), **changes)
        return cls(Disk(state.encode()), rules)

    @property
    def state(self) -> State:
        return State.decode(self.disk.state)

    def judge(self, text: str, **options: bool) -> Verdict:
        return enter(self.state, text, self.now, self.rules, room=HIGHEST - self.disk.credit, tables=SAMPLE, **options)

    def enter(self, text: str, **options: bool) -> Result:
        verdict = self.judge(text, **options)
        after = Disk(verdict.state.encode(), self.disk.credit)
        if verdict.token is not None and verdict.token.kind.is_credit:
            after.credit += verdict.token.units
        self.lights_out("before")
        self.disk = after
        self.lights_out("after")
        return verdict.result

    def lights_out(self, when: str) -> None:
        if self.cut == when:
            self.cut = ""
            self.disk = Disk(restart(self.state, self.rules).encode(), self.disk.credit)
            raise PowerCut


STA = KeyAttributes("123457", ea=EA.STA)
DEFAULT = KeyAttributes("123457", KeyType.DDTK)
LATER = KeyAttributes("654321", krn=2, ti=7, ken=200, base_date=BaseDate.YEAR_2035)
