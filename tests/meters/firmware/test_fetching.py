"""The LTE module gets its image itself: from the location, at the time that a client has set."""

from pathlib import Path

import pytest

from meters.firmware.test_kill import Kept, same
from meters.small_fleet import DAY_S, HOUR_S, START, Company, Turned
from meters.upgrading import ACTIVATION_S, OTHER_MAKER, made, modem_image, versions
from openami.core.time import CET, CosemDateTime
from openami.cosem.registers import Data
from openami.dlms.xdlms import DataAccessResult
from openami.meters.firmware.fetching import folder
from openami.meters.firmware.image import Part
from openami.meters.firmware.version import Version

LOCATION, TIME = "0.65.44.0.0.255", "0.65.44.0.1.255"
OLD, NEW = b"01_02_03", b"01_02_04"
PLACE = b"https://images.sim/lte/modem.img"


def ordered(company: Company, at: int, place: bytes = PLACE) -> Company:
    talk = company.talk()
    assert talk.set(Data.value, LOCATION, place) is DataAccessResult.SUCCESS
    assert talk.set(Data.value, TIME, CET.stamp(at).encode()) is DataAccessResult.SUCCESS
    assert company.read(Data.value, TIME) == CET.stamp(at).encode()
    return company


@pytest.mark.feature("IQ0404100K1-R-34")
def test_the_module_fetches_its_image_at_the_time_that_is_set() -> None:
    company = ordered(Company(), START + HOUR_S)
    asked: list[str] = []
    company.fleet.downloads = lambda location: asked.append(location) or modem_image()
    company.live(HOUR_S - 1).fleet.fetch_images()
    assert asked == []
    company.live(1).fleet.fetch_images()
    assert asked == [PLACE.decode()]
    company.live(ACTIVATION_S).fleet.fetch_images()
    assert versions(company)[2] == NEW
    assert len(asked) == 1, "what it has fetched it does not fetch again"
    assert versions(company, 1)[2] == OLD


@pytest.mark.parametrize(
    "image",
    [
        b"nothing",
        made(OTHER_MAKER, identifier=b"LTE", part=Part.MODEM, version=Version("01_02_04")),
        made(),
    ],
    ids=["no image", "forged", "for the meter"],
)
def test_what_is_wrong_is_refused_as_from_a_client(image: bytes) -> None:
    company = ordered(Company(), START + HOUR_S)
    company.fleet.downloads = lambda _location: image
    company.live(HOUR_S).fleet.fetch_images()
    company.live(HOUR_S).fleet.fetch_images()
    assert versions(company) == [b"01 02 03 04", b"01 02 03 04", OLD]


def test_what_is_not_there_is_looked_for_again_after_an_hour() -> None:
    company = ordered(Company(), START + HOUR_S)
    held: dict[str, bytes] = {}
    asked: list[str] = []
    company.fleet.downloads = lambda location: asked.append(location) or held.get(location)
    for _ in range(5):
        company.live(HOUR_S if not asked else 10).fleet.fetch_images()
    assert len(asked) == 1
    held[PLACE.decode()] = modem_image()
    company.live(HOUR_S).fleet.fetch_images()
    assert versions(company.live(ACTIVATION_S))[2] == NEW


def test_a_time_without_year_takes_the_order_back() -> None:
    company = ordered(Company(), START + HOUR_S)
    company.talk().set(Data.value, TIME, CosemDateTime().encode())
    company.fleet.downloads = lambda _location: modem_image()
    company.live(DAY_S).fleet.fetch_images()
    assert versions(company)[2] == OLD
    assert company.read(Data.value, TIME) == CosemDateTime().encode()


def test_a_fleet_fetches_from_a_folder_and_a_kill_does_no_harm(tmp_path: Path) -> None:
    company = Kept(tmp_path / "a", Turned())
    ordered(company, START + HOUR_S)
    (tmp_path / "a" / "downloads").mkdir()
    (tmp_path / "a" / "downloads" / "modem.img").write_bytes(modem_image())
    company.live(HOUR_S).fleet.fetch_images()
    again = company.killed(tmp_path / "b")
    for each in (company, again):
        each.fleet.advance_to(START + HOUR_S + ACTIVATION_S)
        assert versions(each)[2] == NEW
    same(company, again)
    company.close()
    again.close()


@pytest.mark.parametrize("location", ["", "https://x/", "https://x/..", "https://x/.", "no", "x/..\\secret", "x/a\0b"])
def test_a_folder_gives_nothing_from_outside(location: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"s")
    inside = tmp_path / "in"
    inside.mkdir()
    assert folder(inside)(location) is None


def test_a_folder_gives_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "modem.img").write_bytes(b"image")
    assert folder(tmp_path)("https://any.where/at/all/modem.img") == b"image"
