"""A security module in software: sealed vending keys, limits, an audit trail, tokens by message id.

Each call that changes something gives its record, sealed, to `journal` before it returns: a module made anew of the
same records is the same module. Randomness is an argument, time is one of each call.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Self

from openami.core.errors import AmiError, DefinitionError, EncodeError, LocalProtocolError, SecurityError
from openami.sts import key_file
from openami.sts.audit import Entry, Fact
from openami.sts.ea07 import SAMPLE, Tables
from openami.sts.issuing import Issuer, identity
from openami.sts.key_file import Random, seal, unseal
from openami.sts.keys import EA, KeyAttributes, KeyType
from openami.sts.memory import FORGOTTEN, Change, Memory, Record
from openami.sts.security_module import Issued, MeterConfig, Profile, Session, Status
from openami.sts.tid import BaseDate
from openami.sts.token import Kind, Token

SESSION: Final = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Operator:
    """Who may use a module: the name, and the password as scrypt keeps it."""

    name: str
    salt: bytes = field(repr=False)
    proof: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, password: str, random: Random) -> Self:
        """Take in an operator."""
        salt = random(16)
        return cls(name, salt, scrypt(password, salt))

    def is_proved_by(self, password: str) -> bool:
        """Whether this is the operator's password."""
        return hmac.compare_digest(scrypt(password, self.salt), self.proof)


def scrypt(password: str, salt: bytes) -> bytes:
    """Password as it is kept."""
    return hashlib.scrypt(password.encode(), salt=salt, n=1 << 14, r=8, p=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a module is set up; DefinitionError for one that may not start.

    A module for production that is to serve EA07 wants the operator's tables: those that are shipped are samples.
    """

    module: str
    profile: Profile
    operators: tuple[Operator, ...]
    algorithms: frozenset[EA] = frozenset(EA)
    tables: Tables | None = None
    units: int | None = None
    """Units of credit it may vend before a transaction licence is loaded; None for no limit."""

    def __post_init__(self) -> None:
        has_own = self.tables is not None and not self.tables.is_sample
        if self.profile is Profile.PRODUCTION and EA.STA in self.algorithms and not has_own:
            raise DefinitionError("production with EA07 needs the tables of the operator, not samples", key="tables")


class SoftwareModule:
    """Makes tokens as a `SecurityModule` does."""

    def __init__(
        self,
        settings: Settings,
        module_key: bytes,
        random: Random,
        *,
        journal: Callable[[str], object] | None = None,
        records: Iterable[str] = (),
    ) -> None:
        if len(module_key) != 32:
            raise SecurityError("the key of a module has 32 octets")
        self.settings = settings
        self._module_key, self._random, self._journal = module_key, random, journal
        self._memory = Memory(settings.module, module_key, settings.units)
        self._issuer = Issuer(self._memory, settings.tables or SAMPLE, settings.algorithms, random)
        self._sessions: dict[str, Session] = {}
        self._is_written = True
        for record in records:
            self._memory.apply(Record.decode(unseal(record, self._purpose, module_key).decode()))

    @property
    def audit(self) -> Sequence[Entry]:
        """Everything that was done."""
        return tuple(self._memory.audit)

    @property
    def _purpose(self) -> str:
        """What the next record is sealed for."""
        return f"openami-security-module {self.settings.module} record {len(self._memory.audit)}"

    def ping(self, echo: str) -> str:
        """Say the same."""
        return echo

    def sign_in(self, operator: str, password: str, *, at: datetime) -> Session:
        """Let an operator in; SecurityError for a wrong password, which the trail remembers."""
        self._check_journal()
        found = next((known for known in self.settings.operators if known.name == operator), None)
        if found is None or not found.is_proved_by(password):
            self._record(operator, "sign_in", {"result": "refused"}, Change(), at)
            raise SecurityError("no such operator, or a wrong password")
        session = Session(operator, self._random(16).hex(), at + SESSION)
        self._sessions[session.secret] = session
        self._record(operator, "sign_in", {"result": "let in"}, Change(), at)
        return session

    def status(self, session: Session, *, at: datetime) -> Status:
        """Say how the module is."""
        self._check(session, at)
        return Status(self.settings.module, self.settings.profile, tuple(self._memory.keys), self._memory.units)

    def load_keys(self, session: Session, file: str, *, at: datetime) -> Status:
        """Take vending keys out of a key load file that was made for this module."""
        self._check(session, at)
        module, keys = key_file.decode(file)
        if module != self.settings.module:
            raise SecurityError(f"the key load file is for module {module}")
        for key in keys:
            key.open(module, self._module_key)
        facts: dict[str, Fact] = {"keys": ", ".join(f"{key.terms.sgc}/{key.terms.krn}" for key in keys)}
        self._record(session.operator, "load_keys", facts, Change(keys=tuple(keys)), at)
        return self.status(session, at=at)

    def load_transaction_license(self, session: Session, licence: str, *, at: datetime) -> Status:
        """Take more units of credit to vend; each licence counts once."""
        self._check(session, at)
        serial, units = json.loads(unseal(licence, licence_purpose(self.settings.module), self._module_key))
        if serial in self._memory.licences:
            raise LocalProtocolError(f"licence {serial} was loaded before")
        facts: dict[str, Fact] = {"licence": serial, "units": units}
        self._record(session.operator, "load_transaction_license", facts, Change(licence=serial, units=units), at)
        return self.status(session, at=at)

    def parse_id_record(self, record: str, base_date: BaseDate) -> MeterConfig:
        """Read the identification record of a meter's card."""
        return MeterConfig.of_id_record(record, base_date)

    def issue_credit_token(
        self, session: Session, message_id: str, meter: MeterConfig, kind: Kind, units: int, *, at: datetime
    ) -> Sequence[Issued]:
        """Make a credit token; key change tokens come before it where the meter's key is not the newest."""
        order = Order("issue_credit_token", message_id, (meter, kind, units), meter)
        return self._issue(session, order, lambda: self._issuer.credit(meter, kind, units, at), at)

    def issue_mse_token(
        self, session: Session, message_id: str, meter: MeterConfig, kind: Kind, value: int, *, at: datetime
    ) -> Sequence[Issued]:
        """Make a meter-specific engineering token: of class 2, but no key change."""
        order = Order("issue_mse_token", message_id, (meter, kind, value), meter)
        return self._issue(session, order, lambda: self._issuer.engineering(meter, kind, value, at), at)

    def issue_meter_test_token(
        self, session: Session, message_id: str, control: int, manufacturer: str, *, at: datetime
    ) -> Sequence[Issued]:
        """Make a test token of class 1 for the meters of a maker of 2 or 4 digits."""
        order = Order("issue_meter_test_token", message_id, (control, manufacturer))
        return self._issue(session, order, lambda: self._issuer.test(control, manufacturer), at)

    def issue_key_change_tokens(
        self, session: Session, message_id: str, meter: MeterConfig, new: KeyAttributes, *, at: datetime
    ) -> Sequence[Issued]:
        """Make the tokens that change a meter to another key; another base date clears its identifiers."""
        order = Order("issue_key_change_tokens", message_id, (meter, new), meter)
        return self._issue(session, order, lambda: self._issuer.key_change(meter, new, at), at)

    def issue_ditk_change_tokens(
        self, session: Session, message_id: str, meter: MeterConfig, new: KeyAttributes, *, at: datetime
    ) -> Sequence[Issued]:
        """Make the tokens that change a meter from its factory's key."""
        if meter.attributes.key_type is not KeyType.DITK:
            raise EncodeError("the meter is not under a factory's key")
        order = Order("issue_ditk_change_tokens", message_id, (meter, new), meter)
        return self._issue(session, order, lambda: self._issuer.key_change(meter, new, at), at)

    def verify_token(self, session: Session, meter: MeterConfig, digits: str, *, at: datetime) -> Token:
        """Read a token of a meter."""
        self._check(session, at)
        return self._issuer.verify(meter, digits, at)

    def fetch_token_result(self, session: Session, message_id: str, *, at: datetime) -> Sequence[Issued]:
        """Give the tokens of an earlier message again."""
        self._check(session, at)
        if message_id not in self._memory.issued:
            raise LocalProtocolError(f"no tokens were made for message {message_id}")
        return self._memory.issued[message_id]

    def cts_reset_tid_list(self, session: Session, meter: MeterConfig, *, at: datetime) -> None:
        """Forget the last identifier of a meter: for conformance tests only."""
        self._check(session, at)
        if self.settings.profile is Profile.PRODUCTION:
            raise LocalProtocolError("a module for production forgets no identifiers")
        facts: dict[str, Fact] = {"meter": meter.pan.digits}
        self._record(session.operator, "cts_reset_tid_list", facts, Change(meter=identity(meter), tid=FORGOTTEN), at)

    def _issue(self, session: Session, order: "Order", make: Callable[[], Change], at: datetime) -> Sequence[Issued]:
        """Make tokens once for a message id; asked again, give the same."""
        self._check(session, at)
        if (known := self._memory.requests.get(order.message_id)) is not None:
            if known != order.digest:
                raise LocalProtocolError(f"message {order.message_id} was used for something else")
            return self._memory.issued[order.message_id]
        try:
            change = replace(make(), message_id=order.message_id, request=order.digest)
        except AmiError as error:
            self._record(session.operator, order.call, order.facts | {"refused": str(error)}, Change(), at)
            raise
        made = ", ".join(f"{token.kind.name} {token.tid or ''} {token.units or ''}".strip() for token in change.issued)
        self._record(session.operator, order.call, order.facts | {"issued": made}, change, at)
        return change.issued

    def _check(self, session: Session, at: datetime) -> None:
        """Refuse who has not signed in, or too long ago."""
        self._check_journal()
        if self._sessions.get(session.secret) != session or at > session.until:
            raise SecurityError("sign in first")

    def _check_journal(self) -> None:
        """Refuse to go on where nobody knows whether the last record was written."""
        if not self._is_written:
            raise LocalProtocolError("the journal has failed: make the module anew of its records")

    def _record(self, operator: str, call: str, facts: Mapping[str, Fact], change: Change, at: datetime) -> None:
        """Write down what was done, then let it count."""
        entry = Entry(len(self._memory.audit), at.isoformat(), operator, call, dict(facts))
        record = Record(entry.bound(self._memory.link), change)
        if self._journal is not None:
            self._is_written = False
            self._journal(seal(record.encode().encode(), self._purpose, self._module_key, self._random))
        self._is_written = True
        self._memory.apply(record)


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for, under which message id."""

    call: str
    message_id: str
    words: tuple[object, ...]
    meter: MeterConfig | None = None

    @property
    def digest(self) -> str:
        """Hash of what was asked for."""
        return hashlib.sha256(repr((self.call, self.words)).encode()).hexdigest()

    @property
    def facts(self) -> dict[str, Fact]:
        """What the audit trail says of it."""
        return {"message": self.message_id, "meter": self.meter.pan.digits if self.meter else None}


def licence_purpose(module: str) -> str:
    """What a transaction licence is sealed for."""
    return f"openami-transaction-licence {module}"


def transaction_licence(module: str, serial: str, units: int, module_key: bytes, random: Random) -> str:
    """Make a transaction licence, as the keeper of a module's key may."""
    return seal(json.dumps([serial, units]).encode(), licence_purpose(module), module_key, random)
