"""REST: meters, and the shipment files they come with."""

import asyncio
import os
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from openami.core.errors import AmiError, DefinitionError
from openami.headend.accounts import audit
from openami.headend.keys.service import KeyStore
from openami.headend.kit.access import Permission, demand
from openami.headend.kit.database import Unit
from openami.headend.registry import group_routes, groups, network_routes, point_routes, service
from openami.headend.registry.discovery import UnknownDiscoveryError
from openami.headend.registry.groups import Told, UnknownGroupError
from openami.headend.registry.models import model
from openami.headend.registry.network import UnknownNodeError
from openami.headend.registry.points import UnknownPointError
from openami.headend.registry.schemas import Imported, Lifecycle, Meter
from openami.headend.registry.schemas import Page as MeterPage
from openami.headend.registry.shipment import import_shipment
from openami.headend.web.rest import NOT_FOUND, Limit, Page, Problem, Serial
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api", tags=["registry"])
ROUTERS = (router, network_routes.router, group_routes.router, point_routes.router)
"""All of the registry's."""
STATUS: dict[type[AmiError], int] = {
    UnknownNodeError: 404,
    UnknownPointError: 404,
    UnknownGroupError: 404,
    UnknownDiscoveryError: 404,
}
"""Answers to the registry's own errors."""
MOST_OCTETS = 64 * 1024 * 1024
UPLOADED = "shipment.csv"


class MeterOut(Serial):
    """One meter as registered. Times are local to the meter, with their offset."""

    model: str
    product: str = Field(description="Slug of the model.")
    state: Lifecycle
    address: str
    port: int
    system_title: str
    node: str = Field(description="Place in the network that its energy is summed under.")
    area: str = Field(description="Organisation and area that it lies in.")
    zone: str
    last_contact: datetime | None = Field(description="When it last answered.")
    last_read: datetime | None = Field(description="When everything that was due last came in.")
    clock_offset_s: float | None = Field(description="Meter's clock less ours when it was last read.")
    reason: str | None = Field(description="Why it was not read the last time.")

    @classmethod
    def of(cls, meter: Meter) -> Self:
        """Show a meter."""
        contact, read = (None if at is None else local(at, meter.zone) for at in (meter.last_contact, meter.last_read))
        return cls(
            serial=meter.serial, model=model(meter.product).name, product=meter.product, state=meter.state,
            address=meter.address, port=meter.port, system_title=meter.system_title, node=meter.node,
            area=meter.area, zone=meter.zone, last_contact=contact, last_read=read, clock_offset_s=meter.clock_offset_s,
            reason=meter.reason,
        )  # fmt: skip


class FaultOut(BaseModel):
    """A line that did not go in; the others did."""

    line: int
    column: str
    serial: str = Field(description="Which meter it would have been, where the line says so.")
    message: str


class ShipmentOut(BaseModel):
    """What became of a shipment file."""

    added: int
    updated: int
    unchanged: int
    is_trial: bool = Field(description="Nothing was kept: this is what would become of it.")
    faults: list[FaultOut]


@router.get("/meters")
def meters(
    desk: Desk,
    *,
    prefix: Annotated[str, Query(description="How the serial number begins.", max_length=40)] = "",
    after: Annotated[str, Query(description="`next` of the page before.", max_length=200)] = "",
    state: Annotated[Lifecycle | None, Query(description="Only meters in this state.")] = None,
    product: Annotated[str | None, Query(description="Only meters of this model, by its slug.", max_length=60)] = None,
    area: Annotated[str | None, Query(description="Only meters in this area or below.", max_length=500)] = None,
    node: Annotated[str | None, Query(description="Only meters at this node or below.", max_length=80)] = None,
    group: Annotated[str | None, Query(description="Only meters of this group.", max_length=60)] = None,
    limit: Limit = 50,
) -> Page[MeterOut]:
    """List meters in order of their serial numbers; those of a node, place by place."""
    told = Told(prefix, state, product, area, node, group)

    def question(unit: Unit) -> MeterPage:
        return service.look(unit, groups.meant(unit, told), after, limit)

    page = desk.read(question)
    return Page(items=[MeterOut.of(meter) for meter in page.meters], next=page.after)


@router.get("/meters/{serial}", responses=NOT_FOUND)
def meter(desk: Desk, serial: str) -> MeterOut:
    """Show one meter."""
    return MeterOut.of(desk.read(lambda unit: service.meter(unit, serial)))


@router.post(
    "/shipments",
    status_code=200,
    responses={422: {"model": Problem, "description": "Not a shipment file at all."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": {"type": "string", "format": "binary"}},
                        "required": ["file"],
                    }
                },
            },
        }
    },
)
async def import_meters(
    desk: Desk,
    request: Request,
    *,
    dry_run: Annotated[bool, Query(description="Only tell what would become of it.")] = False,
) -> ShipmentOut:
    """Register the meters of a shipment file (CSV) and take their keys; a bad line does not stop the others."""
    await desk.ask(lambda unit: demand(unit, Permission.IMPORT), None)  # before anything is taken in
    data = await _uploaded(request)
    outcome = await asyncio.to_thread(_import, desk, data, is_trial=dry_run)
    return ShipmentOut(
        added=outcome.added,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        is_trial=dry_run,
        faults=[FaultOut(line=f.line, column=f.column, serial=f.serial, message=f.message) for f in outcome.faults],
    )


async def _uploaded(request: Request) -> bytes:
    """Take the file out of the request, whichever of the two ways it came."""
    if int(request.headers.get("content-length", 0)) > MOST_OCTETS:
        raise HTTPException(413, f"a shipment file may have {MOST_OCTETS >> 20} MiB; split it")
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return await request.body()
    async with request.form(max_files=1) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise HTTPException(422, "the form has no field named file")
        return await file.read()


def _import(desk: Services, data: bytes, *, is_trial: bool) -> Imported:
    """Import by way of a file of our own that only we can read, and that is gone afterwards."""

    def change(unit: Unit) -> Imported:
        store = KeyStore.open(unit, desk.settings)
        outcome = import_shipment(unit, file, store, default_zone=desk.zone, at=int(desk.now), is_trial=is_trial)
        if is_trial:
            return outcome
        counted = {name: getattr(outcome, name) for name in ("added", "updated", "unchanged")}
        audit.note(unit, "shipment.import", "shipment", **counted, faults=len(outcome.faults))
        return outcome

    desk.settings.data.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix="shipment-", dir=desk.settings.data) as folder:
            file = Path(folder) / UPLOADED
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as sink:
                sink.write(data)
            return desk.write(change, Permission.IMPORT)
    except DefinitionError as error:
        raise HTTPException(422, UPLOADED + str(error).rpartition(UPLOADED)[2]) from None
    except OSError as error:
        raise HTTPException(507, f"the file cannot be taken in: {(error.strerror or '').lower()}") from None
