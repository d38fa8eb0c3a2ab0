"""Keys and invocation counters of the meters that this process is reading.

A counter is kept between sessions, so that a stride lasts for many; it is given up as soon as another process
has reserved values behind ours, for a meter takes no value below the last.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from openami.dlms.security import Keys, Policy, Security, SendCounter
from openami.dlms.security.counters import STRIDE
from openami.headend.keys import counters
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database, Unit
from openami.headend.registry.schemas import Meter

HIGH_GMAC = 5
SPARE = STRIDE // 4
"""A session must not run out of values: reserve in time."""
JUMP_LIMIT = 1 << 24
"""How far ahead a meter may say its counter is; anybody could say it in its place."""


@dataclass(slots=True)
class Credential:
    """What we need to talk to one meter."""

    security: Security
    counter: SendCounter
    limit: int
    """End of what is reserved."""
    others: tuple[Security, ...] = ()
    """What else may open the meter, while its keys are being changed."""


class Credentials:
    """Credentials by serial number."""

    def __init__(self, database: Database, store: KeyStore, client_title: bytes) -> None:
        self._database = database
        self._store = store
        self._client_title = client_title
        self._known: dict[str, Credential] = {}

    def prepare(self, unit: Unit, meters: Iterable[Meter]) -> dict[str, Credential]:
        """Credentials for sessions with these meters, counters reserved; without keys a meter is left out."""
        wanted = {meter.serial: meter for meter in meters}
        self._fetch_keys(unit, [meter for serial, meter in wanted.items() if serial not in self._known])
        known = {serial: self._known[serial] for serial in wanted if serial in self._known}
        before = {serial for serial, credential in known.items() if credential.limit}
        free = counters.following(unit, known)
        stale = [
            serial
            for serial, credential in known.items()
            if credential.limit != free.get(serial) or credential.limit - credential.counter.next < SPARE
        ]
        # Whoever changes keys moves the counter on (`rotation.look_again`): what is stale is opened anew.
        self._fetch_keys(unit, [wanted[serial] for serial in stale if serial in before])
        known = {serial: self._known[serial] for serial in known}
        for serial, first in counters.reserve(unit, stale).items():
            self._restart(known[serial], serial, first)
        return known

    def forget(self, serials: Iterable[str]) -> None:
        """Drop what was prepared in a unit of work that did not end well."""
        for serial in serials:
            self._known.pop(serial, None)

    def catch_up(self, serial: str, told: int) -> bool:
        """Reserve above the counter that a meter told; says whether that makes another try worth while."""
        credential = self._known[serial]
        if not credential.counter.next <= told + 1 < credential.counter.next + JUMP_LIMIT:
            return False
        with self._database.write() as unit:
            counters.raise_to(unit, serial, told + 1)
            first = counters.reserve(unit, [serial])
        if serial not in first:
            return False
        credential.limit = first[serial] + STRIDE
        credential.counter.advance(first[serial])
        return True

    def _fetch_keys(self, unit: Unit, meters: list[Meter]) -> None:
        tries = self._store.candidates(unit, [meter.serial for meter in meters]) if meters else {}
        for meter in meters:
            if meter.serial in tries:
                first, *others = (self._security(meter, keys) for keys in tries[meter.serial])
                self._known[meter.serial] = Credential(first, SendCounter(), 0, tuple(others))

    def _security(self, meter: Meter, keys: Keys) -> Security:
        return Security(
            mechanism=HIGH_GMAC,
            keys=keys,
            client_title=self._client_title,
            server_title=bytes.fromhex(meter.system_title) or None,
            policy=Policy.AE,
        )

    def _restart(self, credential: Credential, serial: str, first: int) -> None:
        credential.limit = first + STRIDE
        credential.counter = SendCounter(first, self._reserver(credential, serial))

    def _reserver(self, credential: Credential, serial: str) -> Callable[[int], None]:
        def reserve(limit: int) -> None:
            """Make [limit - STRIDE, limit) durable; the stride we begin with is already."""
            if limit <= credential.limit:
                return
            with self._database.write() as unit:
                counters.extend(unit, serial, limit - STRIDE, limit)
            credential.limit = limit

        return reserve
