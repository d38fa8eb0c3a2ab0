"""Settings of firmware: whose images are taken, and how patient a transfer is."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

Key = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{128}$")]


class FirmwareSettings(BaseModel):
    """What an installation may decide about firmware."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    makers: dict[str, Key] = {}
    """Public keys (x and y on P-256, hexadecimal) of those whose images are taken, by their name."""
    is_signature_needed: bool = True
    """Whether an image without the signature of a maker is refused."""
    most_octets: PositiveInt = 16 * 1024 * 1024
    """Size of an image at the most."""
    poll_s: PositiveFloat = 2.0
    """How often a meter that verifies or activates is asked how far it is."""
    patience_s: PositiveFloat = 900.0
    """How long it may take to."""
    most_tries: PositiveInt = 50
    """Sessions in which a transfer to one meter is taken up again."""
