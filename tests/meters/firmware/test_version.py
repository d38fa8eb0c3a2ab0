"""Version numbers: how they are written, which comes before which."""

import pytest

from openami.core.errors import DefinitionError
from openami.meters.firmware.version import Version


@pytest.mark.feature("IQ0404100K1-R-31")
@pytest.mark.parametrize(
    ("text", "parts", "form"),
    [
        ("01 02 03 04", (1, 2, 3, 4), "XX XX XX XX"),
        ("FF 02 03 0A", (255, 2, 3, 10), "XX XX XX XX"),
        ("01_02_03", (1, 2, 3), "XX_XX_XX"),
        ("07", (7,), "XX"),
    ],
)
def test_parts_of_two_digits(text: str, parts: tuple[int, ...], form: str) -> None:
    version = Version.parse(text)
    assert (version.parts, version.form) == (parts, form)


@pytest.mark.parametrize("text", ["", "1 2 3 4", "01 02_03", "01 02 03 04 ", "01 02 0G", "0102", "ff 01"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(DefinitionError, match="is no version"):
        Version.parse(text)


@pytest.mark.feature("IQ0404100K1-R-31")
@pytest.mark.parametrize(
    ("first", "second", "is_older"),
    [
        ("01 02 03 04", "01 02 03 05", True),
        ("01 02 03 04", "01 02 03 04", False),
        ("01 09 00 00", "02 00 00 00", True),
        ("02 00 00 00", "01 09 00 00", False),
        ("FF 02 03 04", "01 02 03 04", False),
        ("01 02 03 04", "FF 02 03 04", False),
        ("01 02 03 03", "FF 02 03 04", True),
        ("FF 02 03 03", "09 02 03 04", True),
    ],
)
def test_which_comes_first_and_test_images_stand_beside_every_main_version(
    first: str, second: str, is_older: bool
) -> None:
    assert Version.parse(first).is_older(Version.parse(second)) is is_older
