"""Lock-out with growing time: counted before the password is looked at, and for log-ins that do not exist as well."""

from openami.core.errors import AmiError
from openami.headend.accounts.passwords import fingerprint
from openami.headend.kit.account_settings import AccountSettings
from openami.headend.kit.database import Unit

FORGOTTEN_S = 86_400


class LockedOutError(AmiError):
    """Too many failures in a row."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many tries; wait {wait_s} s and try again")
        self.wait_s = wait_s


def count_try(unit: Unit, login: str, settings: AccountSettings, now: float) -> int:
    """Count a try before it is made, so that many at once are no way around. -> failures in a row with it."""
    name, at = fingerprint(login), int(now)
    unit.run("DELETE FROM lockout WHERE last < ? AND until < ?", (at - FORGOTTEN_S, at))
    unit.run(
        "INSERT INTO lockout (login, failures, until, last) VALUES (?, 0, 0, ?) ON CONFLICT (login) DO NOTHING",
        (name, at),
    )
    unit.run("UPDATE lockout SET last = ? WHERE login = ?", (at, name))  # holds the row
    failures, until = unit.rows("SELECT failures, until FROM lockout WHERE login = ?", (name,))[0]
    if until > at:
        raise LockedOutError(until - at)
    over = failures + 1 - settings.lock_after
    wait = 0 if over < 0 else min(settings.lock_first_s * 2 ** min(over, 30), settings.lock_most_s)
    unit.run("UPDATE lockout SET failures = ?, until = ? WHERE login = ?", (failures + 1, int(at + wait), name))
    return int(failures) + 1


def forget(unit: Unit, login: str) -> None:
    """Begin anew after a success."""
    unit.run("DELETE FROM lockout WHERE login = ?", (fingerprint(login),))
