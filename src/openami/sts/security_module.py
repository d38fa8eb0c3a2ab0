"""The calls of a security module, whoever answers them: our software, or an HSM behind an adapter.

After the public call set of the usual hardware: thirteen calls, every issue known by a message id, so that asking again
after a time-out gives the same tokens and never a second one. Time is an argument; no call shows a key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from openami.core.errors import DecodeError
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.pan import MeterPAN
from openami.sts.tid import BaseDate
from openami.sts.token import Kind, Token


class Profile(StrEnum):
    """What a module is for."""

    TEST = "test"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class MeterConfig:
    """What the vendor knows of a meter."""

    pan: MeterPAN
    attributes: KeyAttributes
    token_carrier: int = 2
    allow_krn_update: bool = True
    """Whether a newer key of its supply group may be put before a credit token."""

    @classmethod
    def of_id_record(cls, record: str, base_date: BaseDate) -> Self:
        """Read the 35 digits of a meter's card: MeterPAN, expiry, TCT, EA, SGC, TI, KRN.

        The layout is from general knowledge and not verified. The card names neither key type nor base date.
        """
        digits = record.strip().strip(";?").replace("=", "")
        if len(digits) != 35 or not (digits.isascii() and digits.isdigit()):
            raise DecodeError("an identification record has 35 digits", offset=0)
        if (algorithm := int(digits[24:26])) not in set(EA):
            raise DecodeError(f"EA{algorithm:02d} is not known here", offset=24)
        krn = int(digits[34])
        attributes = KeyAttributes(
            digits[26:32], KeyType.DUTK, krn, int(digits[32:34]), ea=EA(algorithm), base_date=base_date
        )
        return cls(MeterPAN(digits[:18]), attributes, int(digits[22:24]))


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was made."""

    digits: str = field(repr=False)
    kind: Kind
    tid: int | None = None
    units: int | None = None
    """What is on it in units of the token; with credit at least what was asked for."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a module is."""

    module: str
    profile: Profile
    keys: tuple[tuple[str, KeyType, int], ...]
    """SGC, KT and KRN of the vending keys it holds."""
    units_left: int | None
    """Units of credit that its transaction licences still allow; None for no limit."""


@dataclass(frozen=True, slots=True)
class Session:
    """An operator who has signed in."""

    operator: str
    secret: str = field(repr=False)
    until: datetime


class SecurityModule(Protocol):
    """What makes tokens and never shows a key."""

    def ping(self, echo: str) -> str:
        """Say the same."""
        ...

    def sign_in(self, operator: str, password: str, *, at: datetime) -> Session:
        """Let an operator in; SecurityError for a wrong password."""
        ...

    def status(self, session: Session, *, at: datetime) -> Status:
        """Say how the module is."""
        ...

    def parse_id_record(self, record: str, base_date: BaseDate) -> MeterConfig:
        """Read the identification record of a meter's card."""
        ...

    def load_transaction_license(self, session: Session, licence: str, *, at: datetime) -> Status:
        """Take more units of credit to vend."""
        ...

    def issue_credit_token(
        self, session: Session, message_id: str, meter: MeterConfig, kind: Kind, units: int, *, at: datetime
    ) -> Sequence[Issued]:
        """Make a credit token; key change tokens come before it where the meter's key is not the newest."""
        ...

    def issue_mse_token(
        self, session: Session, message_id: str, meter: MeterConfig, kind: Kind, value: int, *, at: datetime
    ) -> Sequence[Issued]:
        """Make a meter-specific engineering token: of class 2, but no key change."""
        ...

    def issue_meter_test_token(
        self, session: Session, message_id: str, control: int, manufacturer: str, *, at: datetime
    ) -> Sequence[Issued]:
        """Make a test token of class 1 for the meters of a maker of 2 or 4 digits."""
        ...

    def issue_key_change_tokens(
        self, session: Session, message_id: str, meter: MeterConfig, new: KeyAttributes, *, at: datetime
    ) -> Sequence[Issued]:
        """Make the tokens that change a meter to another key; a later base date clears its identifiers."""
        ...

    def issue_ditk_change_tokens(
        self, session: Session, message_id: str, meter: MeterConfig, new: KeyAttributes, *, at: datetime
    ) -> Sequence[Issued]:
        """Make the tokens that change a meter from its factory's key."""
        ...

    def verify_token(self, session: Session, meter: MeterConfig, digits: str, *, at: datetime) -> Token:
        """Read a token of a meter."""
        ...

    def fetch_token_result(self, session: Session, message_id: str, *, at: datetime) -> Sequence[Issued]:
        """Give the tokens of an earlier message again."""
        ...

    def cts_reset_tid_list(self, session: Session, meter: MeterConfig, *, at: datetime) -> None:
        """Forget the last identifier of a meter: for conformance tests only."""
        ...
