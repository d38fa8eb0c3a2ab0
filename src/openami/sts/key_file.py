"""Key load files: vending keys on their way to one security module, sealed, with what they may be used for.

The form is our own, in the spirit of the files of a key management centre; it reads none of those and is read by none.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self, TypeAlias, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from openami.core.errors import DecodeError, SecurityError
from openami.sts.keys import KeyType, VendingKey
from openami.sts.tid import NEVER, BaseDate

Random: TypeAlias = Callable[[int], bytes]
"""Source of random octets: `os.urandom` outside of tests."""

FORMAT: Final = "openami-key-load-file-1"
NONCE: Final = 12


def seal(octets: bytes, purpose: str, key: bytes, random: Random) -> str:
    """Encrypt for one purpose (AES-256-GCM); what was sealed for another does not open."""
    nonce = random(NONCE)
    return (nonce + AESGCM(key).encrypt(nonce, octets, purpose.encode())).hex()


def unseal(text: str, purpose: str, key: bytes) -> bytes:
    """Open what `seal` gave; SecurityError if it was touched, or is for another module or purpose."""
    try:
        octets = bytes.fromhex(text)
        return AESGCM(key).decrypt(octets[:NONCE], octets[NONCE:], purpose.encode())
    except (ValueError, InvalidTag):
        raise SecurityError("sealed for another module, or damaged") from None


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a vending key is for, and within which limits."""

    sgc: str
    key_type: KeyType = KeyType.DUTK
    krn: int = 1
    ken: int = NEVER
    base_date: BaseDate = BaseDate.YEAR_2014
    active_from: datetime | None = None
    issued_until: datetime | None = None
    unit_limit: int | None = None
    """Highest amount of one token, in its units."""

    @property
    def name(self) -> tuple[str, KeyType, int]:
        """By what a module finds it: SGC, KT, KRN."""
        return self.sgc, self.key_type, self.krn

    def is_active(self, at: datetime) -> bool:
        """Whether tokens may be made with the key at this time."""
        return (self.active_from is None or at >= self.active_from) and (
            self.issued_until is None or at <= self.issued_until
        )

    def encode(self) -> dict[str, str | int | None]:
        """Facts as they stand in a file."""
        active, until = (None if at is None else at.isoformat() for at in (self.active_from, self.issued_until))
        facts: dict[str, str | int | None] = {"sgc": self.sgc, "kt": int(self.key_type), "krn": self.krn}
        return {
            **facts,
            "ken": self.ken,
            "bdt": int(self.base_date),
            "act": active,
            "iut": until,
            "ulm": self.unit_limit,
        }

    @classmethod
    def decode(cls, facts: dict[str, object]) -> Self:
        """Read what `encode` gave."""
        try:
            active, until = (
                None if facts[name] is None else datetime.fromisoformat(str(facts[name])) for name in ("act", "iut")
            )
            krn, ken = cast("int", facts["krn"]), cast("int", facts["ken"])
            kind, base, limit = KeyType(cast("int", facts["kt"])), BaseDate(cast("int", facts["bdt"])), facts["ulm"]
        except (KeyError, ValueError, TypeError) as error:
            raise DecodeError(f"key load file: {error}", offset=0) from None
        return cls(str(facts["sgc"]), kind, krn, ken, base, active, until, cast("int | None", limit))

    def purpose(self, module: str) -> str:
        """What its key is sealed for: this module and these limits, so that neither can be exchanged."""
        return json.dumps([FORMAT, module, self.encode()], sort_keys=True)


def moment(text: object) -> datetime | None:
    """Read a time of a file."""
    return None if text is None else datetime.fromisoformat(str(text))


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A vending key as it travels and as it is stored."""

    terms: KeyTerms
    sealed: str

    @classmethod
    def of(cls, terms: KeyTerms, key: VendingKey, module: str, module_key: bytes, random: Random) -> Self:
        """Seal a key for a module, as a key management centre does."""
        return cls(terms, seal(key.octets, terms.purpose(module), module_key, random))

    def open(self, module: str, module_key: bytes) -> VendingKey:
        """The key, for the module that it was sealed for."""
        return VendingKey(unseal(self.sealed, self.terms.purpose(module), module_key))


def encode(module: str, keys: Iterable[SealedKey]) -> str:
    """Text of a key load file."""
    rows = [{**key.terms.encode(), "key": key.sealed} for key in keys]
    return json.dumps({"format": FORMAT, "module": module, "keys": rows}, indent=1)


def decode(text: str) -> tuple[str, list[SealedKey]]:
    """Module and keys of a key load file."""
    try:
        file = json.loads(text)
        if file["format"] != FORMAT:
            raise DecodeError(f"expected format {FORMAT}", offset=0)
        rows = [(KeyTerms.decode(row), str(row["key"])) for row in file["keys"]]
        return str(file["module"]), [SealedKey(*row) for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DecodeError("no key load file", offset=0) from None
