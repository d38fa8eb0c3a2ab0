"""What all tables of a product file have in common."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

Features = Annotated[tuple[str, ...], BeforeValidator(lambda cited: (cited,) if isinstance(cited, str) else cited)]


class Row(BaseModel):
    """A table of the file: frozen, unknown keys refused; `feature` cites the stated functions it answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: Features = ()


class Cited(Row):
    """A number with the stated function it answers."""

    value: int


Number = Annotated[Cited, BeforeValidator(lambda given: {"value": given} if isinstance(given, int) else given)]
"""A number alone, or with its citation."""
