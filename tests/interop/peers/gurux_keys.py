"""Security setup, worked by gurux-dlms."""

from typing import Any

from gurux_dlms.asn import GXx509Certificate
from gurux_dlms.ecdsa import GXEcdsa
from gurux_dlms.objects import GXDLMSRegister, GXDLMSSecuritySetup
from gurux_dlms.objects.enums import CertificateEntity, CertificateType, GlobalKeyType, SecurityPolicy, SecurityPolicy0
from gurux_meter import Meter
from gurux_tour import Orders, associated
from peer import jobs, plain

SIGNATURE = CertificateType.DIGITAL_SIGNATURE


class Encoded:
    """A certificate that the peer does not take apart."""

    def __init__(self, octets: bytes) -> None:
        self.encoded = octets


def setup(orders: Orders) -> Any:
    """The object, at the version that the meter has."""
    thing = GXDLMSSecuritySetup("0.0.43.0.0.255")
    thing.version = orders.get("version", 0)
    return thing


def asked(orders: Orders, meter: Meter, method: str, *parameters: Any) -> Any:
    """Invoke a method; what it returned."""
    return plain(meter.ask(getattr(setup(orders), method)(meter.client, *parameters)).value)


def transfer(orders: Orders) -> str:
    """Replace keys, wrapped under the master key; what a register holds afterwards."""
    keys = [(GlobalKeyType(int(name)), bytes.fromhex(key)) for name, key in orders["transfer"].items()]
    with associated(orders) as meter:
        asked(orders, meter, "globalKeyTransfer", bytes.fromhex(orders["master_key"]), keys)
        return str(meter.read(GXDLMSRegister("1.0.1.8.0.255"), 2))


def activate(orders: Orders) -> str:
    """Raise the policy; what it then is."""
    policies: Any = SecurityPolicy if orders["version"] else SecurityPolicy0
    with associated(orders) as meter:
        asked(orders, meter, "activate", policies(orders["policy"]))
        return str(meter.read(setup(orders), 2))


def agree(orders: Orders) -> Any:
    """Agree on a key."""
    with associated(orders) as meter:
        ciphering = meter.client.ciphering
        ciphering.ephemeralKeyPair = GXEcdsa.generateKeyPair(ciphering.signingKeyPair[1].scheme)
        return asked(orders, meter, "keyAgreement", GlobalKeyType.UNICAST_ENCRYPTION)


def request_certificate(orders: Orders) -> Any:
    """Have a key pair generated, and a request for its certificate."""
    with associated(orders) as meter:
        asked(orders, meter, "generateKeyPair", SIGNATURE)
        return asked(orders, meter, "generateCertificate", SIGNATURE)


def certificates(orders: Orders) -> Any:
    """Import a certificate; with `serial`, see it listed, have it exported by either name, and remove it."""
    octets = bytes.fromhex(orders["certificate"])
    with associated(orders) as meter:
        before = len(meter.sent)
        asked(orders, meter, "importCertificate", Encoded(octets))
        found = {"requests": len(meter.sent) - before}
        return found | (named_both_ways(orders, meter) if "serial" in orders else {})


def named_both_ways(orders: Orders, meter: Meter) -> Any:
    """The list of certificates, and one of them by its two names."""
    entity = (CertificateEntity.SERVER, SIGNATURE, bytes.fromhex(orders["title"]))
    serial = (orders["serial"].to_bytes(2, "big"), orders["issuer"])
    thing = setup(orders)
    meter.read(thing, 6)
    found = {
        "listed": [[int(one.entity), int(one.type_), plain(one.serialNumber)] for one in thing.certificates],
        "by_entity": asked(orders, meter, "exportCertificateByEntity", *entity),
        "by_serial": asked(orders, meter, "exportCertificateBySerial", *serial),
    }
    as_text = (serial[0].decode(), bytes.fromhex(serial[1]).decode())  # the one in octets, the other in characters
    asked(orders, meter, "removeCertificateBySerial", *as_text)
    return found


def read_certificate(orders: Orders) -> str:
    """Take a certificate apart."""
    return str(GXx509Certificate(bytes.fromhex(orders["certificate"])))


JOBS = jobs(transfer, activate, agree, request_certificate, certificates, read_certificate)
