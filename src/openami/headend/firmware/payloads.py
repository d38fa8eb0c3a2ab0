"""What meters are told about firmware, and what comes of it."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from openami.headend.commands.payloads import LogicalName, Strict

Octets = Annotated[str, Field(pattern=r"^([0-9a-f]{2})+$", max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class State(StrEnum):
    """Where a meter of a campaign stands."""

    WAITING = "waiting"
    SENDING = "sending"
    """It is told, or is being told, the image."""
    VERIFIED = "verified"
    """It has the image and found it good."""
    ACTIVATING = "activating"
    """It will be told to activate it, or is being told."""
    DONE = "done"
    """It runs the new version, as read back."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    MISSED = "missed"
    """It was never reached in time, and is as it was."""
    CANCELLED = "cancelled"


OPEN = (State.WAITING, State.SENDING, State.VERIFIED, State.ACTIVATING)
BAD = (State.FAILED, State.UNKNOWN)


class Standing(StrEnum):
    """Where a campaign stands."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    OVER = "over"


class Facts(Strict):
    """What a session has to know of an image."""

    campaign: int
    image: int
    sha256: Digest
    identifier: Octets
    version: str
    transfer_at: LogicalName
    version_at: LogicalName


class Transfer(Facts):
    """Bring the image to the meter, as far as it has not got it, and have it verified."""

    from_versions: tuple[str, ...]
    most_tries: int


class Transferred(BaseModel):
    """The meter holds the verified image, or runs it already."""

    before: str
    blocks: int
    sent: int
    is_running: bool


class Activate(Facts):
    """Activate the verified image, and read the version back."""


class Activated(BaseModel):
    """The version that it runs."""

    after: str
