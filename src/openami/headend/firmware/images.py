"""Images: taken in with their hash, the signature of their maker, and the models that they are for."""

import hashlib
import json
from dataclasses import dataclass

from pydantic import Field, ValidationError

from openami.core.errors import AmiError, DecodeError, LocalProtocolError, SecurityError
from openami.dlms.security.curve import P256, PublicKey
from openami.headend.accounts import audit
from openami.headend.commands.payloads import LogicalName, Strict
from openami.headend.firmware.payloads import Digest, Octets
from openami.headend.kit.access import Permission, actor, command
from openami.headend.kit.database import Row, Unit
from openami.headend.kit.firmware_settings import FirmwareSettings
from openami.headend.registry.models import model

TRANSFER_AT = "0.0.44.0.0.255"
VERSION_AT = "1.0.0.2.0.255"
COLUMNS = (
    "id, title, version, identifier, sha256, size, maker, signature, models, from_versions, transfer_at, version_at,"
    " is_retired, who, at"
)


class UnknownFirmwareError(AmiError):
    """No image or campaign of that number, as far as whoever asks may see."""


class Wish(Strict):
    """What comes with an image. `sha256` is of the file, as its maker has told it."""

    title: str = Field(min_length=1, max_length=120)
    version: str = Field(min_length=1, max_length=60, description="As the meter tells it once it runs.")
    identifier: Octets = Field(description="By which the transfer is initiated, hexadecimal.")
    sha256: Digest
    models: tuple[str, ...] = Field(min_length=1, max_length=50)
    from_versions: tuple[str, ...] = Field(default=(), max_length=50, description="Empty: any.")
    maker: str = Field(default="", max_length=60)
    signature: str = Field(default="", pattern=r"^([0-9a-fA-F]{128})?$", description="r and s over the whole file.")
    transfer_at: LogicalName = TRANSFER_AT
    version_at: LogicalName = VERSION_AT


@dataclass(frozen=True, slots=True)
class Image:
    """An image, without its octets. `at` is business time."""

    id: int
    title: str
    version: str
    identifier: str
    sha256: str
    size: int
    maker: str
    """Whose signature was found good; empty where none was asked for."""
    signature: str
    models: tuple[str, ...]
    from_versions: tuple[str, ...]
    transfer_at: str
    version_at: str
    is_retired: bool
    who: str
    at: int


@command(Permission.FIRMWARE)
def take(unit: Unit, wish: Wish, content: bytes, settings: FirmwareSettings, now: float) -> Image:
    """Take an image in.

    Raises:
        DecodeError: it is empty, too large, for a model that is not known, or another file than the hash is of.
        SecurityError: its signature is missing, of nobody we know, or wrong.
        LocalProtocolError: it is here already.
    """
    if not 0 < len(content) <= settings.most_octets:
        raise DecodeError(f"an image of {len(content)} octets; from 1 to {settings.most_octets} are taken")
    if hashlib.sha256(content).hexdigest() != wish.sha256:
        raise DecodeError("sha256: this is not the file that the hash is of")
    for slug in wish.models:
        model(slug)
    maker = _maker(wish, content, settings)
    if unit.value("SELECT count(*) FROM firmware_image WHERE sha256 = ?", (wish.sha256,)):
        raise LocalProtocolError("this image is here already")
    number = unit.rows(
        "INSERT INTO firmware_image (title, version, identifier, sha256, size, maker, signature, models,"
        " from_versions, transfer_at, version_at, content, is_retired, who, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            wish.title, wish.version, wish.identifier, wish.sha256, len(content), maker, wish.signature.lower(),
            json.dumps(wish.models), json.dumps(wish.from_versions), wish.transfer_at, wish.version_at, content,
            False, actor(unit).name, int(now),
        ),
    )[0][0]  # fmt: skip
    audit.note(unit, "firmware.image", wish.title, sha256=wish.sha256, version=wish.version, maker=maker)
    return image(unit, number)


def _maker(wish: Wish, content: bytes, settings: FirmwareSettings) -> str:
    """Find whose signature it bears."""
    if not wish.signature:
        if settings.is_signature_needed:
            raise SecurityError("signature: an image without the signature of its maker is not taken")
        return ""
    if wish.maker not in settings.makers:
        known = ", ".join(sorted(settings.makers)) or "nobody yet (setting firmware.makers)"
        raise SecurityError(f"maker {wish.maker!r} is not known here; known: {known}")
    key = PublicKey.decode(P256, bytes.fromhex(settings.makers[wish.maker]))
    key.verify(bytes.fromhex(wish.signature), content)
    return wish.maker


@command(Permission.VIEW)
def image(unit: Unit, number: int) -> Image:
    """Find an image."""
    rows = unit.rows(f"SELECT {COLUMNS} FROM firmware_image WHERE id = ?", (number,))  # noqa: S608 - our own names
    if not rows:
        raise UnknownFirmwareError(f"there is no image {number}")
    return _image(rows[0])


@command(Permission.VIEW)
def images(unit: Unit, *, before: int | None = None, limit: int = 25) -> tuple[Image, ...]:
    """List images, newest first."""
    rows = unit.rows(
        f"SELECT {COLUMNS} FROM firmware_image WHERE id < ? ORDER BY id DESC LIMIT ?",  # noqa: S608
        (2**31 - 1 if before is None else before, limit),
    )
    return tuple(map(_image, rows))


@command(Permission.FIRMWARE)
def retire(unit: Unit, number: int) -> Image:
    """Let no new campaign take an image."""
    known = image(unit, number)
    unit.run("UPDATE firmware_image SET is_retired = ? WHERE id = ?", (True, known.id))
    audit.note(unit, "firmware.retire", known.title, sha256=known.sha256)
    return image(unit, number)


def _image(row: Row) -> Image:
    models, versions = (tuple(json.loads(text)) for text in row[8:10])
    return Image(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], models, versions, row[10], row[11],
        bool(row[12]), row[13], row[14],
    )  # fmt: skip


def wish(values: object) -> Wish:
    """Read what comes with an image.

    Raises:
        DecodeError: which field is wrong.
    """
    try:
        return Wish.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise DecodeError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
