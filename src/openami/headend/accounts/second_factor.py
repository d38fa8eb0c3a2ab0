"""Second factor: time-based codes (RFC 6238), each good once, and recovery codes. Secrets are sealed."""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from pyotp import random_base32
from pyotp.totp import TOTP

from openami.core.errors import LocalProtocolError, SecurityError
from openami.headend.accounts.passwords import fingerprint, is_same
from openami.headend.keys.kek import KeyFile
from openami.headend.kit.database import Unit

PERIOD_S = 30
DRIFT_STEPS = 1
"""Codes of the step before and after are taken: clocks differ (RFC 6238, section 5.2)."""
RECOVERY_CODES = 10
NONCE_OCTETS = 12
ISSUER = "OpenAMI"


class Vault:
    """Seals second-factor secrets, AES-256-GCM bound to the account, under a key in a file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _file(self) -> KeyFile:
        if not self.path.exists():
            try:
                return KeyFile.create(self.path)
            except FileExistsError:
                pass
        return KeyFile.load(self.path)

    def seal(self, account: int, secret: str) -> bytes:
        """Seal a secret."""
        keys, nonce = self._file(), os.urandom(NONCE_OCTETS)
        return nonce + keys.cipher(keys.current).encrypt(nonce, secret.encode(), _bound(account))

    def open(self, account: int, sealed: bytes) -> str:
        """Open a secret."""
        keys = self._file()
        try:
            data = keys.cipher(keys.current).decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], _bound(account))
        except InvalidTag:
            raise SecurityError(
                f"the second factor of this account does not open: it was moved, or {self.path} is another's"
            ) from None
        return data.decode()


def _bound(account: int) -> bytes:
    return f"second factor\0{account}".encode()


def uri(secret: str, login: str) -> str:
    """Address that an authenticator app takes."""
    return TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def begin(unit: Unit, vault: Vault, account: int) -> str:
    """Make a secret; it counts once a code of it was shown."""
    if unit.value("SELECT totp IS NOT NULL FROM account WHERE id = ?", (account,)):
        raise LocalProtocolError("there is a second factor already; remove it first")
    secret = random_base32()
    unit.run("UPDATE account SET totp_pending = ? WHERE id = ?", (vault.seal(account, secret), account))
    return secret


def confirm(unit: Unit, vault: Vault, account: int, code: str, now: float) -> tuple[str, ...] | None:
    """Take the secret into use if the code is one of it. -> recovery codes, shown this once; None if it is not."""
    sealed = unit.value("SELECT totp_pending FROM account WHERE id = ?", (account,))
    if sealed is None:
        raise LocalProtocolError("begin with a new secret first")
    step = matching_step(vault.open(account, bytes(sealed)), code, now)
    if step is None:
        return None
    unit.run("UPDATE account SET totp = totp_pending, totp_pending = NULL, totp_step = ? WHERE id = ?", (step, account))
    return renew_recovery(unit, account)


def renew_recovery(unit: Unit, account: int) -> tuple[str, ...]:
    """Make new recovery codes; the old ones are void."""
    codes = tuple(f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES))
    unit.run("DELETE FROM recovery_code WHERE account = ?", (account,))
    unit.run_many(
        "INSERT INTO recovery_code (account, hash) VALUES (?, ?)", [(account, fingerprint(code)) for code in codes]
    )
    return codes


def matching_step(secret: str, code: str, now: float) -> int | None:
    """Step of time that a code belongs to; None if it is no code of about now."""
    found, totp = None, TOTP(secret)
    for step in range(int(now) // PERIOD_S - DRIFT_STEPS, int(now) // PERIOD_S + DRIFT_STEPS + 1):
        if is_same(totp.generate_otp(step), code.strip().replace(" ", "")):
            found = step
    return found


def use(unit: Unit, vault: Vault, account: int, code: str, now: float) -> bool:
    """Use a code, or a recovery code, up: each is good once."""
    sealed = unit.value("SELECT totp FROM account WHERE id = ?", (account,))
    if sealed is None:
        return False
    step = matching_step(vault.open(account, bytes(sealed)), code, now)
    if step is not None:
        changed = unit.run("UPDATE account SET totp_step = ? WHERE id = ? AND totp_step < ?", (step, account, step))
        return changed == 1
    spent = unit.run(
        "UPDATE recovery_code SET used = ? WHERE account = ? AND hash = ? AND used IS NULL",
        (int(now), account, fingerprint(code.strip().lower())),
    )
    return spent == 1


def remove(unit: Unit, account: int) -> None:
    """Do without."""
    unit.run("UPDATE account SET totp = NULL, totp_pending = NULL WHERE id = ?", (account,))
    unit.run("DELETE FROM recovery_code WHERE account = ?", (account,))
