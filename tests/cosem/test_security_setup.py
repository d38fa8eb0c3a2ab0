"""Security setup: policy only rises, keys arrive wrapped, all or none."""

from typing import Any

import pytest

from openami.core.errors import ActionError
from openami.cosem.security_setup import (
    IDENTIFICATION,
    CertificateIdentification,
    EntityIdentification,
    IdentificationType,
    KeyTransfer,
    SecuritySetup,
    SecuritySetupv1,
    SerialIdentification,
)
from openami.dlms.data import ENUM
from openami.dlms.security import KeyId, unwrap, wrap

LN = "0.0.43.0.0.255"
MASTER, NEW, OTHER = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))


class Device:
    """Keeps what the handler is given."""

    def __init__(self) -> None:
        self.keys: dict[int, bytes] = {}

    def setup(self, cls: Any = SecuritySetup, **values: Any) -> Any:
        name = "key_transfer" if cls is SecuritySetupv1 else "global_key_transfer"
        handlers = {name: self.transfer, "unwrap": lambda wrapped: unwrap(MASTER, wrapped)}
        return cls(LN, handlers=handlers, **values)

    def transfer(self, transfers: list[KeyTransfer]) -> None:
        self.keys.update(transfers)


def parameter(*transfers: tuple[KeyId, bytes]) -> bytes:
    parts = [b"\x02\x02" + ENUM.encode(key_id) + b"\x09\x18" + wrapped for key_id, wrapped in transfers]
    return b"\x01" + bytes((len(parts),)) + b"".join(parts)


@pytest.mark.parametrize("cls", [SecuritySetup, SecuritySetupv1])
def test_keys_are_unwrapped_for_the_handler(cls: Any) -> None:
    device = Device()
    unicast, authentication = KeyId.GLOBAL_UNICAST_ENCRYPTION, KeyId.AUTHENTICATION
    device.setup(cls).invoke(2, parameter((unicast, wrap(MASTER, NEW)), (authentication, wrap(MASTER, OTHER))))
    assert device.keys == {unicast: NEW, authentication: OTHER}


def test_the_published_key_wrap(dlms_vectors: dict[str, Any]) -> None:
    vector = dlms_vectors["rfc3394-128-128"]
    keys: list[KeyTransfer] = []
    kek = bytes.fromhex(vector["expected"]["kek"])
    handlers = {"global_key_transfer": keys.extend, "unwrap": lambda wrapped: unwrap(kek, wrapped)}
    wrapped = bytes.fromhex(vector["hex"])
    SecuritySetup(LN, handlers=handlers).invoke(2, parameter((KeyId.MASTER, wrapped)))
    assert keys == [KeyTransfer(KeyId.MASTER, bytes.fromhex(vector["expected"]["key"]))]


def test_one_wrong_wrap_refuses_all() -> None:
    device = Device()
    wrong = wrap(OTHER, NEW)
    with pytest.raises(ActionError, match="other-reason"):
        device.setup().invoke(2, parameter((KeyId.MASTER, wrap(MASTER, NEW)), (KeyId.AUTHENTICATION, wrong)))
    assert device.keys == {}


def test_bad_key_ids_and_lengths_are_refused() -> None:
    device = Device()
    bad_id = parameter((KeyId.MASTER, wrap(MASTER, NEW))).replace(b"\x16\x03", b"\x16\x09")
    with pytest.raises(ActionError, match="type-unmatched"):
        device.setup().invoke(2, bad_id)
    with pytest.raises(ActionError, match="wrong length"):
        device.setup(security_suite=2).invoke(2, parameter((KeyId.MASTER, wrap(MASTER, NEW))))
    assert device.keys == {}


def test_without_a_device_keys_go_nowhere() -> None:
    with pytest.raises(ActionError, match="object-unavailable"):
        SecuritySetup(LN).invoke(2, parameter((KeyId.MASTER, wrap(MASTER, NEW))))
    with pytest.raises(ActionError, match="object-unavailable"):
        SecuritySetup(LN, handlers={"unwrap": lambda _: NEW}).invoke(2, parameter((KeyId.MASTER, bytes(24))))


@pytest.mark.parametrize(
    ("old", "new", "allowed"), [(0, 3, True), (1, 3, True), (3, 3, True), (3, 2, False), (1, 2, False)]
)
def test_the_policy_only_rises(old: int, new: int, allowed: bool) -> None:
    setup = SecuritySetup(LN, security_policy=old)
    if allowed:
        setup.invoke(1, ENUM.encode(new))
        assert setup.security_policy == new
    else:
        with pytest.raises(ActionError, match="may only be raised"):
            setup.invoke(1, ENUM.encode(new))


def test_certificates_are_named_in_two_ways() -> None:
    by_entity = CertificateIdentification(IdentificationType.ENTITY, EntityIdentification(0, 0, b"OAM00001"))
    by_serial = CertificateIdentification(IdentificationType.SERIAL, SerialIdentification(b"\x01", b"CN"))
    for identification in (by_entity, by_serial):
        octets = IDENTIFICATION.encode(identification)
        assert IDENTIFICATION.decode(octets) == (identification, len(octets))
    setup = SecuritySetupv1(LN, handlers={"export_certificate": lambda _: b"DER"})
    assert setup.invoke(7, IDENTIFICATION.encode(by_serial)) == b"\x09\x03DER"
    with pytest.raises(ActionError, match="object-unavailable"):
        setup.invoke(8, IDENTIFICATION.encode(by_serial))
