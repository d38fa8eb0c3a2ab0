"""Signing in: passwords, lock-out, second factor, sign-ins that end, and what a stranger or a forged page gets."""

import logging
import re

import httpx
import pyotp
import pytest
from argon2 import PasswordHasher

from headend.accounts.office import PASSWORD, Office
from headend.fake_meters import serial_of
from openami.headend.accounts import lockout, passwords
from openami.headend.accounts.door import COOKIE
from openami.headend.accounts.lockout import LockedOutError
from openami.headend.accounts.passwords import WeakPasswordError, check_policy
from openami.headend.accounts.service import WRONG, WrongError
from openami.headend.accounts.sign_in import Client
from openami.headend.kit.account_settings import AccountSettings

pytestmark = pytest.mark.feature("SIMS-26")

HERE = Client("127.0.0.1", "test")


async def enter(browser: httpx.AsyncClient, login: str, password: str = PASSWORD) -> httpx.Response:
    return await browser.post("/api/sign-in", json={"login": login, "password": password})


async def test_a_password_opens_the_door(office: Office) -> None:
    async with office.browser() as browser:
        assert (await browser.get("/api/meters")).status_code == 401
        assert (await browser.get("/")).headers["location"] == "/sign-in"
        assert (await browser.get("/meters")).headers["location"] == "/sign-in?next=/meters"
        answer = await enter(browser, " ADA ")
        assert answer.json()["needs_code"] is False
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await browser.get("/api/me")).json()["account"]["login"] == "ada"
        assert (await browser.get("/api/meters")).headers["cache-control"] == "no-store"


async def test_the_form_needs_no_script_and_leads_nowhere_else(office: Office) -> None:
    async with office.browser() as browser:
        page = await browser.get("/sign-in", params={"next": '/meters"><script>alert(1)</script>'})
        assert "<script>alert" not in page.text
        for place, expected in (("/meters?q=1", "/meters?q=1"), ("//evil.example", "/"), ("/\\evil.example", "/"),
                                ("https://evil.example", "/"), ("/x\r\nSet-Cookie: a=b", "/")):  # fmt: skip
            form = {"login": "ada", "password": PASSWORD, "next": place}
            answer = await browser.post("/sign-in", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, expected)
        wrong = await browser.post("/sign-in", data={"login": "ada<b>", "password": "x"})
        assert wrong.status_code == 401
        assert "ada&lt;b&gt;" in wrong.text


async def test_what_is_wrong_is_not_told_apart(office: Office) -> None:
    with office.database.write() as unit:
        unit.run("UPDATE account SET is_active = ? WHERE login = 'vic'", (False,))
        unit.run("UPDATE account SET password = NULL WHERE login = 'sam'")
    async with office.browser() as browser:
        for login, password in (("ada", "wrong"), ("nobody", PASSWORD), ("vic", PASSWORD), ("sam", ""), ("sam", "x")):
            answer = await enter(browser, login, password)
            assert (answer.status_code, answer.json()["detail"]) == (401, WRONG)
            assert "set-cookie" not in answer.headers


def test_tries_are_slowed_down_more_and_more(office: Office) -> None:
    """Each failure past the limit doubles the wait, for log-ins that do not exist as well; success forgets it."""
    for login in ("ada", "no-such-account"):
        for _ in range(5):
            with pytest.raises(WrongError):
                office.accounts.sign_in(login, "wrong", HERE)
        waits = []
        for _ in range(4):
            with pytest.raises(LockedOutError) as locked:
                office.accounts.sign_in(login, PASSWORD, HERE)  # not even the right one
            waits.append(locked.value.wait_s)
            office.wall.at += locked.value.wait_s
            with pytest.raises(WrongError):
                office.accounts.sign_in(login, "wrong", HERE)
        assert waits == [30, 60, 120, 240]
    office.wall.at += 3_600
    office.accounts.sign_in("ada", PASSWORD, HERE)
    with pytest.raises(WrongError):
        office.accounts.sign_in("ada", "wrong", HERE)
    office.accounts.sign_in("ada", PASSWORD, HERE)


async def test_a_lock_is_told_as_such(office: Office) -> None:
    with office.database.write() as unit:
        for _ in range(5):
            lockout.count_try(unit, "ada", office.accounts.settings, office.wall.at)
    async with office.browser() as browser:
        answer = await enter(browser, "ada")
        assert answer.status_code == 429
        assert "wait 30 s" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("password", "why"),
    [("short", "12 to"), ("x" * 600, "12 to"), ("aaaaaaaaaaaa1", "different"), ("password1234", "common"),
     ("ada-lovelace!", "common"), ("OPENAMI-2026", "common")],
)  # fmt: skip
def test_weak_passwords_are_refused(password: str, why: str) -> None:
    with pytest.raises(WeakPasswordError, match=why):
        check_policy(password, 12, "ada", "Lovelace")
    check_policy(PASSWORD, 12, "ada", "Lovelace")


def test_passwords_are_hashed_as_rfc_9106_says_and_old_hashes_are_renewed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argon2id with 64 MiB and three passes: the second recommended choice of section 4."""
    real = PasswordHasher()
    monkeypatch.setattr(passwords, "HASHER", real)
    office.accounts.sign_in("ada", PASSWORD, HERE)
    stored = office.system(lambda unit: unit.value("SELECT password FROM account WHERE login = 'ada'"))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_sign_in_has_a_secret_of_its_own_at_each_step(office: Office) -> None:
    """Session fixation: a cookie from elsewhere is never taken on, and the one before the code is void after it."""
    totp = office.enrol("ada")
    async with office.browser() as browser:
        browser.cookies.set(COOKIE, "planted-by-an-attacker", domain="127.0.0.1")
        first = await enter(browser, "ada")
        assert first.json()["needs_code"] is True
        half = first.cookies[COOKIE]
        assert half != "planted-by-an-attacker"
        assert (await browser.get("/api/me")).status_code == 401  # a password alone is nobody yet
        browser.cookies.clear()
        browser.cookies.set(COOKIE, half, domain="127.0.0.1")
        done = await browser.post("/api/sign-in/code", json={"code": totp.at(office.wall.at)})
        assert done.status_code == 200
        assert done.cookies[COOKIE] != half
        async with office.browser() as other:
            other.cookies.set(COOKIE, half, domain="127.0.0.1")
            assert (await other.get("/api/me")).status_code == 401
    assert office.accounts.known("planted-by-an-attacker") is None


def test_a_code_is_good_once(office: Office) -> None:
    totp = office.enrol("ada")
    code = totp.at(office.wall.at)
    office.accounts.second(office.accounts.sign_in("ada", PASSWORD, HERE).secret, code, HERE)
    for moved in (0, 20):  # replayed at once, and while its neighbours would still do
        office.wall.at += moved
        waiting = office.accounts.sign_in("ada", PASSWORD, HERE).secret
        with pytest.raises(WrongError):
            office.accounts.second(waiting, code, HERE)
    office.wall.at += 60
    assert office.accounts.second(waiting, totp.at(office.wall.at), HERE).needs_code is False


def test_codes_follow_rfc_6238() -> None:
    """Appendix B, SHA-1, eight digits."""
    from openami.headend.accounts.second_factor import matching_step

    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # the RFC's 12345678901234567890
    for at, code in ((59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")):
        assert matching_step(secret, code, at) == at // 30
        assert matching_step(secret, code, at + 30) == at // 30
        assert matching_step(secret, code, at + 90) is None
    assert pyotp.TOTP(secret, digits=8).at(59) == "94287082"


async def test_recovery_codes_are_good_once_and_guessing_is_slowed(office: Office) -> None:
    async with office.browser("ada") as browser:
        begun = (await browser.post("/api/me/second-factor", json={"password": PASSWORD})).json()
        assert begun["secret"] in begun["uri"]
        code = pyotp.TOTP(begun["secret"]).at(office.wall.at)
        wrong = await browser.post("/api/me/second-factor/confirm", json={"code": "000000"})
        assert wrong.status_code == 401
        codes = (await browser.post("/api/me/second-factor/confirm", json={"code": code})).json()["recovery_codes"]
        assert len(set(codes)) == 10
        query = "SELECT totp, hash FROM account, recovery_code WHERE login = 'ada'"
        stored = office.system(lambda unit: unit.rows(query))
        assert not any(begun["secret"].encode() in bytes(row[0]) or row[1] in codes for row in stored)
    first = office.accounts.sign_in("ada", PASSWORD, HERE).secret
    office.accounts.second(first, codes[0].upper(), HERE)
    again = office.accounts.sign_in("ada", PASSWORD, HERE).secret
    with pytest.raises(WrongError):
        office.accounts.second(again, codes[0], HERE)
    for _ in range(3):
        with pytest.raises(WrongError):
            office.accounts.second(again, "123456", HERE)
    with pytest.raises(LockedOutError):
        office.accounts.second(again, codes[1], HERE)


async def test_a_sign_in_ends(office: Office) -> None:
    """By time, by sign-out, by a new password, by suspension; each is over at once."""
    settings = office.accounts.settings
    async with office.browser("ada") as browser:
        for _ in range(3):
            office.wall.at += settings.idle_s - 1
            assert (await browser.get("/api/me")).status_code == 200
        office.wall.at += settings.idle_s
        assert (await browser.get("/api/me")).status_code == 401
    async with office.browser("ada") as browser:
        until = office.wall.at + settings.absolute_s
        while office.wall.at + 1_800 < until:
            office.wall.at += 1_800
            assert (await browser.get("/api/me")).status_code == 200
        office.wall.at = until
        assert (await browser.get("/api/me")).status_code == 401
    async with office.browser("ada") as browser, office.browser("ada") as other:
        assert (await other.post("/api/sign-out")).status_code == 204
        assert (await other.get("/api/me")).status_code == 401
        sign_ins = (await browser.get("/api/me/sign-ins")).json()
        assert [each["is_this"] for each in sign_ins] == [True]
    async with office.browser("ada") as browser, office.browser("ada") as other:
        change = {"old": "no", "new": "a different otter sang"}
        assert (await browser.put("/api/me/password", json=change)).status_code == 401
        change["old"] = PASSWORD
        assert (await browser.put("/api/me/password", json={**change, "new": "otter"})).status_code == 422
        assert (await browser.put("/api/me/password", json=change)).status_code == 204
        assert (await other.get("/api/me")).status_code == 401
        assert (await browser.get("/api/me")).status_code == 200
    with pytest.raises(WrongError):
        office.accounts.sign_in("ada", PASSWORD, HERE)


async def test_a_change_by_cookie_needs_our_own_page(office: Office) -> None:
    """CSRF: another site has neither our origin nor our token."""
    read = f"/api/meters/{serial_of(0)}/read?wait_s=0"
    async with office.browser("olga") as browser:
        token = browser.headers.pop("x-openami-csrf")
        for header in ({}, {"x-openami-csrf": ""}, {"x-openami-csrf": "0" * 64}):
            answer = await browser.post(read, headers=header)
            assert (answer.status_code, "x-openami-csrf" in answer.json()["detail"]) == (403, True)
        crossed = await browser.post(read, headers={"x-openami-csrf": token, "origin": "http://evil.example"})
        assert crossed.json()["detail"] == "this came from a page of another site"
        assert (await browser.post(read, headers={"x-openami-csrf": token})).status_code == 202
        assert (await browser.get("/api/me")).json()["csrf"] == token
        for form in ("/sign-in", "/sign-out", "/sign-in/link"):
            answer = await browser.post(form, data={"code": "x"}, headers={"origin": "http://evil.example"})
            assert answer.status_code == 403


async def test_somebody_who_must_act_does_that_first(office: Office) -> None:
    with office.database.write() as unit:
        unit.run("UPDATE account SET must_change = ? WHERE login = 'ada'", (True,))
    async with office.browser("ada") as browser:
        assert (await browser.get("/api/meters")).status_code == 403
        assert (await browser.get("/")).headers["location"] == "/account"
        assert (await browser.put("/api/me/password", json={"new": "a different otter sang"})).status_code == 204
        assert (await browser.get("/api/meters")).status_code == 200
    office.accounts.gate.settings = AccountSettings(second_factor=True)
    office.accounts.settings = office.accounts.gate.settings
    async with office.browser("ada") as browser:
        assert (await browser.get("/api/meters")).status_code == 403
        assert (await browser.get("/api/me")).status_code == 200


async def test_a_link_is_good_once_and_not_used_up_by_looking(office: Office) -> None:
    async with office.browser("ada") as browser:
        made = await browser.post(
            "/api/users", json={"login": "new", "name": "New <b>One</b>", "email": "new@example.org"}
        )
        link = made.json()["link"]
    async with office.browser() as browser:
        for _ in range(2):
            assert "signs you in as <strong>new</strong>" in (await browser.get(link)).text
        code = link.partition("=")[2]
        assert (await browser.post("/sign-in/link", data={"code": code})).headers["location"] == "/"
        assert (await browser.get("/")).headers["location"] == "/account"  # to set a password
        assert (await browser.post("/sign-in/link", data={"code": code})).status_code == 401
        assert (await browser.get(link)).status_code == 401


async def test_nobody_needs_to_sign_in_before_there_are_accounts_and_everybody_after(empty_office: Office) -> None:
    from headend.accounts.office import hire

    office = empty_office
    async with office.browser() as browser:
        assert (await browser.get("/api/meters")).status_code == 200
        assert (await browser.get("/api/me")).json()["means"] == "local"
        assert (await browser.get("/sign-in")).headers["location"] == "/"
        far = httpx.ASGITransport(office.app, client=("10.0.0.9", 1))
        async with httpx.AsyncClient(transport=far, base_url="http://127.0.0.1") as stranger:
            assert (await stranger.get("/api/meters")).status_code == 401
        hire(office)
        assert (await browser.get("/api/meters")).status_code == 401


async def test_the_first_administrator_takes_the_printed_code(empty_office: Office) -> None:
    from openami.core.errors import AmiError
    from openami.headend.accounts import first
    from openami.headend.accounts.people import NewAccount
    from openami.headend.kit.access import LOCAL

    office = empty_office
    code = office.system(lambda unit: first.invitation(unit, office.wall.at))
    new = NewAccount("ada", "Ada Byron", "ada@example.org")

    def claim(given: str) -> object:
        return office.as_(LOCAL, lambda unit: first.claim(unit, new, given, office.wall.at, 600))

    with pytest.raises(AmiError, match="used already, or is too old"):
        claim("guess")
    made = claim(code)
    opened = office.accounts.by_link(made.link, HERE)
    async with office.browser() as browser:
        browser.cookies.set(COOKIE, opened.secret, domain="127.0.0.1")
        assert (await browser.get("/api/me")).json()["account"]["roles"][0]["role"] == "administrator"
    with pytest.raises(AmiError):
        claim(code)


async def test_no_secret_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor kept in the audit, nor shown in an error."""
    totp = office.enrol("ada")
    with caplog.at_level(logging.DEBUG):
        async with office.browser() as browser:
            secrets = [PASSWORD, "a wrong one, mistyped", totp.secret]
            answers = [await enter(browser, "ada", secrets[1]), await enter(browser, secrets[1], "x")]
            code = totp.at(office.wall.at)
            half = await enter(browser, "ada")
            full = await browser.post("/api/sign-in/code", json={"code": code})
            browser.headers["x-openami-csrf"] = full.json()["csrf"]
            wish = {"title": "t", "permissions": ["view"]}
            key = (await browser.post("/api/me/keys", json=wish)).json()["key"]
            answers.append(await browser.post("/api/me/keys", json={"title": "t", "permissions": [secrets[1]]}))
            secrets += [key, key[5:], half.cookies[COOKIE], full.cookies[COOKIE]]
            answers.append(await browser.post("/api/sign-in", json={"login": "ada", "password": [PASSWORD]}))
    rows = office.system(lambda unit: unit.rows("SELECT who, subject, detail FROM audit"))
    out = "".join(capfd.readouterr())
    written = [*(record.getMessage() for record in caplog.records), *map(str, rows), out]
    for secret in secrets:
        assert not [text for text in written if secret in text]
    assert PASSWORD not in answers[-1].text
    assert all(re.search(r"\d{3}", str(answer.status_code)) for answer in answers)
