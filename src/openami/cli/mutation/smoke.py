"""Looks whether the package still works at large: modules load, a meter lives for an hour and talks to a client.

    python smoke.py PRODUCT MODULE ...

It judges no value, so that a mutation of one function passes; one that breaks everything does not.
"""

import importlib
import sys

from openami.core.errors import AmiError
from openami.core.obis import OBIS
from openami.dlms.client import Associated, Client, Got
from openami.dlms.security import Security
from openami.dlms.xdlms import AttributeDescriptor
from openami.meters.fleet import Fleet
from openami.meters.households import Households
from openami.meters.identity import Identity
from openami.meters.product import load, slugs

START, LIVES_S = 1_795_000_500, 4_000
DEVICE_NAME = AttributeDescriptor(1, OBIS.parse("0.0.42.0.0.255"), 2)


def live(slug: str) -> Fleet:
    """Let two meters live."""
    houses = Households(Identity().serials(2))
    fleet = Fleet.create(load(slug), 2, start_utc=START, load=houses, now=lambda: START + LIVES_S, random=bytes)
    fleet.advance_to(START + LIVES_S)
    return fleet


def read(fleet: Fleet) -> int:
    """Count the objects of which something can be read."""
    device, found = fleet.device(0), 0
    manager = next(row.client for row in fleet.product.associations if row.manages)
    for definition in fleet.product.objects:
        try:
            device.get(manager, AttributeDescriptor(definition.interface.class_id, definition.logical_name, 2))
        except AmiError:
            continue
        found += 1
    return found


def talk(fleet: Fleet) -> bool:
    """Whether a client without keys gets an answer; so, too, if the product has none."""
    row = next((row for row in fleet.product.associations if row.policy == "none" and row.mechanism == "lowest"), None)
    if row is None or row.referencing == "SN":
        return True
    client = Client(client_sap=row.client, security=Security.none(), random=bytes)
    session, events = fleet.open(fleet.addresses[0]), list[object]()
    if session is None:
        return False
    client.associate(now=0.0)
    while out := client.outgoing():
        for octets in out:
            session.deliver(session.endpoint.receive(octets, 0.0))
        for octets in session.endpoint.outgoing():
            for event in client.receive(octets, 0.0):
                events.append(event)
                if isinstance(event, Associated):
                    client.get([(DEVICE_NAME, None)], now=0.0)
    return any(isinstance(event, Got) for event in events)


def main(slug: str, *modules: str) -> int:
    """Do it all; 0 if it works."""
    for module in modules:
        importlib.import_module(module)
    if slug not in slugs():
        return 0
    fleet = live(slug)
    if not fleet.product.associations:
        return 0
    return 0 if read(fleet) and talk(fleet) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
