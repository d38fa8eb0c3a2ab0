"""What goes in and out at the door."""

from datetime import datetime
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from openami.meters.fleet import Fleet
from openami.meters.identity import address
from openami.meters.standing import standing
from openami.meters.view import View


class HandOut(BaseModel):
    """Something that can be done to a meter."""

    name: str
    takes: str = Field(description="What its value may be.")
    leaves: bool = Field(description="Whether it lasts, so that `hands` of a meter shows it.")


class MeterOut(BaseModel):
    """A meter of the fleet."""

    number: int = Field(description="Its place in the fleet, from 1.")
    serial: str = Field(description="Serial number.")
    address: str = Field(description="Address of its own on the loopback network.")
    supply: bool = Field(description="Whether it has supply at this moment.")

    @classmethod
    def of(cls, fleet: Fleet, meter: int) -> Self:
        """Show a meter."""
        return cls(**cls.facts(fleet, meter))

    @staticmethod
    def facts(fleet: Fleet, meter: int) -> dict[str, Any]:
        """Say which it is."""
        return {
            "number": meter + 1,
            "serial": fleet.holding.identity.serial(meter),
            "address": address(meter),
            "supply": bool(fleet.holding.laws.supply.powered[meter]),
        }


class StandingOut(MeterOut):
    """A meter, and how it stands."""

    clock: datetime = Field(description="What its clock shows, in its zone.")
    hands: dict[str, JsonValue] = Field(description="Value of each hand that lasts; null where the product lacks it.")

    @classmethod
    def of(cls, fleet: Fleet, meter: int) -> Self:
        """Show a meter."""
        view = View(fleet.holding, meter)
        return cls(
            **cls.facts(fleet, meter),
            clock=view.dst_rule.stamp(view.clock).to_datetime(),
            hands=cast("dict[str, JsonValue]", standing(view)),
        )


class Laying(BaseModel):
    """What a hand does."""

    model_config = ConfigDict(extra="forbid")

    value: JsonValue = Field(default=None, description="As `takes` of the hand says.")


class LayingMany(Laying):
    """What a hand does to several meters."""

    meters: str = Field(description="Numbers and ranges such as 1-20,25, serial numbers, or all.", max_length=100_000)


class LaidOut(BaseModel):
    """What was done; it outlives a kill."""

    hand: str
    value: JsonValue
    meters: list[int] = Field(description="Numbers of the meters.")
