"""What meters offer their clients: associations, with the keys of the moment."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from openami.cosem.short_names import ShortNames
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.security import Keys, Policy
from openami.dlms.security.material import BROADCAST, GLOBAL
from openami.dlms.server import Association
from openami.meters.build import Product
from openami.meters.definition import AssociationRow
from openami.meters.holding import Holding
from openami.meters.keys import Keyring

MECHANISMS = {"lowest": Mechanism.LOWEST, "low": Mechanism.LOW, "hls5": Mechanism.HIGH_GMAC}
POLICIES = {
    "none": Policy.NONE,
    "authenticated": Policy.A,
    "encrypted": Policy.E,
    "authenticated-encrypted": Policy.AE,
}
CONTEXTS = {
    (False, False): ApplicationContext.LN,
    (False, True): ApplicationContext.LN_CIPHERED,
    (True, False): ApplicationContext.SN,
    (True, True): ApplicationContext.SN_CIPHERED,
}
"""By whether short names are used, and whether APDUs are ciphered."""


class Associations(Mapping[int, Association]):
    """What a meter offers its clients, with the keys that it has when they ask; `keyless` are the same for all."""

    __slots__ = ("_holding", "_keyless", "_keys", "_meter")

    def __init__(self, holding: Holding, keys: Keyring, keyless: Mapping[int, Association], meter: int) -> None:
        self._holding = holding
        self._keys = keys
        self._keyless = keyless
        self._meter = meter

    def __getitem__(self, client: int) -> Association:
        if client in self._keyless:
            return self._keyless[client]
        product, meter = self._holding.product, self._meter
        for row in product.associations:
            if row.client == client:
                counter = partial(self._holding.counters.name, meter)
                return association(row, self._keys.of(meter), product.short_names, counter)
        raise KeyError(client)

    def __iter__(self) -> Iterator[int]:
        return (row.client for row in self._holding.product.associations)

    def __len__(self) -> int:
        return len(self._holding.product.associations)


def association(
    row: AssociationRow, keys: Keys | None, names: ShortNames | None, counter: Callable[[str], str] = str
) -> Association:
    """Say what the server core offers a client; `counter` names the counters of a kind of key."""
    is_short = row.referencing == "SN"
    return Association(
        row.client,
        mechanism=MECHANISMS[row.mechanism],
        policy=POLICIES[row.policy],
        keys=keys,
        secret=row.password.encode() or None,
        context=CONTEXTS[is_short, row.policy != "none"],
        names=names if is_short else None,
        counter=counter(GLOBAL),
        broadcast_counter=counter(BROADCAST),
    )


def keyless(product: Product) -> dict[int, Association]:
    """Give the associations that need no keys, by client: the same for all meters."""
    rows = (row for row in product.associations if row.policy == "none" and row.mechanism in {"lowest", "low"})
    return {row.client: association(row, None, product.short_names) for row in rows}
