"""What all routes share: errors as one sentence (RFC 9457), pages by key, spans of time."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Generic, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, Field
from starlette.exceptions import HTTPException

from openami.core.errors import AmiError, DecodeError, DefinitionError, LocalProtocolError, SecurityError
from openami.headend.kit.errors import (
    AccessRefusedError,
    NotSignedInError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    UnfitTextError,
    UnknownMeterError,
)

T = TypeVar("T")

DAY_S = 86_400
MOST_DAYS = 100
PROBLEM = "application/problem+json"
TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Forbidden", 404: "Not found",
    405: "Method not allowed", 409: "Conflict",
    413: "Content too large", 415: "Unsupported media type", 422: "Cannot be processed", 429: "Too many requests",
    500: "Internal error", 503: "Not available now", 507: "No room left",
}  # fmt: skip
STATUS: Mapping[type[AmiError], int] = {
    NotSignedInError: 401,
    AccessRefusedError: 403,
    UnknownMeterError: 404,
    UnfitTextError: 422,
    StoreBusyError: 503,
    StoreFullError: 507,
    StoreError: 503,
    DecodeError: 422,
    DefinitionError: 422,
    LocalProtocolError: 409,
    SecurityError: 409,
}
"""Answer to each of our errors; the first that fits counts."""


class Problem(BaseModel):
    """Why a request was not served (RFC 9457): `detail` is the sentence to show."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Page(BaseModel, Generic[T]):
    """A page of a list. Give `next` back as `after` or `before` for the page that follows; null at the end."""

    items: list[T]
    next: str | None = None


NOT_FOUND: dict[int | str, dict[str, object]] = {404: {"model": Problem, "description": "No such meter."}}


def plus_again(value: object) -> object:
    """Put the plus of an offset back that a query string has turned into a space."""
    return re.sub(r" (\d\d:?\d\d)$", r"+\1", value) if isinstance(value, str) else value


Moment = Annotated[
    datetime | None,
    BeforeValidator(plus_again),
    Query(description="Date or date-time, ISO 8601; without an offset, local time of the meter."),
]
Limit = Annotated[int, Query(ge=1, le=500, description="Entries on a page.")]


class Bounds(NamedTuple):
    """A span of time, epoch seconds; `end` is not part of it."""

    start: int
    end: int


def bounds(start: datetime | None, end: datetime | None, zone: str, now: float) -> Bounds:
    """Take a span as it was asked for; by default the last day."""
    last = int(now) if end is None else _epoch(end, zone)
    first = last - DAY_S if start is None else _epoch(start, zone)
    if first >= last:
        raise DecodeError("start must come before end")
    if last - first > MOST_DAYS * DAY_S + 3600:
        raise DecodeError(f"at most {MOST_DAYS} days at a time")
    return Bounds(first, last)


def _epoch(moment: datetime, zone: str) -> int:
    try:
        return int((moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp())
    except (OverflowError, ValueError):
        raise DecodeError(f"{moment} is out of range") from None


def problem(status: int, detail: str) -> JSONResponse:
    """Answer with one sentence."""
    body = Problem(title=TITLES.get(status, "Error"), status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, media_type=PROBLEM)


def answer_errors(app: FastAPI, more: Mapping[type[AmiError], int] = MappingProxyType({})) -> None:
    """Make every error of a route a `Problem`; `more` are errors of features and their status."""
    known = {**more, **STATUS}

    async def ours(_request: Request, error: Exception) -> JSONResponse:
        status = next((code for kind, code in known.items() if isinstance(error, kind)), 500)
        return problem(status, str(error))

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem(422, "; ".join(sentence(fault) for fault in error.errors()))

    async def refused(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem(error.status_code, error.detail)

    async def broken(_request: Request, _error: Exception) -> JSONResponse:
        return problem(500, "something is wrong here; the log says more")

    app.add_exception_handler(Exception, broken)
    app.add_exception_handler(AmiError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, refused)


def sentence(fault: Mapping[str, object]) -> str:
    """Say what is wrong with one parameter."""
    place = cast("Sequence[object]", fault.get("loc", ()))
    name = ".".join(str(part) for part in place[1:])
    return f"{name}: {fault.get('msg')}" if name else str(fault.get("msg"))


class Serial(BaseModel):
    """What every answer about one meter begins with."""

    serial: str = Field(description="Serial number of the meter.")
