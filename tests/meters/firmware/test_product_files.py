"""What a product file may say of firmware: planted mistakes are refused with file, key and what was expected."""

import shutil
from importlib.resources import as_file
from pathlib import Path

import pytest

from meters.small_fleet import START, Steady, compactiq
from openami.core.errors import DefinitionError
from openami.meters import product
from openami.meters.definition import products
from openami.meters.firmware.image import simulated_maker
from openami.meters.fleet import Fleet

FIRST = 'identifier = "KFM-03"'


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    """The product files with one text changed."""
    with as_file(products()) as held:
        shutil.copytree(held, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))
    return folder


MISTAKES = {
    "no part": ("compactiq", FIRST, FIRST + '\nparts = ["heart"]', "firmware.transfer.image_transfer.parts 1", "Input"),
    "not its part": ("compactiq", FIRST, FIRST + '\nparts = ["whole"]', "firmware", "part whole, which is not among"),
    "no block": ("compactiq", FIRST, FIRST + "\nblock_size = 0", "firmware", "block_size and octets of at least 1"),
    "no time": ("compactiq", FIRST, FIRST + "\nactivation_s = -1", "firmware", "activation_s of at least 0"),
    "no key": ("compactiq", FIRST, FIRST + "\ncolour = 1", "firmware.transfer.image_transfer.colour", "Extra inputs"),
    "version": ("compactiq", '"01 02 03 04"', '"1.2"', "firmware.part.legal.version", "match pattern"),
    "no point": ("base/esmr", 'key = "09', 'key = "19', "firmware.key", "no point of P-256"),
    "short key": ("base/esmr", 'key = "09', 'key = "9', "firmware.key", "match pattern"),
    "boot": ("compactiq", "APP2:non_legal", "APP2:heart", "firmware.boot", "with a part there is"),
    "no object": ("base/esmr", '0, name = "i', '0, name = "an_i', "firmware.transfer.image_transfer", "ImageTransfer"),
    "no schedule": ("base/esmr", '"firmware.schedule"', '"clock.time"', "firmware.transfer", "scheduled: expected"),
    "no location": (
        "base/esmr", 'fetched = "lte_firmware_location"', 'fetched = "nowhere"',
        "firmware.transfer.lte_modem_image_transfer.fetched", "holds the location",
    ),
    "no such part": (
        "base/esmr", "firmware.{part}.signature", "firmware.whole.signature", "firmware.part", "expected a part whole",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes(mistake: str, tmp_path: Path) -> None:
    file, old, new, key, says = MISTAKES[mistake]
    folder = changed(tmp_path / "products", f"{file}.toml", old, new)
    with pytest.raises(DefinitionError, match=r"compactiq\.toml") as caught:
        product.load_from("compactiq", folder)
    assert says in str(caught.value)
    assert caught.value.key == key


def test_a_client_without_proof_must_not_be_offered_an_upgrade(tmp_path: Path) -> None:
    old = 'mechanism = "hls5"\npolicy = "authenticated-encrypted"\nmanages'
    new = 'mechanism = "lowest"\npolicy = "none"\nmanages'
    folder = changed(tmp_path / "products", "base/esmr.toml", old, new)
    with pytest.raises(DefinitionError, match="client management may use it by mechanism lowest: expected hls5"):
        product.load_from("compactiq", folder)


def test_the_key_of_compactiq_is_that_of_the_simulation() -> None:
    assert compactiq().firmware is not None
    assert compactiq().firmware.key == simulated_maker().public.octets.hex()


def test_a_product_without_firmware_costs_nothing(tmp_path: Path) -> None:
    folder = changed(tmp_path / "products", "base/esmr.toml", "# Network", "# Network")
    for name in ("base/esmr.toml", "compactiq.toml"):
        cut_firmware(folder / name)
    found = product.load_from("compactiq", folder)
    fleet = Fleet.create(found, 2, start_utc=START, load=Steady(meters=2), now=lambda: START, random=bytes)
    fleet.advance_to(START + 3_600)
    fleet.fetch_images()
    assert "laws.more.firmware.stage" not in fleet.holding.snapshot()


def cut_firmware(file: Path) -> None:
    """Take everything about firmware out of a product file, and the display that shows it."""
    objects = ("irmware", "ImageTransfer", "image_activation_schedule")
    tables = ("\n" + file.read_text()).split("\n[")
    kept = [table for table in tables if not table.startswith(("firmware", "display"))]
    kept = [table for table in kept if not (table.startswith("[object]]") and any(word in table for word in objects))]
    file.write_text("\n[".join(kept).removeprefix("\n"))
