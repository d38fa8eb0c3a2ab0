"""Secrets that are good once: links that sign somebody in, journeys to an OpenID provider."""

from typing import NamedTuple

from openami.core.errors import AmiError
from openami.headend.accounts.passwords import fingerprint, token
from openami.headend.kit.database import Unit

LINK = "link"
OPENID = "openid"


class SpentError(AmiError):
    """A one-time secret that never was, is too old, or was used."""


class Spent(NamedTuple):
    """What a one-time secret stood for."""

    account: int | None
    detail: str


def issue(unit: Unit, purpose: str, expires: float, *, account: int | None = None, detail: str = "") -> str:
    """Make a secret; the database keeps its hash alone."""
    secret = token()
    unit.run(
        "INSERT INTO one_time (hash, purpose, account, detail, expires) VALUES (?, ?, ?, ?, ?)",
        (fingerprint(secret), purpose, account, detail, int(expires)),
    )
    return secret


def spend(unit: Unit, purpose: str, secret: str, now: float) -> Spent:
    """Use a secret up; of two at a time one is refused."""
    used = unit.run(
        "UPDATE one_time SET used = ? WHERE hash = ? AND purpose = ? AND used IS NULL AND expires > ?",
        (int(now), fingerprint(secret), purpose, int(now)),
    )
    if used != 1:
        raise SpentError("this link was used already, or is too old; ask for another")
    account, detail = unit.rows("SELECT account, detail FROM one_time WHERE hash = ?", (fingerprint(secret),))[0]
    unit.run("DELETE FROM one_time WHERE expires < ?", (int(now) - 86_400,))
    return Spent(account, detail)


def holder(unit: Unit, purpose: str, secret: str, now: float) -> int | None:
    """Look at whom a secret is for, without using it up."""
    found = unit.value(
        "SELECT account FROM one_time WHERE hash = ? AND purpose = ? AND used IS NULL AND expires > ?",
        (fingerprint(secret), purpose, int(now)),
    )
    return None if found is None else int(found)
