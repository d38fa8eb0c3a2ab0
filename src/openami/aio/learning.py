"""Looking around in an association that asks for no credentials: what a meter tells everybody."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from openami.aio.counters import COUNTER, INVOCATION_COUNTER
from openami.aio.found import AssociationFound
from openami.aio.meter import Meter
from openami.aio.objects import ASSOCIATION, association_version, readable
from openami.aio.rows import CLOCK
from openami.core.errors import AmiError, LinkError
from openami.core.obis import OBIS
from openami.core.time import CosemDateTime
from openami.cosem.association import CURRENT_ASSOCIATION, AssociationLNv1, ContextName, ObjectListElement
from openami.cosem.clock import Clock
from openami.cosem.objects import Attribute, decode_whole
from openami.cosem.registers import Data
from openami.cosem.sap_assignment import Assignment, SAPAssignment
from openami.dlms.acse import ApplicationContext, Mechanism
from openami.dlms.data import OCTET_STRING, VISIBLE_STRING, Codec, choice
from openami.dlms.xdlms import AttributeDescriptor, Conformance

T = TypeVar("T")

LOGICAL_DEVICE_NAME: Final = OBIS.parse("0.0.42.0.0.255")
SAP_ASSIGNMENT: Final = OBIS.parse("0.0.41.0.0.255")
NAME: Final = choice(OCTET_STRING, VISIBLE_STRING)
DATA: Final = 1
ASSOCIATIONS: Final = (CURRENT_ASSOCIATION, *(OBIS.of(bytes((0, 0, 40, 0, group, 255))) for group in range(1, 9)))
"""Where the object list is looked for, in this order."""
#: Where invocation counters stand: 0.0.43.1.e.255.
COUNTERS: Final = bytes((0, 0, 43, 1))


@dataclass(slots=True)
class Learnt:
    """What was learnt in one association."""

    conformance: Conformance | None = None
    max_pdu: int | None = None
    system_title: bytes | None = None
    logical_device_name: bytes | None = None
    logical_devices: tuple[Assignment, ...] = ()
    clock: CosemDateTime | None = None
    current_association: OBIS | None = None
    associations: tuple[AssociationFound, ...] = ()
    counters: dict[OBIS, int] = field(default_factory=dict[OBIS, int])


async def learn(meter: Meter) -> Learnt:
    """Ask for all that is of use; what is refused stays unknown, and so does all behind the end of the line."""
    response = meter.associated.response
    learnt = Learnt(response.conformance, response.server_max_receive_pdu_size, meter.associated.server_title)
    with suppress(LinkError):
        await look_around(meter, learnt)
    return learnt


async def look_around(meter: Meter, learnt: Learnt) -> None:
    """Ask the questions one by one."""
    name = await told(meter, Data.value.at(LOGICAL_DEVICE_NAME), NAME)
    learnt.logical_device_name = name.encode() if isinstance(name, str) else name
    devices = await value_of(meter, SAPAssignment.sap_assignment_list, SAP_ASSIGNMENT)
    learnt.logical_devices = () if devices is None else tuple(devices)
    learnt.clock = await value_of(meter, Clock.time, CLOCK.logical_name)
    learnt.current_association, elements = await object_list(meter)
    version = association_version(elements)
    learnt.associations = tuple(
        [
            await association(meter, element, readable(element, version))
            for element in elements
            if element.class_id == ASSOCIATION and element.logical_name != CURRENT_ASSOCIATION
        ]
    )
    names = [e.logical_name for e in elements if e.class_id == DATA and bytes(e.logical_name[:4]) == COUNTERS]
    for counter in names if elements else [INVOCATION_COUNTER]:
        last = await told(meter, Data.value.at(counter), COUNTER)
        if last is not None:
            learnt.counters[counter] = last


async def object_list(meter: Meter) -> tuple[OBIS | None, Sequence[ObjectListElement]]:
    """Read the object list, and where it stands: at the current association, or else at the first that shows one."""
    if not meter.conformance & Conformance.GET:
        return None, await meter.object_list()
    for name in ASSOCIATIONS:
        elements = await value_of(meter, AssociationLNv1.object_list, name)
        if elements:
            return name, elements
    return None, []


async def association(meter: Meter, element: ObjectListElement, attributes: Sequence[int]) -> AssociationFound:
    """Read for whom an association object is, as far as that may be read."""
    at = element.logical_name

    async def value(attribute: Attribute[T]) -> T | None:
        if attribute.attribute_id not in attributes:
            return None
        return await value_of(meter, attribute, at)

    partners = await value(AssociationLNv1.associated_partners_id)
    context = await value(AssociationLNv1.application_context_name)
    mechanism = await value(AssociationLNv1.authentication_mechanism_name)
    setup = await value(AssociationLNv1.security_setup_reference)
    return AssociationFound(
        at,
        None if partners is None else partners.client_sap,
        named(ApplicationContext, context),
        named(Mechanism, mechanism),
        setup,
    )


N = TypeVar("N", ApplicationContext, Mechanism)


def named(names: type[N], name: ContextName | None) -> N | None:
    """Give the context or mechanism of an object identifier, if it is one of the standard."""
    known = {int(one): one for one in names}
    return None if name is None else known.get(name.name)


async def value_of(meter: Meter, attribute: Attribute[T], at: OBIS) -> T | None:
    """Read an attribute; None if it is refused or cannot be read."""
    return await told(meter, attribute.at(at), attribute.codec)


async def told(meter: Meter, descriptor: AttributeDescriptor, codec: Codec[T]) -> T | None:
    """Read an attribute by a codec; None if it is refused or cannot be read."""
    try:
        return decode_whole(codec, await meter.get_raw(descriptor))
    except LinkError:
        raise
    except AmiError:
        return None
