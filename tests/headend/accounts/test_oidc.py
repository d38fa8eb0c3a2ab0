"""Signing in with an OpenID provider of our own: it is one of a few routes that signs what it says with RSA."""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from headend.accounts.office import START, Office
from openami.headend.accounts.oidc import Provider
from openami.headend.kit.account_settings import OidcSettings

pytestmark = pytest.mark.feature("SIMS-26")

ISSUER = "https://login.grid.example"
CLIENT, SECRET = "head-end", "s3cr3t+/ with a space"
BACK = "http://127.0.0.1/sign-in/openid/back"
CLAIMS = {"sub": "u-77", "email": "olga@example.org", "email_verified": True}
KEY, OTHER = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class OwnProvider:
    """An OpenID provider: discovery, keys, and codes for tokens. The browser's part is played by the test."""

    claims: dict[str, Any] = field(default_factory=lambda: dict(CLAIMS))
    issuer: str = ISSUER
    sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authorise(self, url: str) -> dict[str, str]:
        """What the person does there: agree. -> query of the way back"""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["response_type"], query["client_id"], query["redirect_uri"]) == ("code", CLIENT, BACK)
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={
                "issuer": self.issuer, "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys",
            })  # fmt: skip
        if path == "/keys":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        return self.token({name: values[0] for name, values in parse_qs(request.content.decode()).items()}, request)

    def token(self, form: dict[str, str], request: httpx.Request) -> httpx.Response:
        kind, _, given = request.headers["authorization"].partition(" ")
        known = self.codes.pop(form["code"], None)
        challenge = encoded(hashlib.sha256(form["code_verifier"].encode()).digest())
        is_client = (kind, b64decode(given)) == ("Basic", b"head-end:s3cr3t%2B%2F+with+a+space")
        if known is None or known["code_challenge"] != challenge or not is_client:
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "exp": START + 300,
            "iat": START,
            "nonce": known["nonce"],
            **self.claims,
        }
        return httpx.Response(200, json={"access_token": "x", "token_type": "Bearer", "id_token": self.sign(claims)})


@pytest.fixture
def provider(office: Office) -> OwnProvider:
    own = OwnProvider()
    settings = OidcSettings(issuer=ISSUER, client_id=CLIENT, client_secret=SECRET, redirect=BACK, name="Grid Login")
    office.app.state.provider = Provider(settings, httpx.MockTransport(own))
    office.accounts.settings = office.accounts.settings.model_copy(update={"oidc": settings})
    return own


async def leave(browser: httpx.AsyncClient, place: str = "/meters") -> str:
    answer = await browser.get("/sign-in/openid", params={"next": place})
    assert answer.status_code == 303
    return str(answer.headers["location"])


async def back(browser: httpx.AsyncClient, query: dict[str, str]) -> httpx.Response:
    return await browser.get("/sign-in/openid/back", params=query)


async def test_a_person_known_by_mail_comes_in_and_is_known_by_subject_from_then_on(
    office: Office, provider: OwnProvider
) -> None:
    async with office.browser() as browser:
        assert "Sign in with Grid Login" in (await browser.get("/sign-in")).text
        answer = await back(browser, provider.authorise(await leave(browser)))
        assert (answer.status_code, answer.headers["location"]) == (303, "/meters")
        assert (await browser.get("/api/me")).json()["account"]["login"] == "olga"
    provider.claims = {"sub": "u-77", "email": "ada@example.org", "email_verified": True}  # the mail moved on
    async with office.browser() as browser:
        await back(browser, provider.authorise(await leave(browser)))
        assert (await browser.get("/api/me")).json()["account"]["login"] == "olga"


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False}, {"email_verified": "true"}, {"email": "stranger@example.org"}, {"aud": "another"},
        {"iss": "https://evil.example"}, {"nonce": "replayed"}, {"exp": START - 100}, {"sub": None},
        {"aud": [CLIENT, "another"], "azp": "another"},
    ],
)  # fmt: skip
async def test_what_does_not_hold_lets_nobody_in(office: Office, provider: OwnProvider, claims: dict[str, Any]) -> None:
    provider.claims |= claims
    async with office.browser() as browser:
        answer = await back(browser, provider.authorise(await leave(browser)))
        assert answer.status_code == 401
        assert (await browser.get("/api/me")).status_code == 401


@pytest.mark.parametrize("forged", ["none", "another key", "shared secret", "nothing"])
async def test_a_forged_token_lets_nobody_in(office: Office, provider: OwnProvider, forged: str) -> None:
    head = encoded(b'{"alg":"none"}')

    def none(claims: dict[str, Any]) -> str:
        return f"{head}.{jwt.encode({'alg': 'RS256'}, claims, KEY).split('.')[1]}."

    def shared(claims: dict[str, Any]) -> str:
        """The provider's public key, taken for a shared secret."""
        body = jwt.encode({"alg": "RS256"}, claims, KEY).split(".")[1]
        top = encoded(b'{"alg":"HS256","kid":"one"}')
        signed = f"{top}.{body}"
        return f"{signed}.{encoded(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"

    provider.sign = {
        "none": none,
        "another key": lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER),
        "shared secret": shared,
        "nothing": lambda _claims: "",
    }[forged]
    async with office.browser() as browser:
        assert (await back(browser, provider.authorise(await leave(browser)))).status_code == 401


async def test_an_answer_is_good_once_in_the_browser_that_asked(office: Office, provider: OwnProvider) -> None:
    async with office.browser() as browser, office.browser() as other:
        query = provider.authorise(await leave(browser))
        assert (await back(other, query)).status_code == 401  # log-in CSRF: somebody else's answer
        query = provider.authorise(await leave(browser))
        assert (await back(browser, query)).status_code == 303
        browser.cookies.clear()
        assert (await back(browser, query)).status_code == 401
        assert (await back(browser, {"code": "x", "state": "never-was"})).status_code == 401
        assert (await back(browser, {"error": "access_denied"})).status_code == 401
        query = provider.authorise(await leave(browser))
        office.wall.at += 601
        assert (await back(browser, query)).status_code == 401


async def test_a_second_factor_is_still_asked_for_and_a_suspended_account_stays_out(
    office: Office, provider: OwnProvider
) -> None:
    office.enrol("olga")
    provider.claims["exp"] = office.wall.at + 300
    async with office.browser() as browser:
        answer = await back(browser, provider.authorise(await leave(browser)))
        assert "Second factor" in answer.text
        assert (await browser.get("/api/me")).status_code == 401
    office.system(lambda unit: unit.run("UPDATE account SET is_active = ? WHERE login = 'olga'", (False,)))
    async with office.browser() as browser:
        assert (await back(browser, provider.authorise(await leave(browser)))).status_code == 401


async def test_a_provider_that_is_another_or_silent_is_told(office: Office, provider: OwnProvider) -> None:
    provider.issuer = "https://evil.example"
    async with office.browser() as browser:
        answer = await browser.get("/sign-in/openid")
        assert answer.status_code == 502
        assert "evil.example" in answer.text
