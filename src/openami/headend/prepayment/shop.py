"""What a process needs to make tokens: the key store, opened once, and chance. One shop to a database."""

import os
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from openami.core.errors import LocalProtocolError
from openami.headend.keys.service import KeyStore
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.settings import Settings
from openami.headend.prepayment.module import Module
from openami.sts.keys import EA

SHOPS: WeakKeyDictionary[Engine, "Shop"] = WeakKeyDictionary()


class Shop:
    """Hands out the security module; safe to share between threads."""

    def __init__(self, settings: Settings, now: Callable[[], float], *, is_simulated: bool) -> None:
        self.settings = settings
        self.now = now
        """Business time, for what is done once somebody has approved it."""
        self.algorithms = frozenset(EA) if is_simulated else frozenset({EA.MISTY1})
        self._lock = threading.Lock()
        self._opened: tuple[int, KeyStore] | None = None

    def store(self, unit: Unit) -> KeyStore:
        """The key store, under the key-encryption key as it is by now: its file may have been renewed."""
        with self._lock:
            changed = self._changed()
            if self._opened is None or self._opened[0] != changed:
                opened = KeyStore.open(unit, self.settings)
                self._opened = self._changed(), opened
            return self._opened[1]

    def _changed(self) -> int:
        """When the key file was written; 0 where the key lies in an HSM."""
        path = self.settings.kek
        return path.stat().st_mtime_ns if path.exists() else 0


def open_shop(database: Database, settings: Settings, now: Callable[[], float], *, is_simulated: bool) -> Shop:
    """Let this process make tokens out of a database."""
    made = Shop(settings, now, is_simulated=is_simulated)
    with database.read() as unit:
        SHOPS[unit.connection.engine] = made
    return made


def shop_of(unit: Unit) -> Shop:
    """The shop of the database of a unit of work."""
    shop = SHOPS.get(unit.connection.engine)
    if shop is None:
        raise LocalProtocolError("this process makes no tokens")
    return shop


def module_of(unit: Unit) -> Module:
    """The security module behind a unit of work."""
    shop = shop_of(unit)
    return Module(shop.store(unit), os.urandom, shop.algorithms)
