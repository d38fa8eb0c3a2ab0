"""Any attribute and any method of any object."""

from openami.core.errors import AccessError, DecodeError, ServiceError
from openami.core.obis import OBIS
from openami.cosem.scripts import ScriptTable
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult, MethodDescriptor
from openami.headend.commands.payloads import (
    Act,
    Acted,
    Check,
    Checked,
    Drift,
    Findings,
    Found,
    Place,
    Reading,
    Script,
    Setting,
    Write,
    Written,
)
from openami.headend.commands.values import shown
from openami.headend.orders.kinds import OrderFailedError, Session


def _descriptor(place: Place) -> AttributeDescriptor:
    return AttributeDescriptor(place.class_id, OBIS.parse(place.logical_name), place.attribute)


def _found(place: Place, result: bytes | DataAccessResult) -> Found:
    where = {"class_id": place.class_id, "logical_name": place.logical_name, "attribute": place.attribute}
    if not isinstance(result, bytes):
        return Found(**where, error=str(AccessError(result, str(_descriptor(place)))))  # type: ignore[arg-type]
    return Found(**where, value=shown(result))  # type: ignore[arg-type]


async def _read(session: Session, places: tuple[Place, ...]) -> list[bytes | DataAccessResult]:
    results: list[bytes | DataAccessResult] = []
    for place in places:
        try:
            results += await session.meter.get_raw_many([(_descriptor(place), None)])
        except AccessError as error:
            results.append(DataAccessResult(error.result))
    return results


async def read(session: Session, wanted: Reading) -> Findings:
    """Read attributes; what is refused says so in its place."""
    results = await _read(session, wanted.items)
    return Findings(items=[_found(place, result) for place, result in zip(wanted.items, results, strict=True)])


async def write(session: Session, wanted: Write) -> Written:
    """Write attributes in order; the first that is refused ends it. What was written is read back."""
    for done, item in enumerate(wanted.items):
        try:
            await session.meter.set_raw(_descriptor(item), item.value.encode())
        except (ServiceError, DecodeError) as error:
            before = f"; {done} before it were written" if done else ""
            raise OrderFailedError(f"{error}{before}") from None
    return await _compared(session, wanted.items)


async def _compared(session: Session, items: tuple[Setting, ...]) -> Written:
    results = await _read(session, items)
    same = [_same(item, result) for item, result in zip(items, results, strict=True) if isinstance(result, bytes)]
    return Written(
        items=[_found(item, result) for item, result in zip(items, results, strict=True)],
        is_as_told=all(same) if len(same) == len(items) else None,
    )


def _same(item: Setting, result: bytes) -> bool:
    return result == item.value.encode()


async def was_written(session: Session, wanted: Write) -> Written | None:
    """Tell whether everything is as it was to be written; what cannot be read counts as not written."""
    found = await _compared(session, wanted.items)
    return found if found.is_as_told else None


async def act(session: Session, wanted: Act) -> Acted:
    """Call a method."""
    descriptor = MethodDescriptor(wanted.class_id, OBIS.parse(wanted.logical_name), wanted.method)
    given = None if wanted.parameter is None else wanted.parameter.encode()
    returned = await session.meter.action_raw(descriptor, given)
    return Acted(returned=None if returned is None else shown(returned))


async def run_script(session: Session, wanted: Script) -> Acted:
    """Run a script."""
    await session.meter.action(ScriptTable.execute, wanted.logical_name, wanted.script)
    return Acted()


async def check(session: Session, wanted: Check) -> Checked:
    """Compare attributes with what they ought to be."""
    drift: list[Drift] = []
    results = await _read(session, wanted.items)
    for item, result in zip(wanted.items, results, strict=True):
        if isinstance(result, bytes) and _same(item, result):
            continue
        found = _found(item, result)
        drift.append(
            Drift(
                class_id=item.class_id, logical_name=item.logical_name, attribute=item.attribute,
                wanted=shown(item.value.encode()), found=found.value, error=found.error,
            )
        )  # fmt: skip
    return Checked(drift=drift)
