"""Names and addresses of virtual meters."""

from meters.small_fleet import (
    Company,
)
from openami.meters.identity import FLAG, Identity, address, meter_at


def test_a_meter_is_found_by_its_own_address_alone() -> None:
    fleet = Company().fleet
    assert fleet.addresses == ["127.16.0.1", "127.16.0.2", "127.16.0.3"]
    assert [meter_at(address(meter), 300_000) for meter in (0, 255, 65_535, 299_999)] == [
        0,
        255,
        65_535,
        299_999,
    ]
    assert fleet.open("127.16.0.3") is not None
    for other in ("127.16.0.4", "127.16.0.0", "127.0.0.1", "10.0.0.1", "::1", "nowhere"):
        assert fleet.open(other) is None


def test_a_simulated_meter_says_so() -> None:
    identity = Identity()
    assert identity.serial(0) == "OAMSIM00000000126"
    assert len(identity.serial(999_999)) == 17
    assert len(identity.logical_device_name(999_999)) == 16
    assert b"SIM" in identity.logical_device_name(5)
    assert identity.system_title(0) == FLAG.encode() + b"\x00\x00\x00\x00\x01"
    titles = {identity.system_title(meter) for meter in range(1_000)}
    assert len(titles) == 1_000
