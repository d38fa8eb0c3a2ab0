"""Settings of keys: an HSM, the escrow, how long a key may serve."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr


class HsmSettings(BaseModel):
    """A PKCS#11 token that holds the key-encryption key, in the place of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    module: Path
    """The maker's library, such as `/usr/lib/softhsm/libsofthsm2.so`."""
    token: str
    """Label of the token."""
    pin: SecretStr | None = None
    """User PIN; better in `pin_file`, or in the variable OPENAMI_HSM_PIN."""
    pin_file: Path | None = None
    label: str = Field(default="openami-kek", pattern="^[A-Za-z0-9_-]{1,40}$")
    """How the labels of our keys begin; a number follows."""


class KeySettings(BaseModel):
    """What an installation may decide about the keys of meters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hsm: HsmSettings | None = None
    escrow: Path | None = None
    """The escrow file, kept away from the database and its backup; default `<data>.escrow`."""
    days: PositiveInt = 1_825
    """How long a key may serve."""
    warn_days: PositiveInt = 60
    """How long before its end an alarm is given."""
