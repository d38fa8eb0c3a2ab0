"""Settings of the head-end, from a TOML file or from `openami up`."""

import tomllib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, ValidationError

from openami.core.errors import DefinitionError


class Settings(BaseModel):
    """What an installation may decide; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    """Folder of the database."""
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
    sessions_days: PositiveInt = 60
    """How long the session log is kept."""
    max_pages: PositiveInt | None = None
    """Limit of the database file in pages of 4 KiB; unset means as large as the disk."""

    @property
    def database(self) -> Path:
        """The database file."""
        return self.data / "headend.db"

    @property
    def kek(self) -> Path:
        """The file of the key-encryption key."""
        return self.kek_file or self.data.with_name(self.data.name + ".kek")

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a TOML file; paths in it are relative to it."""
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
            settings = cls.model_validate(values)
        except OSError as error:
            raise DefinitionError(f"cannot be read: {(error.strerror or '').lower()}", file=str(file)) from None
        except tomllib.TOMLDecodeError as error:
            raise DefinitionError(f"is not TOML: {error}", file=str(file)) from None
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            raise DefinitionError(first["msg"], file=str(file), key=key) from None
        return settings.model_copy(update={"data": file.parent / settings.data})
