"""Settings of commands: bulk limits, interlocks, and when a clock counts as wrong."""

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, PositiveInt


class CommandSettings(BaseModel):
    """What an installation may decide about commands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    relay_per_hour: PositiveInt = 50
    """Relays switched per feeder and hour of business time, each way, whoever asked and however many jobs there are."""
    load_off_w: NonNegativeInt = 20
    """More power than this while the relay is open means that the load side is fed from elsewhere."""
    clock_in_step_s: PositiveFloat = 2.0
    """A clock that is off by no more is left alone."""
    clock_jump_s: PositiveFloat = 60.0
    """Setting a clock that is off by more is a jump, which takes two people."""
    most_meters: PositiveInt = 100_000
    """Meters of one bulk job."""
    valid_s: PositiveInt = 86_400
    """How long a command may wait for its meter."""
