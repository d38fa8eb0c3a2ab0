"""Settings of pushes, of alarms and whom they are told to, and of outages."""

from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
)


class Strict(BaseModel):
    """Frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MailChannel(Strict):
    """Tell by mail."""

    kind: Literal["mail"]
    host: str
    port: int = Field(default=25, ge=1, le=65_535)
    tls: Literal["none", "start", "whole"] = "none"
    user: str | None = None
    password: SecretStr | None = None
    sender: str
    to: Annotated[tuple[str, ...], Field(min_length=1)]
    timeout_s: PositiveFloat = 20.0


class WebhookChannel(Strict):
    """Tell by an HTTP POST of JSON; with a secret, `X-OpenAMI-Signature` holds its HMAC-SHA-256."""

    kind: Literal["webhook"]
    url: SecretStr
    """It may hold a token, and is never shown."""
    secret: SecretStr | None = None
    timeout_s: PositiveFloat = 10.0

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: SecretStr) -> SecretStr:
        if not url.get_secret_value().startswith(("http://", "https://")):
            message = "expected http:// or https://"
            raise ValueError(message)
        return url


class MqttChannel(Strict):
    """Tell by publishing JSON."""

    kind: Literal["mqtt"]
    host: str
    port: int = Field(default=1883, ge=1, le=65_535)
    topic: str = "openami/alarms"
    user: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    timeout_s: PositiveFloat = 10.0


Channel = Annotated[MailChannel | WebhookChannel | MqttChannel, Field(discriminator="kind")]


class WatchSettings(Strict):
    """What comes from the meters by itself, and what is done about it."""

    listen: tuple[str, ...] = ()
    """Where pushes are taken: `tcp://[::]:4060`, `udp://0.0.0.0:4060`; none means nowhere."""
    least: Literal["none", "authenticated"] = "none"
    """Whether a push that nothing proves genuine is taken (some meters send theirs in clear)."""
    clear: bool = True
    """Whether alarms are cleared in the meter once they are stored."""
    clear_retry_s: PositiveInt = 900
    tick_s: PositiveFloat = 2.0
    """How often it is looked at what has become due, in real time."""
    channels: dict[str, Channel] = Field(default_factory=dict[str, Channel])
    """Whom alarms can be told to, by name."""
    attempts: PositiveInt = 8
    """Tries to tell a channel, each later than the one before."""

    debounce_s: NonNegativeFloat = 60.0
    """A loss of supply that is over by then was a momentary one and no outage."""
    group_s: PositiveFloat = 600.0
    """Meters of a node that lose supply within this time belong to one outage."""
    group_least: PositiveInt = 2
    """So many of a node, or its only one, are an outage of the node."""
    sustained_s: PositiveInt = 300
    """An interruption that lasts longer is sustained; IEEE 1366-2012, 2: five minutes."""
    storm_least: PositiveInt = 100
    """So many without supply at a time are a storm,"""
    storm_share: float = Field(default=0.02, ge=0, le=1)
    """if they are so much of all meters as well."""
    storm_channel: str = ""
    """Who is told of outages and storms."""
    outage_least: NonNegativeInt = 2
    """Outages of fewer meters are not told."""
