"""COSEM objects: the push operation (named after the ATS of COSEM objects, Push setup)."""

from collections.abc import AsyncIterator
from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.inventory import inventory
from openami.conformance.objects import walkable
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, InconclusiveError, NotApplicableError
from openami.core.errors import AmiError, result_name
from openami.cosem.association import ObjectListElement
from openami.cosem.elements import NO_NAME
from openami.dlms.data import INT8, native
from openami.dlms.security.envelope import CIPHERED
from openami.dlms.xdlms import ActionResult, AttributeDescriptor, DataNotification, MethodDescriptor

PUSH_SETUP, PUSH, PROTECTION = 40, 1, 10
DATA_NOTIFICATION: Final = 0x0F


async def setups(trial: Trial, *, protected: bool) -> AsyncIterator[tuple[Dialogue, ObjectListElement]]:
    """Find the push setups that may be told to push, with or without protection parameters."""
    found = False
    for login in walkable(trial):
        dialogue = await trial.associate(login)
        listed = await inventory(dialogue)
        for element in listed.of_class(PUSH_SETUP):
            if listed.can_call(element, PUSH) and await is_protected(dialogue, element) is protected:
                found = True
                yield dialogue, element
    if not found:
        raise NotApplicableError(f"no push setup {'with' if protected else 'without'} protection may be told to push")


async def is_protected(dialogue: Dialogue, element: ObjectListElement) -> bool:
    """Whether a push setup has protection parameters."""
    if not element.version:
        return False
    value = await dialogue.get(AttributeDescriptor(PUSH_SETUP, element.logical_name, PROTECTION))
    return isinstance(value, bytes) and bool(native(value)[0])


async def pushed(dialogue: Dialogue, element: ObjectListElement) -> bytes:
    """Tell a push setup to push; what comes here of it, opened, or nothing."""
    sent = f"push of {element.logical_name or NO_NAME}"
    result, _ = await dialogue.action(MethodDescriptor(PUSH_SETUP, element.logical_name, PUSH), INT8.encode(0))
    if result is not ActionResult.SUCCESS:
        raise FailedError(sent, "success", result_name(result))
    return dialogue.aside.pop() if dialogue.aside else await dialogue.talk.receive()


def notified(apdu: bytes, sent: str) -> None:
    """Hold that an APDU is a data-notification with data."""
    try:
        native(DataNotification.decode(apdu).body)
    except AmiError as error:
        raise FailedError(sent, "a data-notification", str(error)) from error


@case("COSEM_PUSH", "a push setup pushes when told to", Group.OBJECTS, writes=True)
async def plain_push(trial: Trial) -> None:
    """Method push of each setup: success. What comes on this connection is a data-notification."""
    seen = 0
    async for dialogue, element in setups(trial, protected=False):
        sent = f"push of {element.logical_name}"
        apdu = await pushed(dialogue, element)
        if apdu:
            seen += 1
            notified(dialogue.opened(apdu), sent)
    judge(seen)


@case("COSEM_PUSH_PROTECTED", "a push setup protects what it pushes", Group.OBJECTS, writes=True)
async def protected_push(trial: Trial) -> None:
    """Method push of each setup with protection parameters: success. What comes on this connection is ciphered."""
    seen = 0
    async for dialogue, element in setups(trial, protected=True):
        sent = f"push of {element.logical_name}"
        apdu = await pushed(dialogue, element)
        seen += bool(apdu)
        if apdu and apdu[0] not in CIPHERED:
            raise FailedError(sent, "a ciphered APDU", f"APDU {apdu[0]:02x}")
    judge(seen)


def judge(seen: int) -> None:
    """Give no verdict on pushes that nobody here has seen."""
    if not seen:
        raise InconclusiveError("the meter pushes to another destination than this connection")


CASES: Final = (plain_push, protected_push)
