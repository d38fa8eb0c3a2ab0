"""Vending keys of a fleet of prepayment meters: drawn with its other keys, kept where only its owner may read them.

Of the folder of a served fleet two files are made for `openami sts --keys FILE`, and for whoever imports them into a
security module:

- `vending.toml`: the vending key (VUDK) of the supply group of the product's `[prepayment]`: tokens for meters in use;
- `first-key-change.toml`: the default vending key (VDDK), and the same VUDK as the new one: the change away from the
  default key, for products whose meters leave the factory with that (`key_type = 1`).

The decoder key of meter i is DKGA04 of its key type's vending key, its MeterPAN (`pan`), and the attributes in the
section. What tokens have made of it since is in the state of the meter, sealed under a key derived from these.
"""

import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from openami.core.errors import DefinitionError, SecurityError
from openami.meters.keys import write_private
from openami.meters.sections.prepayment import PrepaymentRow
from openami.sts.keys import DecoderKey, KeyAttributes, KeyType, VendingKey
from openami.sts.pan import DRN, MeterPAN

VENDING, FIRST_CHANGE = "vending.toml", "first-key-change.toml"
OCTETS: Final = 20
"""A vending key of DKGA04."""


class VendingKeys:
    """Default and unique vending key of a fleet; `repr` shows none."""

    __slots__ = ("_default", "_sealing", "_unique")

    def __init__(self, default: bytes, unique: bytes) -> None:
        self._default, self._unique = VendingKey(default), VendingKey(unique)
        self._sealing = AESSIV(sha256(b"OpenAMI tokens " + default + unique).digest())

    def __repr__(self) -> str:
        return "<vending keys of a fleet>"

    @classmethod
    def draw(cls, random: Callable[[int], bytes]) -> Self:
        """Draw new keys."""
        return cls(random(OCTETS), random(OCTETS))

    def of(self, key_type: KeyType) -> VendingKey:
        """Vending key that makes decoder keys of a type: VUDK for DUTK, else VDDK."""
        return self._unique if key_type == KeyType.DUTK else self._default

    def decoder_key(self, pan: MeterPAN, attributes: KeyAttributes) -> DecoderKey:
        """Derive the key of a meter."""
        return self.of(attributes.key_type).decoder_key(pan, attributes)

    def seal(self, octets: bytes, meter: int) -> bytes:
        """Encrypt the state of a meter's tokens, 16 octets longer; the same octets give the same (RFC 5297)."""
        return self._sealing.encrypt(octets, [meter.to_bytes(4, "big")])

    def unseal(self, sealed: bytes, meter: int) -> bytes:
        """Open what `seal` gave; SecurityError if it is of another meter or of other keys."""
        try:
            return self._sealing.decrypt(sealed, [meter.to_bytes(4, "big")])
        except InvalidTag:
            raise SecurityError("the state of a meter's tokens is sealed under other keys") from None

    def save(self, folder: Path) -> None:
        """Write both files."""
        default, unique = self._default.octets.hex(), self._unique.octets.hex()
        write_private(folder / FIRST_CHANGE, toml(vending_key=default, new_vending_key=unique))
        write_private(folder / VENDING, toml(vending_key=unique))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what `save` wrote; None where nothing was."""
        path = folder / FIRST_CHANGE
        if not path.exists():
            return None
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls(bytes.fromhex(table["vending_key"]), bytes.fromhex(table["new_vending_key"]))
        except (ValueError, KeyError, TypeError):
            raise DefinitionError("not the vending keys of a fleet", file=str(path)) from None


def shipped(section: PrepaymentRow | None, meter: int) -> dict[str, object]:
    """What a shipment file tells of a prepayment meter: MeterPAN, and the attributes of the key it comes with."""
    if section is None:
        return {}
    names = ("sgc", "key_type", "krn", "ti", "ken", "ea", "base_date")
    return {"meter_pan": str(pan(section, meter)), **{name: getattr(section, name) for name in names}}


def toml(**keys: str) -> bytes:
    """Text of a keys file."""
    return "".join(f'{name} = "{key}"\n' for name, key in keys.items()).encode()


def pan(section: PrepaymentRow, meter: int) -> MeterPAN:
    """MeterPAN of a meter: maker's code of the product, and its number from 1 as the serial number."""
    return MeterPAN.of(DRN.of(section.manufacturer, meter + 1))
