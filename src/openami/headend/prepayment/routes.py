"""REST: the shop. Money in the smallest unit of the currency, energy in tenths of kWh."""

import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path as File
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from openami.core.errors import DefinitionError
from openami.headend.accounts.people_routes import ProposalOut
from openami.headend.accounts.proposals import Proposal, kind_of, propose
from openami.headend.accounts.routes import DENIED, People
from openami.headend.kit.access import Permission, demand
from openami.headend.kit.database import Unit
from openami.headend.prepayment import customers, guarded, receipt, shifts, tariffs, vending
from openami.headend.prepayment.bodies import (
    CountIn,
    CustomerIn,
    CustomerOut,
    EngineeringIn,
    FaultOut,
    KeyIn,
    PriceIn,
    PriceOut,
    QuoteOut,
    ReportOut,
    ReversalIn,
    ShiftIn,
    ShiftOut,
    StandingOut,
    TakenOut,
    TrialIn,
    VendIn,
    VendOut,
)
from openami.headend.prepayment.customers import Details
from openami.headend.prepayment.vending import Wish
from openami.headend.web.rest import NOT_FOUND, Limit, Page
from openami.headend.web.services import Desk, Services
from openami.headend.web.words import local

router = APIRouter(prefix="/api/prepayment", tags=["prepayment"])

Number = Annotated[int, Path(ge=1, lt=2**53)]
ANSWERS: dict[int | str, dict[str, object]] = {**DENIED, **NOT_FOUND}
MOST_OCTETS = 64 * 1024 * 1024
PDF = "application/pdf"
PDF_ANSWER: dict[int | str, dict[str, object]] = {200: {"content": {PDF: {}}, "description": "The document."}}


@router.get("/meters", responses=DENIED)
def find(
    desk: Desk, q: Annotated[str, Query(max_length=60, description="How a number or name begins.")] = ""
) -> list[CustomerOut]:
    """Find customers by serial number, MeterPAN, DRN, meter card, account or name; the first few."""
    return [CustomerOut.of(found) for found in desk.read(lambda unit: customers.search(unit, q), None)]


@router.get("/meters/{serial}", responses=ANSWERS)
def standing(desk: Desk, serial: str) -> StandingOut:
    """Show how a customer stands."""
    return StandingOut.at(desk.read(lambda unit: vending.standing(unit, serial, desk.now), None))


@router.put("/meters/{serial}", responses=ANSWERS)
def change(desk: Desk, serial: str, wanted: CustomerIn) -> CustomerOut:
    """Change what is known of a customer, and what is owed."""
    details = Details(**wanted.model_dump())
    return CustomerOut.of(desk.write(lambda unit: customers.change(unit, serial, details), None))


@router.post(
    "/shipments", responses=DENIED,
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)  # fmt: skip
async def take_in(desk: Desk, request: Request) -> TakenOut:
    """Take the prepayment columns of a shipment file (CSV) whose meters are registered."""
    await desk.ask(lambda unit: demand(unit, Permission.IMPORT), None)  # before anything is taken in
    if int(request.headers.get("content-length", 0)) > MOST_OCTETS:
        raise HTTPException(413, f"a shipment file may have {MOST_OCTETS >> 20} MiB; split it")
    data = await request.body()
    desk.settings.data.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="shipment-", dir=desk.settings.data) as folder:
        file = File(folder) / "shipment.csv"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as sink:
            sink.write(data)
        try:
            done = await desk.change(lambda unit: customers.take_in(unit, file, now=desk.now), None)
        except DefinitionError as error:
            raise HTTPException(422, file.name + str(error).rpartition(file.name)[2]) from None
    faults = [FaultOut(line=f.line, column=f.column, message=f.message) for f in done.faults]
    return TakenOut(added=done.added, unchanged=done.unchanged, faults=faults)


@router.post("/meters/{serial}/trial", responses=ANSWERS)
def trial(desk: Desk, serial: str, wanted: TrialIn) -> QuoteOut:
    """Say what would be had; nothing happens."""
    wish = Wish("trial", serial, wanted.money, wanted.units)
    return QuoteOut.of(desk.read(lambda unit: vending.quote(unit, wish, desk.now), None))


@router.post("/meters/{serial}/vends", responses=ANSWERS)
def vend(desk: Desk, serial: str, wanted: VendIn) -> VendOut:
    """Sell, or give the free units of the month. Got no answer? Ask again under the same message id."""
    wish = Wish(wanted.message_id, serial, wanted.money, wanted.units, wanted.tender)
    return VendOut.made(desk.write(lambda unit: vending.vend(unit, wish, desk.now), None))


@router.get("/meters/{serial}/vends", responses=ANSWERS)
def history(
    desk: Desk,
    serial: str,
    before: Annotated[int | None, Query(description="`next` of the page before.", ge=0, lt=2**53)] = None,
    limit: Limit = 20,
) -> Page[VendOut]:
    """What a meter had, newest first."""
    found, more = desk.read(lambda unit: vending.history(unit, serial, before, limit), None)
    return Page(items=[VendOut.made(each) for each in found], next=None if more is None else str(more))


@router.get("/messages/{message_id}", responses=ANSWERS)
def of_message(desk: Desk, message_id: Annotated[str, Path(max_length=80)]) -> VendOut:
    """Show what a message came to."""
    return VendOut.made(desk.read(lambda unit: vending.of_message(unit, message_id), None))


@router.get("/vends/{number}", responses=ANSWERS)
def show(desk: Desk, number: Number) -> VendOut:
    """Show a vend."""
    return VendOut.made(desk.read(lambda unit: vending.show(unit, number), None))


@router.get("/vends/{number}/receipt", responses=ANSWERS, response_class=PlainTextResponse)
def slip(desk: Desk, number: Number) -> str:
    """Print a receipt as text of 42 columns."""
    return receipt.text(desk.read(lambda unit: vending.show(unit, number), None))


@router.get("/vends/{number}/receipt.pdf", responses={**ANSWERS, **PDF_ANSWER}, response_class=Response)
def slip_pdf(desk: Desk, number: Number) -> Response:
    """Print a receipt as PDF."""
    from openami.report import pdf  # noqa: PLC0415 - loads ReportLab

    document = receipt.document(desk.read(lambda unit: vending.show(unit, number), None))
    return Response(pdf.render(document), media_type=PDF)


@router.post("/vends/{number}/replacement", responses=ANSWERS)
def replacement(desk: Desk, number: Number) -> VendOut:
    """Print once more: the same tokens."""
    return VendOut.made(desk.write(lambda unit: vending.replacement(unit, number), None))


@router.post("/vends/{number}/delivery", responses=ANSWERS, status_code=202)
def deliver(desk: Desk, number: Number) -> VendOut:
    """Send the tokens to the meter over DLMS; `said` of each tells what became of it."""
    return VendOut.made(desk.write(lambda unit: vending.deliver(unit, number, desk.now), None))


@router.post("/vends/{number}/reversal", responses=ANSWERS, status_code=202)
def reverse(desk: Desk, accounts: People, number: Number, wanted: ReversalIn) -> ProposalOut:
    """Propose to take a sale back, before its token is entered."""
    payload = {"vend": number, "why": wanted.why}
    return _proposed(desk, accounts, guarded.REVERSAL.name, payload, wanted.why)


@router.post("/meters/{serial}/engineering", responses=ANSWERS, status_code=202)
def engineering(desk: Desk, accounts: People, serial: str, wanted: EngineeringIn) -> ProposalOut:
    """Propose an engineering token."""
    payload = {"serial": serial, "kind": wanted.kind, "value": wanted.value}
    return _proposed(desk, accounts, guarded.ENGINEERING.name, payload, wanted.reason)


@router.post("/meters/{serial}/key", responses=ANSWERS, status_code=202)
def change_key(desk: Desk, accounts: People, serial: str, wanted: KeyIn) -> ProposalOut:
    """Propose another supply group or tariff index."""
    payload = {"serial": serial, **wanted.model_dump(exclude={"reason"})}
    return _proposed(desk, accounts, guarded.KEY_CHANGE.name, payload, wanted.reason)


@router.get("/tariffs", responses=DENIED)
def prices(desk: Desk) -> list[PriceOut]:
    """Every tariff there is or will be."""
    found = desk.read(tariffs.listed, None)
    return [
        PriceOut(id=p.id, sgc=p.sgc, ti=p.ti, valid_from=local(p.valid_from, desk.zone), tariff=p.tariff) for p in found
    ]


@router.post("/tariffs", responses=ANSWERS, status_code=202)
def propose_prices(desk: Desk, accounts: People, wanted: PriceIn) -> ProposalOut:
    """Propose a tariff."""
    start = desk.now if wanted.valid_from is None else wanted.valid_from.timestamp()
    tariff = wanted.tariff.model_dump(mode="json")
    payload = {"sgc": wanted.sgc, "ti": wanted.ti, "valid_from": int(start), "tariff": tariff}
    return _proposed(desk, accounts, guarded.PRICES.name, payload, wanted.reason)


def _proposed(desk: Services, accounts: People, kind: str, payload: Mapping[str, object], reason: str) -> ProposalOut:
    rules = accounts.rules(is_simulated=desk.is_simulated)

    def change(unit: Unit) -> Proposal:
        demand(unit, kind_of(kind).proposes)  # before anything is looked up that they may not see
        return propose(unit, kind, payload, rules, reason=reason)

    return ProposalOut.of(desk.write(change, None), desk.zone)


@router.get("/shift", responses=DENIED)
def my_shift(desk: Desk) -> ShiftOut | None:
    """Show one's open shift."""
    found = desk.read(shifts.mine, None)
    return None if found is None else ShiftOut.of(found, desk.zone)


@router.post("/shift", responses=DENIED, status_code=201)
def open_shift(desk: Desk, wanted: ShiftIn) -> ShiftOut:
    """Open a shift of one's own."""
    opened = desk.write(lambda unit: shifts.open_shift(unit, wanted.till, wanted.float, desk.now), None)
    return ShiftOut.of(opened, desk.zone)


@router.post("/shift/close", responses=DENIED)
def close_shift(desk: Desk, wanted: CountIn) -> ReportOut:
    """Close one's shift with what was counted; tells what should have been there."""
    return ReportOut.of(desk.write(lambda unit: shifts.close_shift(unit, wanted.counted, desk.now), None), desk.zone)


@router.get("/shifts/{number}", responses=ANSWERS)
def shift_report(desk: Desk, number: Number) -> ReportOut:
    """What a shift came to."""
    return ReportOut.of(desk.read(lambda unit: shifts.shift_report(unit, number), None), desk.zone)


@router.get("/days/{day}", responses=DENIED)
def day_report(desk: Desk, day: date) -> ReportOut:
    """What a day came to, over all tills."""
    return ReportOut.of(desk.read(lambda unit: shifts.day_report(unit, day, desk.zone), None), desk.zone)


@router.get("/days/{day}/report.pdf", responses={**DENIED, **PDF_ANSWER}, response_class=Response)
def day_pdf(desk: Desk, day: date) -> Response:
    """What a day came to, as PDF."""
    from openami.report import pdf  # noqa: PLC0415 - loads ReportLab

    found = desk.read(lambda unit: shifts.day_report(unit, day, desk.zone), None)
    return Response(pdf.render(receipt.report(found, desk.zone)), media_type=PDF)
