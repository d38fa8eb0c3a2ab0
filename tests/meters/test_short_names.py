"""A product whose management client uses short names, beside a public one by logical names."""

from pathlib import Path
from random import Random

import pytest

from meters.small_fleet import START, Steady, Turned
from openami.cosem.association_sn import AssociationSNv2
from openami.cosem.objects import decode_whole
from openami.cosem.registers import Register
from openami.cosem.short_names import ShortNames
from openami.dlms.client import Associated, Client, Got
from openami.dlms.security import Security, SendCounter
from openami.dlms.xdlms.short import VariableName
from openami.meters.build import Product
from openami.meters.fleet import Fleet
from openami.meters.identity import CLIENT_TITLE
from openami.meters.product import load_from, products

CHANGES = {
    "manages = true\n": 'manages = true\nreferencing = "SN"\n',
    "# Association, security, identity\n": (
        '[[object]]\nclass = "AssociationSNv2"\nlogical_name = "0.0.40.0.0.255"\nname = "association_sn"\n'
        'security_setup_reference = "0.0.43.0.0.255"\n'
    ),
}


@pytest.fixture
def product(tmp_path: Path) -> Product:
    (tmp_path / "base").mkdir()
    for name in ("compactiq.toml", "base/esmr.toml"):
        text = products().joinpath(*name.split("/")).read_text(encoding="utf-8")
        for old, new in CHANGES.items() if name.startswith("base") else ():
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return load_from("compactiq", tmp_path)


def fleet_of(product: Product) -> Fleet:
    return Fleet.create(product, 1, start_utc=START, load=Steady(meters=1), now=Turned(), random=Random(7).randbytes)


def answered(fleet: Fleet, client: Client, session, request: int):
    """Carry octets until the request is answered; its event."""
    while out := client.outgoing():
        for data in out:
            session.deliver(session.endpoint.receive(data, 0.0))
        for data in session.endpoint.outgoing():
            for event in client.receive(data, 0.0):
                if event.id == request:
                    return event
    raise AssertionError("no answer")


def test_the_management_client_finds_everything_by_short_names(product: Product) -> None:
    fleet = fleet_of(product)
    held, session = fleet.keys.of(0), fleet.session(0)
    client = Client(
        client_sap=1,
        security=Security.hls5(
            encryption_key=held.encryption, authentication_key=held.authentication, client_title=CLIENT_TITLE
        ),
        referencing="SN",
        random=Random(1).randbytes,
        send_counter=SendCounter(1),
    )
    assert isinstance(answered(fleet, client, session, client.associate()), Associated)
    got = answered(fleet, client, session, client.read([VariableName(0xFA08)]))
    assert isinstance(got, Got)
    elements = decode_whole(AssociationSNv2.object_list.codec, got.results[0])
    assert len(elements) == len(product.objects)
    client.names = ShortNames(elements)
    got = answered(fleet, client, session, client.get([(Register.value.at("1.0.1.8.0.255"), None)]))
    assert isinstance(got.results[0], bytes)
    bases = sorted(element.base_name for element in elements)
    assert len(set(bases)) == len(bases)
    assert bases[-1] == 0xFD00


def test_who_uses_logical_names_still_does(product: Product) -> None:
    fleet = fleet_of(product)
    session = fleet.session(0)
    client = Client(client_sap=16, security=Security.none(), random=Random(1).randbytes)
    assert isinstance(answered(fleet, client, session, client.associate()), Associated)
