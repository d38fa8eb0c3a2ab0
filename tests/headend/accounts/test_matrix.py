"""Who may do what: every route, and every command of every service, as nobody, of the wrong area, role, and the right.

A button of a page arrives over the websocket and calls a service; so commands are walked as well as routes. What a
route or page calls with a unit of work is a command, or this fails: nothing is forgotten.
"""

import ast
import contextlib
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from headend.accounts.office import NORTH, START, Office, grant
from headend.fake_meters import serial_of
from openami.headend import app as headend
from openami.headend.accounts import door, people, roles
from openami.headend.accounts.door import is_public
from openami.headend.accounts.people import NewAccount
from openami.headend.kit.access import COMMANDS, NOBODY, Actor, Command, Permission, bind
from openami.headend.kit.database import Unit
from openami.headend.kit.errors import ForbiddenError, NotSignedInError
from openami.headend.registry.service import meter as find_meter
from openami.headend.registry.service import search

pytestmark = pytest.mark.feature("SIMS-04")

HEADEND = Path(headend.__file__).parent
OWN = "whoever signed in, on what is their own"
SELF = "what they are told depends on what they may"
NEEDS: dict[tuple[str, str], Permission | str] = {
    ("POST", "/api/meters/{serial}/read"): Permission.OPERATE,
    ("POST", "/api/shipments"): Permission.IMPORT,
    ("POST", "/api/ert/messages"): Permission.IMPORT,
    ("PUT", "/api/ert/endpoints/{endpoint}"): Permission.REGISTRY,
    **{
        (method, path): Permission.REGISTRY
        for method, paths in {
            "POST": (
                "/api/network",
                "/api/groups",
                "/api/groups/{group}/meters",
                "/api/groups/{group}/meters/take",
                "/api/discoveries/{number}/register",
                "/api/points",
                "/api/points/{code}/install",
                "/api/points/{code}/take-out",
                "/api/points/{code}/exchange",
                "/api/meters/{serial}/state",
            ),
            "PUT": (
                "/api/network/{node}",
                "/api/areas",
                "/api/points/{code}",
                "/api/meters/{serial}/node",
                "/api/meters/{serial}/area",
                "/api/meters/{serial}/factors",
            ),
            "DELETE": (
                "/api/network/{node}",
                "/api/groups/{group}",
                "/api/discoveries/{number}",
                "/api/meters/{serial}/factors",
            ),
        }.items()
        for path in paths
    },
    ("POST", "/api/commands"): Permission.COMMANDS,
    ("POST", "/api/orders/{number}/cancel"): Permission.COMMANDS,
    ("POST", "/api/jobs/{number}/pause"): Permission.COMMANDS,
    ("POST", "/api/jobs/{number}/resume"): Permission.COMMANDS,
    ("POST", "/api/jobs/{number}/stop"): Permission.COMMANDS,
    ("POST", "/api/switch/stop"): Permission.SYSTEM,
    ("POST", "/api/switch/release"): Permission.SYSTEM,
    ("PUT", "/api/meters/{serial}/protection"): Permission.COMMANDS,
    ("POST", "/api/meters/{serial}/protection/remove"): Permission.COMMANDS,
    ("PUT", "/api/command-templates/{name}"): Permission.COMMANDS,
    ("DELETE", "/api/command-templates/{name}"): Permission.COMMANDS,
    ("POST", "/api/desired"): Permission.COMMANDS,
    ("DELETE", "/api/desired/{number}"): Permission.COMMANDS,
    ("POST", "/api/desired/{number}/correct"): Permission.COMMANDS,
    ("POST", "/api/keys/rotations"): Permission.KEYS,
    ("POST", "/api/meters/{serial}/keys/prove"): Permission.KEYS,
    ("GET", "/api/users"): Permission.ACCOUNTS,
    ("POST", "/api/users"): Permission.ACCOUNTS_CHANGE,
    ("GET", "/api/users/{login}"): Permission.ACCOUNTS,
    ("POST", "/api/users/{login}/suspend"): Permission.ACCOUNTS_CHANGE,
    ("POST", "/api/users/{login}/roles"): Permission.ACCOUNTS_CHANGE,
    ("POST", "/api/users/{login}/roles/take"): Permission.ACCOUNTS_CHANGE,
    ("GET", "/api/roles"): Permission.ACCOUNTS,
    ("GET", "/api/audit"): Permission.AUDIT,
    ("GET", "/api/audit/verify"): Permission.AUDIT,
    ("POST", "/api/proposals"): Permission.ACCOUNTS_CHANGE,  # of the kind that is sent
    ("POST", "/api/proposals/{number}/approve"): SELF,
    ("POST", "/api/proposals/{number}/refuse"): SELF,
    ("POST", "/api/proposals/{number}/withdraw"): SELF,
    ("POST", "/api/firmware/images"): Permission.FIRMWARE,
    ("POST", "/api/firmware/images/{number}/retire"): Permission.FIRMWARE,
    ("POST", "/api/firmware/campaigns"): Permission.FIRMWARE,
    ("POST", "/api/firmware/campaigns/{number}/pause"): Permission.FIRMWARE,
    ("POST", "/api/firmware/campaigns/{number}/resume"): Permission.FIRMWARE,
    ("POST", "/api/firmware/campaigns/{number}/stop"): Permission.FIRMWARE,
    ("POST", "/api/tariffs/calendars"): Permission.TARIFFS,
    ("PUT", "/api/tariffs/calendars/{name}"): Permission.TARIFFS,
    ("POST", "/api/tariffs/rollouts"): Permission.TARIFFS,
    ("POST", "/api/tariffs/rollouts/{number}/back"): Permission.TARIFFS,
    **{
        ("GET", f"/api/prepayment{path}"): Permission.VEND
        for path in (
            "/meters",
            "/meters/{serial}",
            "/meters/{serial}/vends",
            "/messages/{message_id}",
            "/vends/{number}",
            "/vends/{number}/receipt",
            "/vends/{number}/receipt.pdf",
            "/tariffs",
            "/shift",
            "/shifts/{number}",
            "/days/{day}",
            "/days/{day}/report.pdf",
        )
    },
    **{
        ("POST", f"/api/prepayment{path}"): Permission.VEND
        for path in (
            "/meters/{serial}/trial",
            "/meters/{serial}/vends",
            "/vends/{number}/replacement",
            "/vends/{number}/delivery",
            "/vends/{number}/reversal",
            "/shift",
            "/shift/close",
        )
    },
    ("PUT", "/api/prepayment/meters/{serial}"): Permission.REGISTRY,
    ("POST", "/api/prepayment/shipments"): Permission.IMPORT,
    ("POST", "/api/prepayment/meters/{serial}/engineering"): Permission.COMMANDS,
    ("POST", "/api/prepayment/meters/{serial}/key"): Permission.KEYS,
    ("POST", "/api/prepayment/tariffs"): Permission.TARIFFS,
    ("GET", "/api/proposals"): SELF,
    ("GET", "/api/proposals/{number}"): SELF,
    ("GET", "/api/proposals/kinds"): SELF,
}
"""What a route takes, where it is neither VIEW (to look) nor OPERATE (to change); `/api/me` is one's own."""
DOCUMENT = {
    "name": "T", "seasons": [{"name": "s", "start": "01-01", "week": "w"}], "weeks": [{"name": "w", "days": [1] * 7}],
    "days": [{"id": 1, "switches": [{"at": "00:00", "rate": 1}]}],
}  # fmt: skip
BODIES: dict[str, Any] = {
    "/api/alarms/acknowledge": {"alarms": [1]},
    "/api/alarms/rules": {"kind": "suppress", "why": "a test"},
    "/api/tamper-cases/{number}": {"state": "confirmed", "note": "a test"},
    "/api/ert/endpoints/{endpoint}": {"serial": serial_of(0)},
    "/api/network": {"name": "F1", "level": "feeder"},
    "/api/network/{node}": {"level": "network"},
    "/api/areas": {"path": "/", "title": "All"},
    "/api/groups": {"name": "g"},
    "/api/groups/{group}/meters": {"serials": [serial_of(0)]},
    "/api/groups/{group}/meters/take": {"serials": [serial_of(0)]},
    "/api/discoveries/{number}/register": {"serial": "S1", "product": "compactiq"},
    "/api/points": {"code": "p", "node": "neighbourhood"},
    "/api/points/{code}": {"node": "neighbourhood"},
    "/api/points/{code}/install": {"serial": serial_of(0)},
    "/api/points/{code}/take-out": {},
    "/api/points/{code}/exchange": {"serial": serial_of(1)},
    "/api/meters/{serial}/state": {"state": "suspended"},
    "/api/meters/{serial}/node": {"node": "neighbourhood"},
    "/api/meters/{serial}/area": {"area": "/north/"},
    "/api/meters/{serial}/factors": {"ct_primary": 100, "ct_secondary": 5},
    "/api/commands": {"command": "message", "parameters": {"text": "x"}, "meters": {"serials": [serial_of(0)]}},
    "/api/desired": {"command": "message", "parameters": {"text": "x"}, "meters": {"serials": [serial_of(0)]}},
    "/api/meters/{serial}/attributes": {"items": [{"class_id": 1, "logical_name": "0.0.1.0.0.255", "attribute": 2}]},
    "/api/meters/{serial}/protection": {"reason": "life support"},
    "/api/command-templates/{name}": {"command": "message", "parameters": {"text": "x"}},
    "/api/switch/stop": {"reason": "a test"},
    "/api/prepayment/meters/{serial}": {"name": "A"},
    "/api/prepayment/meters/{serial}/trial": {"money": 100},
    "/api/prepayment/meters/{serial}/vends": {"message_id": "m", "money": 100},
    "/api/prepayment/meters/{serial}/engineering": {"kind": "clear-tamper"},
    "/api/prepayment/meters/{serial}/key": {"sgc": "123457", "ti": 1},
    "/api/prepayment/vends/{number}/reversal": {"why": "wrong meter"},
    "/api/prepayment/shift": {"till": "Till 1"},
    "/api/prepayment/shift/close": {"counted": 0},
    "/api/prepayment/tariffs": {
        "sgc": "123457",
        "ti": 1,
        "tariff": {"title": "T", "seller": "S", "currency": "ZAR", "blocks": [{"price": 1}]},
    },
    "/api/keys/rotations": {"serials": [serial_of(0)]},
    "/api/users": {"login": "newcomer", "name": "New", "email": "new@example.org"},
    "/api/users/{login}/suspend": {"reason": "left"},
    "/api/users/{login}/roles": {"role": "viewer", "scope": "/"},
    "/api/users/{login}/roles/take": {"role": "viewer", "scope": "/"},
    "/api/proposals": {"kind": "role.grant", "payload": {"login": "vic", "role": "viewer", "scope": NORTH}},
    "/api/proposals/{number}/approve": {"digest": "x"},
    "/api/proposals/{number}/refuse": {"reason": "no"},
    "/api/firmware/images": {
        "title": "A",
        "version": "1",
        "identifier": "00",
        "sha256": "0" * 64,
        "models": ["compactiq"],
        "content": "",
    },
    "/api/firmware/campaigns": {"image": 1, "meters": {"serials": [serial_of(0)]}},
    "/api/tariffs/calendars": {"name": "Winter", "document": DOCUMENT},
    "/api/tariffs/calendars/{name}": {"document": DOCUMENT, "based_on": 1},
    "/api/tariffs/rollouts": {"calendar": "Winter", "meters": {"serials": [serial_of(0)]}},
}
VALUES = {
    "node": "neighbourhood",
    "group": "g",
    "code": "p",
    "name": "vic",
    "serial": serial_of(0),
    "message_id": "m",
    "day": "2026-11-18",
    "login": "vic",
    "number": "1",
    "endpoint": "1",
    "path": "nothing",
}
REFUSED = 403


def routes() -> list[tuple[str, str]]:
    found = {
        (method, route.path)
        for router in headend.ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }
    return sorted(found)


ROUTES = routes()
GUARDED = [route for route in ROUTES if not is_public(route[1]) and route[1] != "/sign-out"]


def needs(method: str, path: str) -> Permission | str:
    if path.startswith("/api/me") or path == "/api/sign-out":
        return OWN if not path.startswith("/api/meters") else _default(method, path)
    return _default(method, path)


def _default(method: str, path: str) -> Permission | str:
    return NEEDS.get((method, path), Permission.VIEW if method == "GET" else Permission.OPERATE)


def with_permissions(office: Office, login: str, *permissions: Permission, where: str = "/") -> Actor:
    """Somebody who may do just this, there."""

    def make(unit: Unit) -> None:
        role = roles.Role(f"only-{login}", login, permissions)
        roles.write(unit, role, START - 900)
        account = people.insert(unit, NewAccount(login, login, f"{login}@example.org", where), START - 900)
        roles.grant(unit, account.id, role.name, where, START - 900)

    office.system(make)
    return office.signed_in(login)


async def ask(office: Office, login: str | None, method: str, path: str) -> int:
    address = path.format(**VALUES).replace("{path:path}", "nothing")
    body = BODIES.get(path, {})
    async with office.browser(login) as browser:
        if path == "/api/shipments":
            answer = await browser.post(address, content=b"serial\n")
        elif method in {"GET", "DELETE"}:
            answer = await browser.request(method, address)
        else:
            answer = await browser.request(method, address, json=body, params={"wait_s": 0})
    return answer.status_code


def test_what_is_public_is_known() -> None:
    public = {path for _, path in ROUTES if is_public(path)}
    assert public <= door.PUBLIC | door.PUBLIC_API


async def test_nobody_gets_in(office: Office) -> None:
    answers = {(method, path): await ask(office, None, method, path) for method, path in GUARDED}
    assert {route: status for route, status in answers.items() if status != 401} == {}


async def test_the_wrong_role_is_refused(office: Office) -> None:
    """Somebody with every permission but the one that it takes; where it takes none, somebody with none at all."""
    with_permissions(office, "none")
    got = {}
    for right in {needs(*route) for route in GUARDED if isinstance(needs(*route), Permission)}:
        assert isinstance(right, Permission)
        login = f"all-but-{right.value.replace('.', '-')}"
        with_permissions(office, login, *(p for p in Permission if p is not right))
        for method, path in GUARDED:
            if needs(method, path) == right:
                got[method, path] = (await ask(office, login, method, path), await ask(office, "none", method, path))
    wrong = {route: both for route, both in got.items() if both != (REFUSED, REFUSED)}
    assert wrong == {}, "these answered somebody who may not"


async def test_the_right_role_is_let_in(office: Office) -> None:
    got, made = {}, set()
    for method, path in GUARDED:
        right = needs(method, path)
        if not isinstance(right, Permission) or path == "/api/users/{login}/suspend":
            continue
        login = f"only-{right.value.replace('.', '-')}"
        if login not in made:
            made.add(login)
            more = {Permission.ACCOUNTS} if right is Permission.ACCOUNTS_CHANGE else set()
            with_permissions(office, login, right, Permission.VIEW, *more)
        got[method, path] = await ask(office, login, method, path)
    assert {route: status for route, status in got.items() if status in {401, REFUSED}} == {}


async def test_what_lies_elsewhere_is_not_there(office: Office) -> None:
    """A meter of the north, asked for from the south; and an account of the root, from an area."""
    with_permissions(office, "south-all", *Permission, where="/south/")
    got = {}
    for method, path in GUARDED:
        if "{serial}" in path or "{login}" in path:
            got[method, path] = await ask(office, "south-all", method, path)
    assert got
    assert {route: status for route, status in got.items() if status not in {403, 404}} == {}
    async with office.browser("sam") as browser:
        listed = (await browser.get("/api/meters")).json()["items"]
        assert [meter["serial"] for meter in listed] == [serial_of(2), serial_of(3)]
        assert (await browser.get("/api/summary")).status_code == REFUSED  # it speaks of all areas
    async with office.browser("olga") as browser:
        assert len((await browser.get("/api/meters")).json()["items"]) == 4


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_asks_for_its_right(office: Office, name: str) -> None:
    """Called as a button would: the refusal comes before the first line, and before any argument is looked at."""
    command = COMMANDS[name]

    def call(who: Actor) -> None:
        with office.database.write() as unit:
            bind(unit, who, office.accounts.gate)
            command.call(unit)

    with pytest.raises(NotSignedInError):
        call(NOBODY)
    if command.permission is None:
        return
    nothing = with_permissions(office, "none")
    others = with_permissions(office, "others", *(p for p in Permission if p is not command.permission))
    north = with_permissions(office, "northern", command.permission, where=NORTH)
    right = with_permissions(office, "right", *Permission)
    for who in [nothing, others, *([north] if command.is_undivided else [])]:
        with pytest.raises(ForbiddenError):
            call(who)
    let_in(call, right)
    ends_with_role(office, command, right)
    with office.database.write() as unit:
        people.end_sign_ins(unit, right.account, office.wall.at)
    with pytest.raises(NotSignedInError):
        call(right)


def let_in(call: Any, who: Actor) -> None:
    """The gate lets them through: what goes wrong now, if anything, is that there are no arguments."""
    with contextlib.suppress(TypeError):
        call(who)


def ends_with_role(office: Office, command: Command, who: Actor) -> None:
    """A page that is still open under a role that was taken away does nothing more."""
    office.system(lambda unit: roles.end(unit, who.account, "only-right", "/", office.wall.at))
    with office.database.read() as unit:
        bind(unit, who, office.accounts.gate)
        with pytest.raises(ForbiddenError):
            command.call(unit)


def called() -> Iterator[tuple[str, str, Any]]:
    """What routes and pages use of services: file, name, and the thing itself."""
    for file in sorted([*HEADEND.rglob("routes.py"), *HEADEND.rglob("*_routes.py"), *HEADEND.rglob("pages.py")]):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        modules: dict[str, Any] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("openami.headend."):
                for alias in node.names:
                    thing = getattr(importlib.import_module(node.module or ""), alias.name, None)
                    if inspect.ismodule(thing):
                        modules[alias.asname or alias.name] = thing
                    yield str(file.relative_to(HEADEND)), f"{node.module}.{alias.name}", thing
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                module = modules[node.value.id]
                yield str(file.relative_to(HEADEND)), f"{module.__name__}.{node.attr}", getattr(module, node.attr, None)


HELPERS = {
    "openami.headend.accounts.roles.own_grants",  # of an account that a command has found
    "openami.headend.accounts.gate.has_accounts",  # whether there is anybody at all
    "openami.headend.accounts.audit.note",  # beside what a command has done
    "openami.headend.kit.access.scopes",
    "openami.headend.kit.access.demand",
    "openami.headend.kit.access.within",
}


def test_what_routes_and_pages_call_is_a_command() -> None:
    commands = {command.call for command in COMMANDS.values()}
    open_ = {
        (file, name)
        for file, name, thing in called()
        if inspect.isfunction(thing) and name not in HELPERS and takes_unit(thing) and thing not in commands
    }
    assert open_ == set()


def takes_unit(thing: Any) -> bool:
    first = next(iter(inspect.signature(thing).parameters.values()), None)
    return first is not None and first.annotation in {Unit, "Unit"}


def test_rights_are_those_of_this_moment(office: Office) -> None:
    nora = office.signed_in("nora")
    assert office.as_(nora, lambda unit: find_meter(unit, serial_of(0))).area == NORTH
    assert len(office.as_(nora, search).meters) == 2
    grant(office, "nora", "viewer")
    assert len(office.as_(nora, search).meters) == 4
    office.system(lambda unit: unit.run("UPDATE account SET is_active = ? WHERE login = 'nora'", (False,)))
    with pytest.raises(NotSignedInError):
        office.as_(nora, search)
