"""`openami meter image`: images made by the command are those that meters take or refuse."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from meters.upgrading import content, made
from openami.cli import app
from openami.meters.firmware.image import Part, Sealed
from openami.meters.firmware.version import Version

RUNNER = CliRunner()
VERSION = ("--version", "01 02 03 05")


def run(*arguments: object) -> tuple[int, str, str]:
    done = RUNNER.invoke(app, ["meter", "image", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def shown(file: Path, *options: object) -> dict[str, object]:
    code, out, _ = run("show", file, "--json", *options)
    assert code == 0
    return json.loads(out)


def test_an_image_of_given_content_is_the_one_our_own_tests_make(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(content())
    code, out, _ = run("make", "compactiq", tmp_path / "fw.img", *VERSION, "--content", tmp_path / "content")
    assert code == 0
    assert "non_legal 01 02 03 05 of IQ0404100K1-R" in out
    assert (tmp_path / "fw.img").read_bytes() == made()
    facts = shown(tmp_path / "fw.img", "--product", "compactiq")
    assert (facts["identifier"], facts["octets_of_content"]) == ("KFM-03", 5_000)
    assert facts["content_intact"] is facts["signature_right"] is True
    assert facts["verdict"] == "taken"


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        (("--model", "AD11A"), "wrong model"),
        (("--identifier", "KFM-01"), "wrong identifier"),
        (("--part", "legal"), "factory only"),
        (("--part", "whole"), "wrong part"),
        (("--part", "modem"), "wrong version"),
        (("--version", "01 02 03 03"), "older"),
        (("--version", "FF 02 03 04"), "taken"),
        (("--least", "01 02 03 05"), "too far"),
        (("--size", "1"), "taken"),
        (("--defective",), "taken"),
    ],
)
def test_options_make_images_that_are_refused(options: tuple[str, ...], verdict: str, tmp_path: Path) -> None:
    assert run("make", "compactiq", tmp_path / "fw.img", *VERSION, *options)[0] == 0
    assert shown(tmp_path / "fw.img", "--product", "compactiq")["verdict"] == verdict


def test_an_image_for_the_modem(tmp_path: Path) -> None:
    given = ("--part", "modem", "--version", "01_02_04", "--size", "10")
    run("make", "compactiq", tmp_path / "fw.img", *given)
    image = Sealed.decode((tmp_path / "fw.img").read_bytes()).image
    assert (image.part, image.version, len(image.content)) == (Part.MODEM, Version("01_02_04"), 10)
    code, out, _ = run("show", tmp_path / "fw.img")
    assert code == 0
    assert "01_02_04" in out


def test_keys_come_from_files(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = tmp_path / "maker.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert run("make", "compactiq", tmp_path / "fw.img", *VERSION, "--key", private)[0] == 0
    assert shown(tmp_path / "fw.img")["signature_right"] is False
    assert shown(tmp_path / "fw.img", "--product", "compactiq")["verdict"] == "bad signature"
    for file in (private, public):
        assert shown(tmp_path / "fw.img", "--key", file)["signature_right"] is True


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("compactiq", "--version", "1.2"), "is no version"),
        (("compactiq", *VERSION, "--part", "heart"), "no part 'heart'; there are legal"),
        (("nosuch", *VERSION), "no product"),
    ],
)
def test_mistakes_are_told_in_a_sentence(options: tuple[str, ...], says: str, tmp_path: Path) -> None:
    product, *rest = options
    code, _, err = run("make", product, tmp_path / "fw.img", *rest)
    assert code == 2
    assert says in err
    assert err.startswith("openami: ")


def test_what_is_no_key_and_no_image(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"nothing")
    code, _, err = run("make", "compactiq", tmp_path / "fw.img", *VERSION, "--key", file)
    assert (code, "expected a private key in PEM" in err) == (2, True)
    file384 = tmp_path / "p384.pem"
    key = ec.generate_private_key(ec.SECP384R1())
    file384.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    code, _, err = run("make", "compactiq", tmp_path / "fw.img", *VERSION, "--key", file384)
    assert (code, "expected a key on P-256" in err) == (2, True)
    code, _, err = run("show", file)
    assert (code, "no firmware image" in err) == (1, True)
