"""Accounts, roles and keys over REST: a role takes two people, a key never has more than its owner."""

import httpx
import pytest

from headend.accounts.office import NORTH, Office, grant
from headend.fake_meters import serial_of
from openami.core.errors import DecodeError
from openami.headend.accounts.people import one_person
from openami.headend.accounts.roles import scope
from openami.headend.kit.access import Within, reduced

BOTH = True
RIGHTS = pytest.mark.feature("SIMS-04")
FOUR_EYES = pytest.mark.feature("SIMS-05")
SAFE = pytest.mark.feature("SIMS-26")


async def agreed(browser: httpx.AsyncClient, proposal: dict[str, object]) -> httpx.Response:
    return await browser.post(f"/api/proposals/{proposal['id']}/approve", json={"digest": proposal["digest"]})


@FOUR_EYES
async def test_a_role_takes_two_people(office: Office) -> None:
    async with office.browser("ada") as ada, office.browser("bob") as bob, office.browser("vic") as vic:
        wish = {"role": "operator", "scope": NORTH, "reason": "new shift"}
        proposed = (await ada.post("/api/users/vic/roles", json=wish)).json()
        assert (proposed["state"], proposed["proposer"]) == ("open", "ada")
        assert proposed[
            "sentence"
        ] == "Make Vic (vic, vic@example.org, who has never signed in) operator in /north/" or (
            proposed["sentence"] == "Make Vic (vic, vic@example.org) operator in /north/"
        )
        assert (await agreed(ada, proposed)).status_code == 409
        assert (await agreed(vic, proposed)).status_code == 404
        read = f"/api/meters/{serial_of(0)}/read"
        assert (await vic.post(read, params={"wait_s": 0})).status_code == 403
        done = await agreed(bob, proposed)
        assert (done.status_code, done.json()["state"]) == (200, "done")
        assert (await vic.post(read, params={"wait_s": 0})).status_code == 202
        assert (await vic.post(read.replace(serial_of(0), serial_of(3)), params={"wait_s": 0})).status_code == 403
        taken = (await bob.post("/api/users/vic/roles/take", json=wish)).json()
        assert (await agreed(ada, taken)).status_code == 200
        assert (await vic.post(read, params={"wait_s": 0})).status_code == 403


@FOUR_EYES
async def test_the_first_administrator_is_alone_until_there_are_two(empty_office: Office) -> None:
    from openami.headend.accounts import first
    from openami.headend.accounts.people import NewAccount

    office = empty_office
    office.system(
        lambda unit: first.add(unit, NewAccount("ada", "Ada", "ada@x.org"), "administrator", "/", office.wall.at)
    )
    async with office.browser("ada") as ada:
        for login in ("bob", "eve"):
            new = {"login": login, "name": login, "email": f"{login}@x.org"}
            assert (await ada.post("/api/users", json=new)).status_code == 201
        role = {"role": "administrator", "scope": "/"}
        assert (await ada.post("/api/users/bob/roles", json=role)).json()["state"] == "done"
        assert (await ada.post("/api/users/eve/roles", json=role)).json()["state"] == "open"
        suspended = await ada.post("/api/users/bob/suspend", json={"reason": "alone again?"})
        assert suspended.json()["is_active"] is False
        assert (await ada.post("/api/users/eve/roles", json=role)).json()["state"] == "open"  # there were two once
        restore = {"kind": "account.restore", "payload": {"login": "bob"}}
        assert (await ada.post("/api/proposals", json=restore)).json()["state"] == "open"


@FOUR_EYES
async def test_starting_an_account_anew_takes_two_and_voids_everything(office: Office) -> None:
    office.enrol("vic")
    async with office.browser("ada") as ada, office.browser("bob") as bob, office.browser("vic") as vic:
        wish = {"title": "t", "permissions": ["view"]}
        key = (await vic.post("/api/me/keys", json=wish)).json()["key"]
        proposed = await ada.post("/api/proposals", json={"kind": "account.reset", "payload": {"login": "vic"}})
        done = (await agreed(bob, proposed.json())).json()
        assert (await vic.get("/api/me")).status_code == 401
        async with office.browser() as program:
            answer = await program.get("/api/meters", headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == 401
            entered = await program.post("/sign-in/link", data={"code": done["shown_once"]})
            assert entered.status_code == 303
        later = (await ada.get(f"/api/proposals/{proposed.json()['id']}")).json()
        assert later["shown_once"] is None
        assert done["shown_once"] not in str(later)


@RIGHTS
async def test_an_area_has_its_own_administrator(office: Office) -> None:
    grant(office, "nora", "administrator", NORTH)
    async with office.browser("nora") as nora:
        users = [user["login"] for user in (await nora.get("/api/users")).json()["items"]]
        assert users == ["nick", "nora"]
        elsewhere = {"login": "x1", "name": "X", "email": "x@x.org", "home": "/"}
        assert (await nora.post("/api/users", json=elsewhere)).status_code == 403
        assert (await nora.post("/api/users", json={**elsewhere, "home": "/north/harbour/"})).status_code == 201
        for where in ("/", "/south/", "/northern/"):
            answer = await nora.post("/api/users/x1/roles", json={"role": "viewer", "scope": where})
            assert answer.status_code == 403, where
        wider = {"name": "operator", "title": "all", "permissions": ["view", "approve"]}
        assert (await nora.post("/api/proposals", json={"kind": "role.write", "payload": wider})).status_code == 403
        assert (await nora.post("/api/users/sam/suspend", json={})).status_code == 404
        grant(office, "nick", "viewer", "/south/")  # reaches further than she does
        assert (await nora.post("/api/users/nick/suspend", json={})).status_code == 403


@SAFE
async def test_a_key_never_has_more_than_its_owner(office: Office) -> None:
    async with office.browser("olga") as olga, office.browser() as program:
        wish = {"title": "export", "permissions": ["view", "operate"], "scope": NORTH, "days": 30}
        made = (await olga.post("/api/me/keys", json=wish)).json()
        program.headers["authorization"] = f"Bearer {made['key']}"
        listed = (await program.get("/api/meters")).json()["items"]
        assert [meter["serial"] for meter in listed] == [serial_of(0), serial_of(1)]
        read = f"/api/meters/{serial_of(0)}/read"
        assert (await program.post(read, params={"wait_s": 0})).status_code == 202  # without any cookie: no CSRF
        assert (await program.get(f"/api/meters/{serial_of(2)}")).status_code == 404
        assert (await program.post("/api/shipments", content=b"serial\n")).status_code == 403  # olga may; the key not
        for own in ("/api/me/keys", "/api/me/sign-ins"):
            assert (await program.get(own)).status_code == 403
        assert (await program.put("/api/me/password", json={"new": "x" * 20})).status_code == 403
        shown = (await olga.get("/api/me/keys")).json()
        assert [(key["prefix"], "key" in key) for key in shown] == [(made["prefix"], False)]
        stored = office.system(lambda unit: unit.rows("SELECT * FROM api_key"))
        assert made["key"][len("oami_") + 10 :] not in str(stored)
        for broken in (made["key"][:-1], made["key"] + "x", "oami_", "nonsense", f"oamx{made['key'][4:]}"):
            answer = await program.get("/api/meters", headers={"authorization": f"Bearer {broken}"})
            assert answer.status_code == 401
        office.system(
            lambda unit: unit.run("UPDATE account_grant SET ended = 1 WHERE account = ?", (office.staff["olga"].id,))
        )
        assert (await program.get("/api/meters")).status_code == 403
        grant(office, "olga", "viewer")
        assert (await program.get("/api/meters")).status_code == 200
        assert (await olga.delete(f"/api/me/keys/{made['id']}")).status_code == 204
        assert (await program.get("/api/meters")).status_code == 401
        short = (await olga.post("/api/me/keys", json={**wish, "permissions": ["view"], "days": 1})).json()["key"]
        program.headers["authorization"] = f"Bearer {short}"
        assert (await program.get("/api/meters")).status_code == 200
        office.wall.at += 86_400
        assert (await program.get("/api/meters")).status_code == 401


@SAFE
@pytest.mark.parametrize("text", ["'; DROP TABLE account; --", '" OR 1=1 --', "%", "_", "\u0000", "vic' OR 'a'='a"])
async def test_text_is_text(office: Office, text: str) -> None:
    """Injection: whatever is typed is looked for as it stands, and shown as it stands."""
    async with office.browser("ada") as ada:
        for address in ("/api/users", "/api/meters"):
            found = await ada.get(address, params={"prefix": text})
            assert found.status_code in {200, 422}
            assert found.status_code == 422 or found.json()["items"] == []
        assert (await ada.get("/api/audit", params={"who": text, "action": text})).status_code in {200, 422}
        new = {"login": text, "name": "x", "email": "x@x.org"}
        assert (await ada.post("/api/users", json=new)).status_code == 422
        assert (await ada.post("/api/sign-in", json={"login": text, "password": text})).status_code in {401, 422}
    assert office.system(lambda unit: unit.value("SELECT count(*) FROM account")) == len(office.staff)


@RIGHTS
def test_scopes_are_paths() -> None:
    assert [scope(text) for text in ("/", " /north/ ", "/north/harbour/")] == ["/", "/north/", "/north/harbour/"]
    for text in ("", "north", "/north", "//", "/../", "/north/../", "/no rth/", "/a/" * 9):
        with pytest.raises(DecodeError, match="expected a path"):
            scope(text)
    assert reduced(("/north/harbour/", "/north/", "/south/", "/north/")) == ("/north/", "/south/")
    assert reduced(("/", "/north/")) == ("/",)
    assert Within("1 = 1", ()).parameters == ()


def test_one_person_has_one_name() -> None:
    assert one_person("Nora+work@Example.ORG") == one_person("nora@example.org") == "nora@example.org"
