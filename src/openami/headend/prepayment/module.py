"""The security module of this head-end: what `openami.sts.issuing` makes, with its memory in the database.

A call is part of the transaction of the vend it is for: the identifier that it reserves, the tokens and the money are
kept together or not at all, and no token is seen before they are on disk. A process that is killed leaves either all
of a vend, to be found by its message id, or nothing. A meter's identifiers are a row of their own, so that the memory
of a million meters is never loaded. Vending keys lie sealed in the key store; no call shows one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from openami.core.errors import SecurityError
from openami.headend.keys.service import KeyStore
from openami.headend.kit.access import Permission, command
from openami.headend.kit.database import Unit
from openami.sts.ea07 import SAMPLE
from openami.sts.issuing import DEFAULT_KEYS, Issuer, identity
from openami.sts.key_file import KeyTerms, Random
from openami.sts.keys import EA, KeyAttributes, KeyType, VendingKey
from openami.sts.memory import FORGOTTEN, Change, Memory
from openami.sts.security_module import Issued, MeterConfig
from openami.sts.tid import BaseDate
from openami.sts.token import Kind

VENDING: Final = "vending"
"""Kind of key in the key store."""


class Made(NamedTuple):
    """Tokens in the order in which they go in, and the attributes of the meter's key behind them."""

    issued: tuple[Issued, ...]
    attributes: KeyAttributes


def name_of(sgc: str, key_type: int, krn: int) -> str:
    """Under what a vending key lies in the key store; no meter is called so, as this has blanks."""
    return f"supply group {sgc} type {key_type:d} revision {krn}"


@dataclass(frozen=True, slots=True)
class Module:
    """Makes tokens inside a unit of work that is alone."""

    store: KeyStore
    random: Random
    algorithms: frozenset[EA] = frozenset({EA.MISTY1})
    """EA07 only where its sample tables are good enough: in simulations."""

    def credit(self, unit: Unit, meter: MeterConfig, wanted: KeyAttributes, units: int, at: int) -> Made:
        """Credit of electricity; before it the change of key, where the meter's is not the wanted, newest one."""
        issuer, when = self._issuer(unit, meter, wanted), moment(at)
        changed = self._changed(issuer, meter, wanted, when)
        after = replace(meter, attributes=changed.attributes, allow_krn_update=False)
        credit = issuer.credit(after, Kind.ELECTRICITY, units, when)
        self._keep(unit, credit)
        return Made((*changed.issued, *credit.issued), changed.attributes)

    def engineering(self, unit: Unit, meter: MeterConfig, kind: Kind, value: int, at: int) -> Made:
        """A token of class 2, but no change of key."""
        change = self._issuer(unit, meter, meter.attributes).engineering(meter, kind, value, moment(at))
        self._keep(unit, change)
        return Made(change.issued, meter.attributes)

    def key_change(self, unit: Unit, meter: MeterConfig, wanted: KeyAttributes, at: int) -> Made:
        """Tokens that bring a meter to the wanted key, in its newest revision; none if it has that."""
        return self._changed(self._issuer(unit, meter, wanted), meter, wanted, moment(at))

    def _changed(self, issuer: Issuer, meter: MeterConfig, wanted: KeyAttributes, when: datetime) -> Made:
        newest = issuer.newest(wanted, when)
        if newest == meter.attributes:
            return Made((), newest)
        terms, _ = issuer.vending_key(newest, when)
        newest = replace(newest, ken=terms.ken, base_date=terms.base_date)
        return Made(issuer.key_change(meter, newest, when).issued, newest)

    def _issuer(self, unit: Unit, meter: MeterConfig, wanted: KeyAttributes) -> Issuer:
        """An issuer that knows the keys of two supply groups, and the meter's last identifiers."""
        memory = Memory("", b"", None)
        memory.keys.update({terms.name: (terms, key) for terms, key in self._keys(unit, [wanted, meter.attributes])})
        names = [identity(replace(meter, attributes=replace(wanted, base_date=base))) for base in BaseDate]
        memory.last_tid.update(dict(unit.rows_in("SELECT identity, tid FROM last_tid WHERE identity IN {keys}", names)))
        return Issuer(memory, SAMPLE, self.algorithms, self.random)

    def _keys(self, unit: Unit, attributes: Sequence[KeyAttributes]) -> list[tuple[KeyTerms, VendingKey]]:
        rows = unit.rows_in("SELECT terms FROM vending_key WHERE sgc IN {keys}", {each.sgc for each in attributes})
        terms = [KeyTerms.decode(json.loads(row[0])) for row in rows]
        sealed = self.store.newest(unit, [name_of(*each.name) for each in terms])
        return [(each, VendingKey(sealed[name_of(*each.name)][VENDING])) for each in terms]

    def _keep(self, unit: Unit, change: Change) -> None:
        """Reserve the identifier, in the transaction of the vend."""
        assert change.tid != FORGOTTEN
        unit.run(
            "INSERT INTO last_tid (identity, tid) VALUES (?, ?)"
            " ON CONFLICT (identity) DO UPDATE SET tid = greatest(last_tid.tid, excluded.tid)",
            (change.meter, change.tid),
        )


def moment(at: int) -> datetime:
    """Give business time as the module takes it."""
    return datetime.fromtimestamp(at, UTC)


def wanted_of(attributes: KeyAttributes, sgc: str, ti: int) -> KeyAttributes:
    """The key that a meter is to have: a unique one of its supply group and tariff."""
    if (attributes.sgc, attributes.ti) == (sgc, ti) and attributes.key_type not in DEFAULT_KEYS:
        return attributes
    krn = attributes.krn if attributes.sgc == sgc and attributes.key_type not in DEFAULT_KEYS else 1
    kind = KeyType.DUTK if attributes.key_type in DEFAULT_KEYS else attributes.key_type
    return replace(attributes, sgc=sgc, ti=ti, key_type=kind, krn=krn)


@command(Permission.KEYS, is_undivided=True)
def load_key(unit: Unit, store: KeyStore, terms: KeyTerms, key: VendingKey) -> bool:
    """Take in a vending key; says whether it is new. Another key for the same name is refused."""
    if key.dkga != "04":
        raise SecurityError("a vending key has 20 octets here (DKGA04)")
    is_new = store.put(unit, name_of(*terms.name), VENDING, key.octets)
    unit.run(
        "INSERT INTO vending_key (sgc, key_type, krn, terms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (sgc, key_type, krn) DO UPDATE SET terms = excluded.terms",
        (terms.sgc, int(terms.key_type), terms.krn, json.dumps(terms.encode(), sort_keys=True)),
    )
    return is_new
