"""What a push holds and when it goes: pure functions of a push setup (Blue Book, class 40).

Random numbers are arguments, from 0 up to 1. Restrictions and columns (from version 1) are not applied: their
rows are numbered in a way that no text at hand states, so such an attribute is sent as null-data and reported.
"""

from math import ceil
from typing import TypeAlias

from openami.core.errors import AccessError
from openami.core.time import CosemDateTime
from openami.cosem.clock import moved
from openami.cosem.device import LogicalDevice
from openami.cosem.push import (
    PushObject,
    PushSetup,
    PushSetupv1,
    PushSetupv2,
    RepetitionDelay,
)
from openami.cosem.push_elements import UNRESTRICTED, RestrictedObject, SelectedObject
from openami.cosem.references import fetch, joined, selected
from openami.cosem.windows import seconds_to_open
from openami.dlms.data import NULL, Tag
from openami.dlms.xdlms import AttributeDescriptor, DataAccessResult

AnyPushSetup: TypeAlias = PushSetup | PushSetupv1 | PushSetupv2
"""A push setup of any version."""
AnyPushObject: TypeAlias = PushObject | RestrictedObject | SelectedObject

ALL_ATTRIBUTES = 0
NULL_DATA = NULL.encode(None)


def notification_body(setup: AnyPushSetup, device: LogicalDevice, client_sap: int | None = None) -> bytes:
    """Structure of the values in push_object_list, encoded, as a DataNotification carries it.

    With a client SAP the values are those this client may read, else those of the device itself. A value that
    cannot be had is null-data, so that the others keep their places; the device's `report` is told why.
    """
    items: list[AnyPushObject] = [*setup.push_object_list]
    return joined(Tag.STRUCTURE, [value(item, device, client_sap) for item in items])


def value(item: AnyPushObject, device: LogicalDevice, client_sap: int | None) -> bytes:
    """Encoded value of one item, or null-data."""
    try:
        return selected(attribute(item, device, client_sap), item.data_index)
    except Exception as error:  # noqa: BLE001 - one value must not take the others with it
        device.report(error)
        return NULL_DATA


def attribute(item: AnyPushObject, device: LogicalDevice, client_sap: int | None) -> bytes:
    """Encoded attribute that an item names; attribute 0 is the structure of them all."""
    key = item.class_id, item.logical_name
    if any(item[5:]) or item[4:5] not in ((), (UNRESTRICTED,)):
        where = f"attribute {item.attribute_index} of {item.logical_name} with a restriction or columns"
        raise AccessError(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED, where)
    if item.attribute_index != ALL_ATTRIBUTES:
        return read(device, AttributeDescriptor(*key, item.attribute_index), client_sap)
    numbers = device.find(client_sap, key).attributes
    return joined(Tag.STRUCTURE, [value(PushObject(*key, number), device, client_sap) for number in numbers])


def read(device: LogicalDevice, descriptor: AttributeDescriptor, client_sap: int | None) -> bytes:
    """Read as a client, or without one as the device itself."""
    return fetch(device, descriptor) if client_sap is None else device.get(client_sap, descriptor)


def first_attempt(setup: AnyPushSetup, now: CosemDateTime, random: float) -> float | None:
    """Seconds until the first attempt: for the window, then a random part of the randomisation interval.

    None if no window ever opens again. A short window may have closed by then: ask `is_open` before sending.
    """
    wait = seconds_to_open(setup.communication_window, now)
    return None if wait is None else wait + random * setup.randomisation_start_interval


def next_attempt(setup: AnyPushSetup, retry: int, now: CosemDateTime) -> float | None:
    """Seconds until a retry, counted from 1; None when they are spent or no window ever opens again."""
    if retry > setup.number_of_retries:
        return None
    delay = retry_delay(setup, retry)
    if not setup.communication_window:
        return delay
    wait = seconds_to_open(setup.communication_window, moved(now, ceil(delay)))
    return None if wait is None else delay + wait


def retry_delay(setup: AnyPushSetup, retry: int) -> float:
    """Seconds from a failed attempt to a retry, counted from 1."""
    delay = setup.repetition_delay
    return growing(delay, retry) if isinstance(delay, RepetitionDelay) else delay


def growing(delay: RepetitionDelay, retry: int) -> float:
    """repetition_delay_min times (exponent / 100) for every retry after the first, never over the maximum."""
    shortest, exponent, longest = delay
    factor = max(exponent / 100, 1.0)
    try:
        grown = shortest * factor ** (retry - 1)
    except OverflowError:
        return max(shortest, longest)
    return max(shortest, min(grown, longest))
