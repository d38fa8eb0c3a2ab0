"""Images that a meter refuses: each ends in the old version, still metering, registers and pulses untouched."""

from typing import Any

import pytest

from meters.small_fleet import HOUR_S, Company
from meters.upgrading import (
    ACTIVATION_S,
    OLD,
    OTHER_MAKER,
    READY,
    STATUS,
    Upgrade,
    codes,
    content,
    made,
    versions,
)
from openami.cosem.registers import Register
from openami.dlms.xdlms import ActionResult
from openami.meters.firmware.faults import Fault
from openami.meters.firmware.image import Part
from openami.meters.firmware.version import Version

ENERGY = "1.0.1.8.0.255"


def damaged() -> bytes:
    data = bytearray(made())
    data[-100] ^= 0x10
    return bytes(data)


BAD: dict[Fault, tuple[bytes, bytes]] = {
    Fault.NO_IMAGE: (b"\x7fELF" + content(), b"KFM-03"),
    Fault.TRUNCATED: (made()[:-700], b"KFM-03"),
    Fault.DAMAGED: (damaged(), b"KFM-03"),
    Fault.BAD_SIGNATURE: (made(OTHER_MAKER), b"KFM-03"),
    Fault.WRONG_MODEL: (made(model="IQ0202100K1-R"), b"KFM-03"),
    Fault.WRONG_IDENTIFIER: (made(identifier=b"KFM-01"), b"KFM-01"),
    Fault.WRONG_PART: (made(part=Part.MODEM, version=Version("01_02_04")), b"KFM-03"),
    Fault.FACTORY_ONLY: (made(part=Part.LEGAL), b"KFM-03"),
    Fault.WRONG_VERSION: (made(version=Version("01_02_05")), b"KFM-03"),
    Fault.OLDER: (made(version=Version("01 02 03 03")), b"KFM-03"),
    Fault.TOO_FAR: (made(version=Version("03 00 00 00"), least=Version("02 00 00 00")), b"KFM-03"),
}


def state_of(company: Company) -> dict[str, Any]:
    """Everything that meters, as octets."""
    arrays = company.fleet.holding.snapshot()
    kept = ("laws.registers", "laws.live", "laws.profile", "laws.tariff", "laws.clock", "laws.supply")
    return {name: array.tobytes() for name, array in arrays.items() if name.startswith(kept)}


@pytest.mark.feature("IQ0404100K1-R-27", "IQ0404100K1-R-28", "IQ0404100K1-R-24", "IQ0404100K1-R-122")
@pytest.mark.parametrize("fault", BAD, ids=lambda fault: fault.name)
def test_a_bad_image_ends_in_the_old_version_still_metering(fault: Fault) -> None:
    company, untouched = Company(), Company()
    image, identifier = BAD[fault]
    upgrade = Upgrade(company, image, identifier=identifier).transfer()
    company.live(HOUR_S)
    assert upgrade.verify() is ActionResult.OTHER_REASON
    assert upgrade.status is STATUS.VERIFICATION_FAILED
    assert company.fleet.holding.images.fault(0, 0) is fault
    assert upgrade.activate() is ActionResult.OTHER_REASON, "what is refused is not activated either"
    company.live(HOUR_S + ACTIVATION_S)
    assert upgrade.status is STATUS.VERIFICATION_FAILED
    assert versions(company) == [OLD, OLD, b"01_02_03"]
    assert codes(company) == []
    assert state_of(company) == state_of(untouched.live(2 * HOUR_S + ACTIVATION_S))
    assert company.read(Register.value, ENERGY) == 1205


@pytest.mark.feature("IQ0404100K1-R-32")
def test_the_identifier_is_the_one_printed_for_meters_of_three_phases() -> None:
    company = Company()
    upgrade = Upgrade(company, made(), identifier=b"KFM-01").transfer()
    assert upgrade.verify() is ActionResult.OTHER_REASON
    assert company.fleet.holding.images.fault(0, 0) is Fault.WRONG_IDENTIFIER
    assert Upgrade(company, made(), identifier=b"KFM-03").transfer().verify() is ActionResult.SUCCESS


def test_a_good_image_after_a_bad_one_is_taken() -> None:
    company = Company()
    Upgrade(company, damaged()).transfer().verify()
    Upgrade(company, made()).verified().activate()
    company.live(ACTIVATION_S)
    assert versions(company)[1] == b"01 02 03 05"


@pytest.mark.feature("IQ0404100K1-R-31")
def test_a_test_image_replaces_its_version_and_is_replaced_by_it() -> None:
    company = Company()
    for version in ("FF 02 03 04", "01 02 03 04"):
        Upgrade(company, made(version=Version(version))).verified().activate()
        company.live(ACTIVATION_S)
        assert versions(company)[1] == version.encode()


@pytest.mark.feature("IQ0404100K1-R-122")
def test_in_the_factory_the_legal_part_is_taken_in_either_order() -> None:
    for parts in ((Part.LEGAL, Part.NON_LEGAL), (Part.NON_LEGAL, Part.LEGAL)):
        company = Company()
        company.fleet.hand(0, "factory_mode", True)
        for part in parts:
            Upgrade(company, made(part=part)).verified().activate()
            company.live(ACTIVATION_S)
        assert versions(company) == [b"01 02 03 05", b"01 02 03 05", b"01_02_03"]


def test_out_of_the_factory_the_legal_part_is_refused_again() -> None:
    company = Company()
    for value in (True, False):
        company.fleet.hand(0, "factory_mode", value)
    assert Upgrade(company, made(part=Part.LEGAL)).transfer().verify() is ActionResult.OTHER_REASON


def test_the_event_of_a_good_verification_is_not_written_for_a_bad_one() -> None:
    company = Company()
    upgrade = Upgrade(company, damaged()).transfer()
    upgrade.verify()
    assert codes(company) == []
    Upgrade(company, made()).verified()
    assert codes(company) == [READY]
