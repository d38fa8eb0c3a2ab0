"""`openami meter image`: firmware images for virtual meters, made and looked at."""

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from openami.cli.show import Json, fail, show_json, show_table
from openami.core.errors import AmiError, DecodeError
from openami.dlms.security.curve import PrivateKey, PublicKey
from openami.meters.build import Product
from openami.meters.firmware.faults import Target
from openami.meters.firmware.image import PARTS, FirmwareImage, Part, Sealed, simulated_maker
from openami.meters.firmware.version import Version
from openami.meters.product import load

app = typer.Typer(
    add_completion=False,
    help="Firmware images of virtual meters: make one to test an upgrade with, show what one is.",
    no_args_is_help=True,
    epilog="Example:  openami meter image make compactiq fw.img --version '01 02 03 05'",
)

SIZE: Final = 65_536
KeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--key", exists=True, dir_okay=False, help="PEM file of a P-256 key; else that of the simulation."),
]


@app.command(
    epilog="Examples:\n\n  openami meter image make compactiq fw.img --version '01 02 03 05'\n\n"
    "  openami meter image make compactiq modem.img --part modem --version 01_02_04 --content modem.bin\n\n"
    "  openami meter image make compactiq forged.img --version '01 02 03 05' --key other.pem"
)
def make(
    product: Annotated[str, typer.Argument(help="Product the image is for, as `meter list` gives it.")],
    out: Annotated[Path, typer.Argument(help="File to write.")],
    *,
    version: Annotated[str, typer.Option(help="Version, in the form the product gives its own.")],
    part: Annotated[str, typer.Option(help=f"Part of the firmware: {', '.join(PARTS)}.")] = Part.NON_LEGAL.word,
    content: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="What it holds.")] = None,
    size: Annotated[int, typer.Option(min=1, help="Octets it holds, if no content is given.")] = SIZE,
    identifier: Annotated[str | None, typer.Option(help="Image identifier; else the one the product states.")] = None,
    model: Annotated[str | None, typer.Option(help="Model it is for; else that of the product.")] = None,
    least: Annotated[str, typer.Option(help="Least version from which it may be reached.")] = "",
    defective: Annotated[bool, typer.Option("--defective", help="Its self-check will fail.")] = False,
    key: KeyFile = None,
) -> None:
    """Make a signed image; the options also make those that a meter refuses."""
    found = product_of(product)
    if part not in PARTS:
        fail(f"no part {part!r}; there are {', '.join(PARTS)}", 2)
    try:
        octets = filling(size) if content is None else content.read_bytes()
        image = FirmwareImage(
            (stated_identifier(found, part) if identifier is None else identifier).encode(),
            found.head.model if model is None else model,
            PARTS[part],
            Version.parse(version),
            octets,
            Version.parse(least) if least else None,
            defective,
        )
        data = image.encode(private_key(key))
        out.write_bytes(data)
    except (AmiError, OSError) as error:
        fail(str(error), 2)
    typer.echo(f"{out}: {len(data)} octets, {part} {version} of {image.model}")


@app.command(
    epilog="Examples:\n\n  openami meter image show fw.img\n\n  openami meter image show fw.img --product compactiq"
)
def show(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Image to look at.")],
    *,
    product: Annotated[str, typer.Option(help="Say whether a new meter of this product would take it.")] = "",
    key: KeyFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what an image is for, and whether content and signature are right."""
    try:
        sealed = Sealed.decode(file.read_bytes())
        facts = described(sealed, public_key(key))
    except AmiError as error:
        fail(f"{file}: {error}", 1)
    if product:
        facts["verdict"] = verdict(product_of(product), sealed)
    if as_json:
        show_json(facts)
        return
    show_table(str(file), ("what", "value"), [(name.replace("_", " "), value) for name, value in facts.items()])


def product_of(slug: str) -> Product:
    """Load a product that has firmware."""
    try:
        found = load(slug)
    except AmiError as error:
        fail(str(error), 2)
    if found.firmware is None:
        fail(f"the file of {slug} says nothing of firmware", 2)
    return found


def stated_identifier(product: Product, part: str) -> str:
    """Identifier under which a product takes images for a part."""
    rows = product.firmware.transfer.values() if product.firmware else ()
    return next((row.identifier for row in rows if part in row.parts and row.identifier), product.head.model)


def filling(size: int) -> bytes:
    """Content of that many octets, the same each time."""
    return bytes(number % 251 for number in range(size))


def private_key(path: Path | None) -> PrivateKey:
    """Read the maker's key."""
    if path is None:
        return simulated_maker()
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from openami.dlms.security.curve import P256

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise DecodeError(f"{path}: expected a private key in PEM, without a password") from error
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != P256.group.name:
        raise DecodeError(f"{path}: expected a key on P-256")
    return PrivateKey(P256, key)


def public_key(path: Path | None) -> PublicKey:
    """Read the key that the signature is to be by: a public one, or the maker's own."""
    if path is None:
        return simulated_maker().public
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        return PublicKey.of(load_pem_public_key(path.read_bytes()))
    except ValueError:
        return private_key(path).public


def described(sealed: Sealed, maker: PublicKey) -> dict[str, Json]:
    """Say what an image is."""
    image = sealed.image
    return {
        "identifier": image.identifier.decode(errors="replace"),
        "model": image.model,
        "part": image.part.word,
        "version": image.version.text,
        "least_version": image.least_text,
        "octets_of_content": len(image.content),
        "sha_256": sealed.digest.hex(),
        "content_intact": sealed.is_intact,
        "signature": sealed.signature.hex(),
        "signature_right": sealed.is_signed_by(maker),
        "defective": image.is_defective,
        "test_image": image.version.is_test,
    }


def verdict(product: Product, sealed: Sealed) -> str:
    """Say what a meter as it leaves the factory makes of an image."""
    section = product.firmware
    rows = [row for row in section.transfer.values() if sealed.image.part.word in row.parts] if section else []
    if section is None or not rows:
        return "wrong part"
    running = {str(name): Version(row.version) for name, row in section.part.items()}
    target = Target(product.head.model, section, rows[0], sealed.image.identifier, running)
    fault = target.judge(sealed)
    return "taken" if not fault else fault.name.lower().replace("_", " ")
