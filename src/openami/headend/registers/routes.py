"""REST: registers as the meter closed them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openami.headend.kit.database import Unit
from openami.headend.registers.service import Closing, Reading, billing
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.rest import NOT_FOUND, Limit, Page
from openami.headend.web.services import Desk
from openami.headend.web.words import local, register_name

router = APIRouter(prefix="/api", tags=["registers"])

Kind = Literal["daily", "monthly"]


class ReadingOut(BaseModel):
    """One register at a closing."""

    logical_name: str
    name: str
    value: float
    unit: str

    @classmethod
    def of(cls, reading: Reading) -> Self:
        """Show a reading."""
        return cls(
            logical_name=reading.logical_name,
            name=register_name(reading.logical_name),
            value=reading.amount,
            unit=reading.unit.symbol,
        )


class ClosingOut(BaseModel):
    """All registers of a meter at one closing."""

    kind: str
    at: datetime = Field(description="Instant of closing: 00:00 closes the day before.")
    status: int = Field(description="Status byte of the meter's profile.")
    readings: list[ReadingOut]

    @classmethod
    def of(cls, closing: Closing, zone: str) -> Self:
        """Show a closing."""
        readings = [ReadingOut.of(reading) for reading in closing.readings]
        return cls(kind=closing.kind, at=local(closing.at, zone), status=closing.status, readings=readings)


@router.get("/meters/{serial}/billing", responses=NOT_FOUND)
def closings(
    desk: Desk,
    serial: str,
    kind: Annotated[Kind, Query(description="Closings of days or of months.")] = "daily",
    before: Annotated[int | None, Query(description="`next` of the page before.", ge=0, lt=2**62)] = None,
    limit: Limit = 50,
) -> Page[ClosingOut]:
    """Billing registers of a meter, newest first."""

    def question(unit: Unit) -> tuple[tuple[Closing, ...], str]:
        found = billing(unit, serial, kind, before=before, limit=limit + 1)
        return found, find_meter(unit, serial).zone

    found, zone = desk.read(question)
    more = str(found[limit - 1].at) if len(found) > limit else None
    return Page(items=[ClosingOut.of(closing, zone) for closing in found[:limit]], next=more)
