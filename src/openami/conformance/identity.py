"""COSEM objects: the mandatory ones, and what a report tells of the meter (named after the ATS of COSEM objects)."""

from typing import Final

from openami.conformance.case import case
from openami.conformance.dialogue import Dialogue
from openami.conformance.handshake import CURRENT_ASSOCIATION
from openami.conformance.inventory import Inventory, inventory
from openami.conformance.objects import value_of, walkable
from openami.conformance.target import Login
from openami.conformance.trial import Trial
from openami.conformance.verdict import FailedError, Group, InconclusiveError
from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.cosem.association import AssociatedPartners, AssociationLNv1
from openami.cosem.objects import decode_whole
from openami.cosem.sap_assignment import SAPAssignment
from openami.dlms.data import OCTET_STRING, VISIBLE_STRING, choice, native
from openami.dlms.security.hls import LOWEST
from openami.dlms.xdlms import AttributeDescriptor

#: The logical device that says which others there are.
MANAGEMENT_DEVICE: Final = 1
DATA, ASSOCIATION, SAPS = 1, 15, 17
LOGICAL_DEVICE_NAME: Final = OBIS.parse("0.0.42.0.0.255")
SAP_ASSIGNMENT: Final = OBIS.parse("0.0.41.0.0.255")
NAME_CODEC: Final = choice(OCTET_STRING, VISIBLE_STRING)
#: A logical device name begins with the three letters of its maker (Blue Book, Logical device name).
MAKER, LONGEST_NAME = 3, 16
#: Objects by which a reader of the report knows what was tested.
REPORTED: Final = {
    "logical device name": LOGICAL_DEVICE_NAME,
    "device identifier": OBIS.parse("0.0.96.1.0.255"),
    "active firmware identifier": OBIS.parse("1.0.0.2.0.255"),
}


@case("COSEM_MANDATORY", "current association, logical device name and SAP assignment are there", Group.OBJECTS)
async def mandatory(trial: Trial) -> None:
    """Each list holds the current association, with its partners; one of them a right device name, and the SAPs."""
    names: list[bytes] = []
    saps: list[dict[int, bytes]] = []
    for login in walkable(trial):
        dialogue = await trial.associate(login)
        listed = await inventory(dialogue)
        await check_partners(trial, dialogue, listed)
        names += await device_name(dialogue, listed)
        saps += await assigned(dialogue, listed)
        await trial.leave(dialogue.talk)
    if not names:
        raise missing(trial, f"the logical device name {LOGICAL_DEVICE_NAME}")
    check_name(names[0])
    if trial.target.server_sap != MANAGEMENT_DEVICE:
        return
    if not saps:
        raise missing(trial, f"the SAP assignment {SAP_ASSIGNMENT}")
    if saps[0].get(MANAGEMENT_DEVICE) != names[0]:
        raise FailedError("GET of the SAP assignment", "this device under its SAP 1, by its name", "another list")


def missing(trial: Trial, what: str) -> AmiError:
    """Make the error for an object in no list: a public association need not show it."""
    if all(login.security.mechanism == LOWEST for login in trial.target.logins):
        return InconclusiveError(f"{what} is not in the object list of a public association; give keys for another")
    return FailedError("GET of the object list", what, "lists without it")


async def check_partners(trial: Trial, dialogue: Dialogue, listed: Inventory) -> None:
    """Hold that the current association is listed, and that it is the one we are in."""
    element, login = listed.find(ASSOCIATION, CURRENT_ASSOCIATION), dialogue.login
    if element is None:
        raise FailedError(f"GET of the object list of {login}", "the current association", "a list without it")
    if not listed.can_read(element, 3):
        raise InconclusiveError(f"associated partners of {login} are not readable")
    partners = AssociationLNv1.associated_partners_id
    value = await value_of(dialogue, partners.at(CURRENT_ASSOCIATION))
    found = decode_whole(partners.codec, value)
    expected = AssociatedPartners(login.client, trial.target.server_sap)
    if found != expected:
        raise FailedError(f"GET of the associated partners of {login}", str(tuple(expected)), str(tuple(found)))


async def device_name(dialogue: Dialogue, listed: Inventory) -> list[bytes]:
    """Read the logical device name, if this association may."""
    element = listed.find(DATA, LOGICAL_DEVICE_NAME)
    if element is None or not listed.can_read(element, 2):
        return []
    name = decode_whole(NAME_CODEC, await value_of(dialogue, AttributeDescriptor(DATA, LOGICAL_DEVICE_NAME, 2)))
    return [name.encode() if isinstance(name, str) else name]


def check_name(name: bytes) -> None:
    """Hold that a logical device name is one."""
    if not 0 < len(name) <= LONGEST_NAME or not name[:MAKER].isalpha():
        expected = f"at most {LONGEST_NAME} octets, three letters first"
        raise FailedError("GET of the logical device name", expected, f"{len(name)} octets that begin {name[:MAKER]!r}")


async def assigned(dialogue: Dialogue, listed: Inventory) -> list[dict[int, bytes]]:
    """Read the SAP assignment, if this association may."""
    element = listed.find(SAPS, SAP_ASSIGNMENT)
    if element is None or not listed.can_read(element, 2):
        return []
    held = SAPAssignment.sap_assignment_list
    value = await value_of(dialogue, held.at(SAP_ASSIGNMENT))
    return [{item.sap: item.logical_device_name for item in decode_whole(held.codec, value)}]


@case("COSEM_REPORTED", "the meter says which it is", Group.OBJECTS)
async def reported(trial: Trial) -> None:
    """Device name, identifier and firmware go into the report as remarks; one of them at least must be readable."""
    for login in sorted(walkable(trial), key=richness):
        dialogue = await trial.associate(login)
        listed = await inventory(dialogue)
        trial.note(f"{login}: {len(listed.elements)} objects, association version {listed.version}")
        for what, name in REPORTED.items():
            element = listed.find(DATA, name)
            if element is not None and listed.can_read(element, 2):
                trial.note(f"{what}: {plain(await value_of(dialogue, AttributeDescriptor(DATA, name, 2)))}")
        await trial.leave(dialogue.talk)
    if not any(remark.startswith(tuple(REPORTED)) for remark in trial.remarks):
        raise FailedError("GET of name, identifier and firmware", "one of them", "none that may be read")


def richness(login: Login) -> int:
    """Order associations by how much they are likely to show."""
    return -login.security.mechanism


def plain(value: bytes) -> str:
    """Put an identifier in words."""
    found, _ = native(value)
    if isinstance(found, bytes):
        return found.decode("ascii") if found.isascii() and found.decode("ascii").isprintable() else found.hex(" ")
    return str(found)


CASES: Final = (mandatory, reported)
