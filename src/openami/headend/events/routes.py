"""REST: events that the meters have logged."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openami.core.errors import DecodeError
from openami.headend.events import service
from openami.headend.kit.database import Unit
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.rest import NOT_FOUND, Limit, Page
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["events"])

Cursor = tuple[int, str, int, int]


class EventOut(BaseModel):
    """Something that a meter noted."""

    at: datetime
    log: str
    code: int
    meaning: str
    detail: dict[str, int] = Field(description="What else the log captured, by logical name.")


@router.get("/meters/{serial}/events", responses=NOT_FOUND)
def events(
    desk: Desk,
    serial: str,
    log: Annotated[str | None, Query(description="One log; all of them when left out.")] = None,
    before: Annotated[str | None, Query(description="`next` of the page before.", max_length=80)] = None,
    limit: Limit = 50,
) -> Page[EventOut]:
    """Events of a meter, newest first."""
    place = None if before is None else cursor(before)

    def question(unit: Unit) -> tuple[service.Page, str]:
        return service.of(unit, serial, log, before=place, limit=limit), find_meter(unit, serial).zone

    page, zone = desk.read(question)
    items = [
        EventOut(at=local(e.at, zone), log=e.log, code=e.code, meaning=e.meaning, detail=e.detail) for e in page.events
    ]
    return Page(items=items, next=None if page.before is None else ".".join(map(str, page.before)))


def cursor(text: str) -> Cursor:
    """Read the place of an event that `next` has given."""
    at, _, rest = text.partition(".")
    log, *numbers = rest.rsplit(".", 2)
    if len(numbers) != 2 or not all(number.isdecimal() and len(number) < 19 for number in (at, *numbers)):
        raise DecodeError(f"before: {text!r} was never given as next")
    return int(at), log, int(numbers[0]), int(numbers[1])
