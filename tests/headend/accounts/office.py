"""An installation with people in it, and a wall clock that a test can move."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp
from argon2 import PasswordHasher
from fastapi import FastAPI

from headend.fake_meters import ManualClock, installation, serial_of
from openami.headend.accounts import first, people, roles, second_factor, sign_in
from openami.headend.accounts.door import COOKIE, CSRF, csrf_token
from openami.headend.accounts.people import Account, NewAccount
from openami.headend.accounts.service import Accounts
from openami.headend.accounts.sign_in import Client, Visit
from openami.headend.app import rest
from openami.headend.collection.tables import open_database
from openami.headend.kit.access import SYSTEM, Actor, Means, bind
from openami.headend.kit.database import Database, Unit
from openami.headend.kit.settings import Settings
from openami.headend.web.services import Services

PASSWORD = "seven wet otters sing"
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""What hashes passwords in tests: the real one takes its time on purpose."""
HASH = QUICK.hash(PASSWORD)
START = 1_795_000_000
NORTH, SOUTH = "/north/", "/south/"
STAFF = (
    ("ada", "administrator", "/"), ("bob", "administrator", "/"), ("olga", "operator", "/"),
    ("ed", "engineer", "/"), ("ann", "approver", "/"), ("aud", "auditor", "/"), ("vic", "viewer", "/"),
    ("nora", "operator", NORTH), ("nick", "approver", NORTH), ("sam", "operator", SOUTH), ("sue", "approver", SOUTH),
)  # fmt: skip
"""Log-in, role, where."""


@dataclass
class Wall:
    """Real time, as a test has it."""

    at: float = START

    def __call__(self) -> float:
        return self.at


@dataclass
class Office:
    """An installation of four meters, two in the north and two in the south, and its staff."""

    settings: Settings
    database: Database
    app: FastAPI
    wall: Wall
    staff: dict[str, Account] = field(default_factory=dict)

    @property
    def accounts(self) -> Accounts:
        accounts = self.app.state.accounts
        assert isinstance(accounts, Accounts)
        return accounts

    @property
    def services(self) -> Services:
        services = self.app.state.services
        assert isinstance(services, Services)
        return services

    def signed_in(self, login: str) -> Actor:
        """Sign somebody in; the actor that their requests carry."""
        known = self.accounts.known(self.secret(login))
        assert known is not None
        return known.actor

    def secret(self, login: str) -> str:
        """Sign somebody in without the slow hash of a password; what their cookie holds."""
        with self.database.write() as unit:
            visit = Visit(Client("127.0.0.1", "test"), self.accounts.settings, self.wall.at)
            return sign_in.begin(unit, people.by_login(unit, login), "password", sign_in.FULL, visit)

    def desk(self, login: str) -> Services:
        return self.services.acting(self.signed_in(login))

    def as_(self, who: Actor, act: Callable[[Unit], Any]) -> Any:
        """Do something for somebody, in one unit of work."""
        with self.database.write() as unit:
            if who.means is not Means.SYSTEM:
                bind(unit, who, self.accounts.gate)
            return act(unit)

    def system(self, act: Callable[[Unit], Any]) -> Any:
        return self.as_(SYSTEM, act)

    @contextlib.asynccontextmanager
    async def browser(self, login: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A browser, signed in if somebody is named; it sends the CSRF token as our pages do."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            if login is not None:
                secret = self.secret(login)
                client.cookies.set(COOKIE, secret, domain="127.0.0.1")
                client.headers[CSRF] = csrf_token(secret)
            yield client

    def enrol(self, login: str) -> pyotp.TOTP:
        """Give somebody a second factor."""
        with self.database.write() as unit:
            account = people.by_login(unit, login)
            secret = second_factor.begin(unit, self.accounts.vault, account.id)
            totp = pyotp.TOTP(secret)
            assert second_factor.confirm(unit, self.accounts.vault, account.id, totp.at(self.wall.at), self.wall.at)
        self.wall.at += 30
        return totp


def open_office(folder: Path, **settings: object) -> Office:
    """Make it."""
    chosen = installation(folder, 4).model_copy(update=settings)
    database = open_database(chosen)
    app = rest(chosen, ManualClock(START), database)
    wall = Wall()
    office = Office(chosen, database, app, wall)
    office.accounts.wall = wall
    office.accounts.gate.wall = wall
    with database.write() as unit:
        for number in range(4):
            unit.run("UPDATE meter SET area = ? WHERE serial = ?", (NORTH if number < 2 else SOUTH, serial_of(number)))
    return office


def hire(office: Office) -> None:
    """Make the staff, long before anything that a test does."""
    with office.database.write() as unit:
        for login, role, where in STAFF:
            new = NewAccount(login, login.title(), f"{login}@example.org", where)
            account = first.add(unit, new, role, where, START - 1_000)
            unit.run("UPDATE account SET password = ? WHERE id = ?", (HASH, account.id))
            office.staff[login] = people.by_id(unit, account.id)


def grant(office: Office, login: str, role: str, where: str = "/") -> None:
    """Give a role as the owner of the machine may."""
    office.system(lambda unit: roles.grant(unit, people.by_login(unit, login).id, role, where, office.wall.at))
