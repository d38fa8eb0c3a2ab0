"""Settings of accounts: passwords, sign-ins, four eyes, and an OpenID provider."""

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, SecretStr


class OidcSettings(BaseModel):
    """An OpenID Connect provider that people may sign in with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "OpenID"
    """What the button says."""
    issuer: str = Field(pattern="^https?://")
    """Its address; what it offers is read from `<issuer>/.well-known/openid-configuration`."""
    client_id: str
    client_secret: SecretStr | None = None
    scope: str = "openid email profile"
    redirect: str = Field(pattern="^https?://.*/sign-in/openid/back$")
    """Address of ours as the provider knows it, `https://…/sign-in/openid/back`."""


class AccountSettings(BaseModel):
    """What an installation may decide about accounts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...] = ()
    """Names besides localhost under which this head-end may be asked; they need accounts."""
    password_min: int = Field(default=12, ge=8, le=128)
    second_factor: bool = False
    """Whether everybody has to have a second factor before anything else."""
    idle_s: PositiveFloat = 3_600.0
    """A sign-in ends when nothing is clicked for so long."""
    absolute_s: PositiveFloat = 43_200.0
    """A sign-in ends after so long in any case."""
    lock_after: PositiveInt = 5
    """Failures in a row before a log-in is locked."""
    lock_first_s: PositiveFloat = 30.0
    """First lock; each further failure doubles it."""
    lock_most_s: PositiveFloat = 3_600.0
    invite_s: PositiveFloat = 86_400.0
    """How long a one-time link is good for."""
    proposal_s: PositiveFloat = 86_400.0
    """How long a proposal waits for a second person."""
    key_days: PositiveInt = 365
    """How long an API key may live at the most."""
    unguarded: tuple[str, ...] = ()
    """Kinds of guarded actions that need no second person in this installation."""
    oidc: OidcSettings | None = None
