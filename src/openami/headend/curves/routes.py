"""REST: load curves of meters, and the energy of the neighbourhood."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from openami.headend.curves.schemas import Curve
from openami.headend.curves.service import curve as find_curve
from openami.headend.curves.service import neighbourhood as sum_neighbourhood
from openami.headend.kit.database import Unit
from openami.headend.registry.service import meter as find_meter
from openami.headend.web.rest import NOT_FOUND, Moment, Serial, bounds
from openami.headend.web.services import Desk
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["curves"])

HEAD = ("start", "end", "import_wh", "export_wh", "status", "quality")


class IntervalOut(BaseModel):
    """One interval: energy is null where a register reading beside it is missing."""

    start: datetime
    import_wh: float | None
    export_wh: float | None
    status: int = Field(description="Status byte of the meter's profile.")
    quality: int = Field(description="Where the value comes from, in the codes of ESPI.")


class CurveOut(Serial):
    """Load curve of a meter; times are local to it, with their offset."""

    profile: str = Field(description="Logical name of the profile.")
    zone: str
    length_s: int
    intervals: list[IntervalOut]


class SumOut(BaseModel):
    """Energy of one interval, summed over the meters that are known."""

    start: datetime
    meters: int
    import_wh: int
    export_wh: int


class NeighbourhoodOut(BaseModel):
    """Energy per interval of a node, or of all of them."""

    node: str | None
    zone: str
    length_s: int
    intervals: list[SumOut]


@router.get(
    "/meters/{serial}/curve",
    response_model=CurveOut,
    responses={**NOT_FOUND, 200: {"content": {"text/csv": {}}}},
)
def curve(
    desk: Desk,
    serial: str,
    *,
    start: Moment = None,
    end: Moment = None,
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
    accept: Annotated[str, Header()] = "",
) -> CurveOut | Response:
    """Load curve of a meter, as JSON or (`format=csv`, or by `Accept`) as CSV."""

    def question(unit: Unit) -> Curve:
        span = bounds(start, end, find_meter(unit, serial).zone, desk.now)
        return find_curve(unit, serial, span.start, span.end)

    found = desk.read(question)
    if form == "csv" or (form is None and "text/csv" in accept):
        name = {"Content-Disposition": f'attachment; filename="{found.serial}.csv"'}
        return Response(as_csv(found), media_type="text/csv", headers=name)
    return CurveOut(
        serial=found.serial, profile=found.profile, zone=found.zone, length_s=found.length_s,
        intervals=[
            IntervalOut(start=at, import_wh=imported, export_wh=exported, status=status, quality=quality)
            for at, _, imported, exported, status, quality in rows(found)
        ],
    )  # fmt: skip


def rows(curve: Curve) -> Iterator[tuple[datetime, datetime, float | None, float | None, int, int]]:
    """Give start, end, import, export, status and quality of each interval."""
    scales = [10**curve.scaler] * len(curve) if curve.ratio is None else curve.wh.tolist()
    columns = (curve.starts, curve.imported, curve.exported, curve.is_known, curve.status, curve.quality)
    found = zip(*(c.tolist() for c in columns), scales, strict=True)
    for at, imported, exported, known, status, quality, scale in found:
        start, end = local(at, curve.zone), local(at + curve.length_s, curve.zone)
        energy = (imported * scale, exported * scale) if known else (None, None)
        yield start, end, energy[0], energy[1], status, quality


def as_csv(curve: Curve) -> str:
    """Write a curve as a spreadsheet reads it."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(HEAD)
    for start, end, *cells in rows(curve):
        writer.writerow((start.isoformat(), end.isoformat(), *cells))
    return sink.getvalue()


@router.get("/neighbourhood")
def neighbourhood(
    desk: Desk,
    start: Moment = None,
    end: Moment = None,
    node: Annotated[str | None, Query(description="One node; all of them when left out.")] = None,
) -> NeighbourhoodOut:
    """Energy of the neighbourhood per interval."""
    span = bounds(start, end, desk.zone, desk.now)
    found = desk.read(lambda unit: sum_neighbourhood(unit, span.start, span.end, node))
    columns = (found.starts, found.meters, found.imported, found.exported)
    return NeighbourhoodOut(
        node=node,
        zone=desk.zone,
        length_s=found.length_s,
        intervals=[
            SumOut(start=local(at, desk.zone), meters=meters, import_wh=imported, export_wh=exported)
            for at, meters, imported, exported in zip(*(c.tolist() for c in columns), strict=True)
        ],
    )
