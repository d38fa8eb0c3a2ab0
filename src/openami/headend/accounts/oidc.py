"""Signing in with an OpenID Connect provider: authorisation code with PKCE, state and nonce, all good once."""

import hashlib
import json
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote_plus, urlsplit

import httpx
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749 import parameters
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from openami.core.errors import LinkError, SecurityError
from openami.headend.accounts import one_time
from openami.headend.accounts.passwords import is_same
from openami.headend.kit.account_settings import OidcSettings
from openami.headend.kit.database import Database

DISCOVERY = "/.well-known/openid-configuration"
JOURNEY_S = 600
TIMEOUT_S = 10.0
SKEW_S = 60
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
"""No shared-secret algorithm, and never `none`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at the provider."""

    issuer: str
    subject: str
    email: str | None
    """Only if the provider says that it has verified it."""


class Provider:
    """One OpenID provider."""

    def __init__(self, settings: OidcSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.settings = settings
        self._transport = transport

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=TIMEOUT_S, transport=self._transport, follow_redirects=False)

    async def leave(self, database: Database, place: str, now: float) -> tuple[str, str]:
        """Begin a journey to the provider. -> its address, and the secret that binds it to this browser."""
        browser, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), generate_token(64)
        detail = json.dumps({"nonce": nonce, "verifier": verifier, "browser": browser, "place": place})
        with database.write() as unit:
            state = one_time.issue(unit, one_time.OPENID, now + JOURNEY_S, detail=detail)
        async with self._client() as client:
            offered = await self._offered(client)
        grant = cast("Callable[..., str]", parameters.prepare_grant_uri)
        url = grant(
            offered["authorization_endpoint"], self.settings.client_id, "code", redirect_uri=self.settings.redirect,
            scope=self.settings.scope, state=state, nonce=nonce, code_challenge_method="S256",
            code_challenge=challenge(verifier),
        )  # fmt: skip
        return url, browser

    async def come_back(
        self, database: Database, state: str, code: str, browser: str, now: float
    ) -> tuple[Identity, str]:
        """End a journey. -> who it is, and where they wanted to go.

        Raises:
            SecurityError: the answer is not for this journey, this browser or us.
        """
        with database.write() as unit:
            journey = json.loads(one_time.spend(unit, one_time.OPENID, state, now).detail)
        if not is_same(journey["browser"], browser):
            raise SecurityError("this sign-in was begun in another browser; begin again")
        async with self._client() as client:
            offered = await self._offered(client)
            try:
                answer = await self._redeem(client, offered["token_endpoint"], code, str(journey["verifier"]))
                keys = (await client.get(offered["jwks_uri"])).raise_for_status().json()
            except (httpx.HTTPError, ValueError, TypeError):
                raise SecurityError(f"{self.settings.name} did not confirm the sign-in") from None
        identity = self._identity(str(answer.get("id_token", "")), keys, journey["nonce"], now)
        return identity, str(journey["place"])

    async def _redeem(self, client: httpx.AsyncClient, endpoint: str, code: str, verifier: str) -> dict[str, object]:
        """Give the code for tokens (RFC 6749, 4.1.3; RFC 7636, 4.5)."""
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.settings.redirect,
            "code_verifier": verifier, "client_id": self.settings.client_id,
        }  # fmt: skip
        secret = self.settings.client_secret
        headers = {"Accept": "application/json"}
        if secret is not None:  # both parts form-encoded first: RFC 6749, 2.3.1
            named = f"{quote_plus(self.settings.client_id)}:{quote_plus(secret.get_secret_value())}"
            headers["Authorization"] = f"Basic {b64encode(named.encode()).decode()}"
        answer = await client.post(endpoint, data=form, headers=headers)
        found: object = answer.raise_for_status().json()
        if not isinstance(found, dict):
            raise TypeError("no object")
        return cast("dict[str, object]", found)

    async def _offered(self, client: httpx.AsyncClient) -> dict[str, str]:
        try:
            found = (await client.get(self.settings.issuer.rstrip("/") + DISCOVERY)).json()
        except (httpx.HTTPError, ValueError):
            raise LinkError(f"{self.settings.name} does not answer; sign in with a password") from None
        if found.get("issuer") != self.settings.issuer:
            raise SecurityError(f"{self.settings.name} says that it is {found.get('issuer')!r}")
        secure = urlsplit(self.settings.issuer).scheme
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(str(found.get(name))).scheme != secure:
                raise SecurityError(f"{self.settings.name}: {name} is not {secure}")
        return {str(name): str(value) for name, value in found.items()}

    def _identity(self, text: str, keys: Any, nonce: str, now: float) -> Identity:
        rules = jwt.JWTClaimsRegistry(
            now=int(now), leeway=SKEW_S, iss={"essential": True, "value": self.settings.issuer},
            aud={"essential": True, "value": self.settings.client_id}, exp={"essential": True},
            sub={"essential": True}, nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            claims = jwt.decode(text, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims
            rules.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError):
            raise SecurityError(f"what {self.settings.name} says of you does not hold") from None
        if isinstance(claims["aud"], list) and claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise SecurityError(f"what {self.settings.name} says was not for us")
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(str(claims["iss"]), str(claims["sub"]), email if isinstance(email, str) else None)


def challenge(verifier: str) -> str:
    """Hash the verifier for the address that the browser sees (RFC 7636, 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
