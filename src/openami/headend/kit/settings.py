"""Settings of the head-end: from a TOML file, from the environment, or from `openami up`."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)
from sqlalchemy import URL, make_url

from openami.core.errors import DefinitionError
from openami.headend.kit.account_settings import AccountSettings
from openami.headend.kit.command_settings import CommandSettings
from openami.headend.kit.firmware_settings import FirmwareSettings
from openami.headend.kit.key_settings import KeySettings
from openami.headend.kit.watch_settings import WatchSettings


class Settings(BaseModel):
    """What an installation may decide; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    """Folder of the database, and of what workers keep beside it."""
    database_url: str | None = Field(default=None, repr=False)
    """Where the tables are: `postgresql://user@host/name` or `sqlite:///file`; default `headend.db` in `data`."""
    listen: tuple[str, ...] = ("127.0.0.1",)
    """Addresses that pages and REST are served at, IPv4 and IPv6; `0.0.0.0` and `::` are all of this machine."""
    port: int | None = Field(default=None, ge=0, le=65_535)
    """Their port; unset means 8088, or a free one."""
    tls_certificate: Path | None = None
    """Certificate chain (PEM); with one, pages and REST are served over TLS 1.2 or newer alone."""
    tls_key: Path | None = None
    """Its private key (PEM), where it is not in the same file."""
    tls_key_password: SecretStr | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    log_json: bool = False
    """Whether log lines are JSON objects, for programs that gather them."""
    drain_s: NonNegativeFloat = 10.0
    """How long sessions that are under way may take to end when a process is told to stop; 0 breaks them off."""
    kek_file: Path | None = None
    """Key-encryption key, kept away from the database and its backup; default `<data>.kek`."""
    zone: str = "Europe/Amsterdam"
    """Zone of meters whose shipment names none, and of the business day."""
    client_title: str = Field(default="4f414d4845530001", pattern="^[0-9a-fA-F]{16}$")
    """Our own system title, hexadecimal."""

    items: tuple[str, ...] = ()
    """What is read of a meter, by the names of its model file; empty means all of it."""
    concurrency: PositiveInt = 128
    """Meters read at a time by one worker."""
    claim_meters: PositiveInt = 256
    """Meters claimed at a time."""
    lease_s: PositiveFloat = 30.0
    """A worker that gives no sign of life for so long loses its work to another."""
    timeout_s: PositiveFloat = 10.0
    """How long to wait for one answer of a meter."""
    with_list: bool = True
    """Ask for all items with one GET-request-with-list, if the meter negotiates it."""
    session_s: PositiveFloat = 120.0
    """How long one session may last."""
    attempts: int = Field(default=3, ge=1, le=1_000)
    """Tries of one meter in a single pass (`--once`)."""
    backoff_s: PositiveFloat = 1.0
    """Wait after the first failure; doubled with each further one."""
    backoff_max_s: PositiveFloat = 900.0
    poll_s: PositiveFloat = 0.25
    """How often a worker looks for new work."""

    group_sessions: PositiveInt = 128
    """Sessions whose results go into one transaction at the most."""
    group_s: PositiveFloat = 0.1
    """How long a result may wait for others to share its transaction."""
    full_patience_s: PositiveFloat = 60.0
    """How long a single pass waits for room on a full disk before it gives up."""

    seal_after_days: PositiveInt = 3
    """A day that is still incomplete is sealed so many days after its end."""
    accounts: AccountSettings = AccountSettings()
    """Sign-ins, passwords and four eyes."""
    keys: KeySettings = KeySettings()
    """An HSM, the escrow, how long a key may serve."""
    watch: WatchSettings = WatchSettings()
    """Pushes, alarms and outages."""
    commands: CommandSettings = CommandSettings()
    """Bulk limits and interlocks."""
    firmware: FirmwareSettings = FirmwareSettings()
    """Whose images are taken, and how patient a transfer is."""
    sessions_days: PositiveInt = 60
    """How long the session log is kept."""
    max_pages: PositiveInt | None = None
    """Limit of the database file in pages of 4 KiB; unset means as large as the disk."""

    @property
    def database(self) -> Path:
        """The database file, where no URL names another."""
        return self.data / "headend.db"

    @property
    def url(self) -> str:
        """The database, by its URL."""
        return self.database_url or URL.create("sqlite", database=str(self.database)).render_as_string()

    @property
    def kek(self) -> Path:
        """The file of the key-encryption key."""
        return self.kek_file or self.data.with_name(self.data.name + ".kek")

    @property
    def escrow(self) -> Path:
        """The file that every key stands in before it is sent, apart from the database."""
        return self.keys.escrow or self.data.with_name(self.data.name + ".escrow")

    @property
    def accounts_key(self) -> Path:
        """The file of the key that second factors are sealed under, apart from the database."""
        return self.data.with_name(self.data.name + ".accounts.key")

    @property
    def anchors(self) -> Path:
        """The file that holds the ends of the audit chains, apart from the database."""
        return self.data.with_name(self.data.name + ".anchors")

    @classmethod
    def load(cls, file: Path, environment: Mapping[str, str] | None = None) -> Self:
        """Read a TOML file, its table `[headend]` if it has one; paths in it are relative to it.

        Variables of the environment count before the file: see `from_environment`.
        """
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise DefinitionError(f"cannot be read: {(error.strerror or '').lower()}", file=str(file)) from None
        except tomllib.TOMLDecodeError as error:
            raise DefinitionError(f"is not TOML: {error}", file=str(file)) from None
        own = values["headend"] if isinstance(values.get("headend"), dict) else values
        for name in PATHS & own.keys():
            if isinstance(own[name], str):
                own[name] = file.parent / own[name]
        return cls._checked({**own, **from_environment(environment or {})}, str(file))

    @classmethod
    def of(cls, environment: Mapping[str, str], **given: object) -> Self:
        """Settings without a file: what is given, then the environment."""
        return cls._checked({**from_environment(environment), **given}, "the environment")

    @classmethod
    def _checked(cls, values: Mapping[str, object], source: str) -> Self:
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise DefinitionError(first["msg"], file=source, key=key) from None

    def shown(self) -> dict[str, object]:
        """All settings as they may be shown: secrets hidden, also the password inside a URL."""
        values: dict[str, object] = self.model_dump(mode="json")
        if self.database_url is not None:
            values["database_url"] = make_url(self.database_url).render_as_string()
        return values


PREFIX = "OPENAMI_"
PATHS = frozenset({"data", "kek_file", "tls_certificate", "tls_key"})


def from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    """Settings out of variables: `OPENAMI_LEASE_S=60`, `OPENAMI_LISTEN='["::", "0.0.0.0"]'`.

    A list, a table or a number is written as JSON, all else as it is; variables that name no setting are not ours.
    """
    found: dict[str, object] = {}
    for name in Settings.model_fields:
        if (text := environment.get(PREFIX + name.upper())) is not None:
            found[name] = _parsed(text)
    return found


def _parsed(text: str) -> object:
    """Take JSON for what it is, where it is a list or a table; pydantic reads numbers and truths out of text."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
