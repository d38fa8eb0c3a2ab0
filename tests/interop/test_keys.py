"""Outsiders at Security setup: keys, policies, certificates, and ACTION in blocks."""

from dataclasses import replace
from random import Random
from typing import Any

from cryptography import x509

from interop.cell import SUITE_1, Cell, each
from interop.cells.keys import (
    ACTIVATIONS,
    AGREEMENTS,
    ANSWERS,
    BLOCKS,
    CERTIFICATES,
    READINGS,
    REQUESTS,
    TRANSFERS,
)
from keyed import DS, KA, NOW, Authority
from openami.core.obis import OBIS
from openami.cosem.access import AccessTable, AttributeAccess, MethodAccess, Rights
from openami.cosem.device import LogicalDevice
from openami.cosem.key_management import Associations, KeyManagement, MemoryStore, SecurityMaterial
from openami.dlms.data import OCTET_STRING
from openami.dlms.xdlms.action import ActionResponseWithPblock
from openami.dlms.xdlms.blocks import DataBlock
from pair import CLIENT_TITLE, SERVER_TITLE
from secured import PAIRS, keys_of
from small_meter import SmallMeter

SETUP = "0.0.43.0.0.255"
MAX_PDU = 128
KEY_IDS = {"0": "encryption", "2": "authentication"}


class Keyed(SmallMeter):
    """A meter with a Security setup that is live."""

    def __init__(self, cell: Cell) -> None:
        base = cell.association()
        super().__init__((base,))
        pairs = PAIRS[cell.way.suite][1]
        held = {DS: pairs.signature, KA: pairs.agreement} if pairs.signature else {}
        self.store = MemoryStore(SecurityMaterial(keys_of(cell.way.suite), pairs=held))
        self.management = KeyManagement(
            self.store,
            client_title=CLIENT_TITLE,
            server_title=SERVER_TITLE,
            random=Random(9).randbytes,
            suite=cell.way.suite,
            now=lambda: NOW,
        )
        setup = self.management.setup(SETUP, version=cell.facts["version"])
        self.objects[64, OBIS.parse(SETUP)] = setup
        rights = {
            key: Rights(
                dict.fromkeys(item.attributes, AttributeAccess.READ), dict.fromkeys(item.methods, MethodAccess.ACCESS)
            )
            for key, item in self.objects.items()
        }
        self.device = LogicalDevice(self.objects, AccessTable({1: rights}), report=self.defect)
        self.associations = Associations({1: base}, self.management)


def asked(der: bytes) -> x509.CertificateSigningRequest:
    request = x509.load_der_x509_csr(der)
    assert request.is_signature_valid
    return request


async def certified(cell: Cell, peers: Any) -> tuple[Keyed, dict[str, str]]:
    """A meter that knows an authority, and a certificate of it that the meter asked for."""
    meter, authority = Keyed(cell), Authority(cell.way.suite)
    meter.management.import_certificate(authority.der)
    der = bytes.fromhex(await replace(cell, failure="").visit(peers, "request_certificate", meter))
    certificate = authority.answer(der, "digital_signature")
    return meter, {"certificate": certificate.hex(), "title": SERVER_TITLE.hex(), "invocation_counter": 1000}


@each(TRANSFERS)
async def test_keys_are_replaced(cell, peers):
    meter, length = Keyed(cell), cell.way.suite.key_length
    old = meter.store.material.keys
    new = {number: bytes([0xA0 + int(number)] * length) for number in KEY_IDS}
    orders = {"transfer": {number: key.hex() for number, key in new.items()}, "master_key": old.master.hex()}
    found = await cell.visit(peers, "transfer", meter, **orders)
    held = meter.store.material.keys
    assert (found is None) is (held == old)
    if found is not None:
        assert {number: getattr(held, name) for number, name in KEY_IDS.items()} == new
        keys = {f"{name}_key": new[number].hex() for number, name in KEY_IDS.items()}
        assert await cell.visit(peers, "read_register", meter, **keys) == "12345"


@each(ACTIVATIONS)
async def test_a_policy_is_raised(cell, peers):
    meter = Keyed(cell)
    assert await cell.visit(peers, "activate", meter) == str(cell.facts["policy"])
    assert meter.store.material.policy == cell.facts["policy"]


@each(AGREEMENTS)
async def test_a_key_is_agreed_on(cell, peers):
    pairs = PAIRS[cell.way.suite][0]
    orders = {"private_key": pairs.signature.octets.hex(), "server_key": pairs.peer_signature.octets.hex()}
    assert await cell.visit(peers, "agree", Keyed(cell), **orders) is None


@each(REQUESTS)
async def test_a_certificate_is_asked_for(cell, peers):
    meter = Keyed(cell)
    request = asked(bytes.fromhex(await cell.visit(peers, "request_certificate", meter)))
    assert meter.store.material.pending[DS].public.key == request.public_key()


@each(CERTIFICATES)
async def test_a_certificate_comes_and_goes(cell, peers):
    meter, orders = await certified(cell, peers)
    certificate = x509.load_der_x509_certificate(bytes.fromhex(orders["certificate"]))
    name = {"serial": certificate.serial_number, "issuer": certificate.issuer.public_bytes().hex()}
    before = meter.store.material.certificates
    found = await cell.visit(peers, "certificates", meter, **orders, **name)
    assert found["by_entity"] == found["by_serial"] == orders["certificate"]
    [authority, own] = found["listed"]
    assert authority[:2] == [2, 3]
    assert own == [0, 0, certificate.serial_number.to_bytes(2, "big").hex()]
    assert meter.store.material.certificates == before


@each(READINGS)
async def test_a_certificate_is_taken_apart(cell, peers):
    certificate = Authority(SUITE_1).issue(SERVER_TITLE, PAIRS[SUITE_1][1].signature.public.key, "digital_signature")
    assert cell.ask(peers, "read_certificate", {"certificate": certificate.hex()}) is None


@each(BLOCKS)
async def test_long_parameters_are_sent_in_blocks(cell, peers):
    meter, orders = await certified(cell, peers)
    meter.max_pdu = MAX_PDU
    found = await cell.visit(peers, "certificates", meter, **orders)
    assert (bytes.fromhex(orders["certificate"]) in meter.store.material.certificates) is (found is not None)
    if found is not None:
        assert found["requests"] > len(orders["certificate"]) / 2 / MAX_PDU


@each(ANSWERS)
async def test_what_blocks_of_an_answer_hold(cell, peers):
    """Ours hold what follows the invoke-id in an answer of one piece: an assumption, for the texts are silent."""
    meter = Keyed(cell)
    assert await cell.visit(peers, "request_certificate", meter, max_pdu=MAX_PDU) is None
    data = OCTET_STRING.encode(bytes(range(200)))
    assert cell.ask(peers, "method_in_blocks", {"blocks": in_blocks(data)}) == bytes(range(200)).hex()
    assert cell.ask(peers, "method_in_blocks", {"blocks": in_blocks(b"\x00\x01\x00" + data)}) is None


def in_blocks(raw: bytes) -> list[str]:
    """An answer to an ACTION in two blocks."""
    cuts = enumerate((raw[:MAX_PDU], raw[MAX_PDU:]), start=1)
    blocks = (DataBlock(last_block=number == 2, block_number=number, raw_data=cut) for number, cut in cuts)
    return [ActionResponseWithPblock(0xC1, block).encode().hex() for block in blocks]
