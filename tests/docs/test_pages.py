"""Pages hold what they say: those made from the code are up to date, links lead somewhere, commands exist."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import ROOT, anchors, blocks, every_page, links, name, read
from openami.cli.credentials import from_settings
from openami.cli.keyring import key_lookup
from openami.core.errors import DefinitionError
from openami.meters import definition
from openami.meters.product import load_from

SECTION = re.compile(r"^## openami ([a-z ]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def test_pages_made_from_the_code_are_up_to_date() -> None:
    command = [sys.executable, "-W", "error", ROOT / "docs" / "build.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", every_page(), ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", every_page(), ids=name)
def test_no_page_names_a_machine_or_an_index(page: Path) -> None:
    assert not re.search(r"/(home|root|work|tmp)/|https?://(?!127\.0\.0\.1)", read(page))


@pytest.mark.parametrize("page", [page for page in every_page() if blocks(page, "sh")], ids=name)
def test_commands_in_examples_exist_with_their_options(page: Path) -> None:
    known = dict(SECTION.findall(read(ROOT / "docs" / "reference" / "commands.md")))
    for line in "".join(blocks(page, "sh")).replace("\\\n", "").splitlines():
        words = shlex.split(line.partition("openami ")[2] if "openami " in line else "", comments=True)
        if not words or line.lstrip().startswith(("curl", "sqlite3", "pip", "make")):
            continue
        command = next((" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in known), None)
        assert command is not None, line
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        assert [option for option in options if f"`{option}`" not in known[command]] == [], line


def test_every_how_to_is_in_the_index() -> None:
    listed = set(links(ROOT / "docs" / "README.md"))
    folders = ("tutorials", "howto", "explanation")
    pages = {f"{folder}/{page.name}" for folder in folders for page in (ROOT / "docs" / folder).glob("*.md")}
    assert pages <= listed


def test_the_picture_is_small_enough_for_a_repository() -> None:
    assert (ROOT / "docs" / "images" / "overview.png").stat().st_size < 200_000


def example_product(folder: Path, text: str) -> Path:
    """Put the product of the how-to beside those there are."""
    shutil.copytree(Path(str(definition.products())), folder)
    (folder / "example.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_product_of_the_how_to_loads(tmp_path: Path) -> None:
    [text] = blocks(ROOT / "docs" / "howto" / "add-a-product.md", "toml")
    product = load_from("example", example_product(tmp_path / "products", text))
    assert product.constant("standard_event_log", "profile_entries") == 50
    assert "reactive_energy_export" in product.by_name


def test_the_mistake_of_the_how_to_is_told_as_printed(tmp_path: Path) -> None:
    page = ROOT / "docs" / "howto" / "add-a-product.md"
    [text], [sentence] = blocks(page, "toml"), blocks(page, "text")
    wrong = text + '\n[[object]]\nname = "clock"\nwrite = ["time_zon"]\n'
    with pytest.raises(DefinitionError) as error:
        load_from("example", example_product(tmp_path / "products", wrong))
    assert f"openami: {error.value}" == sentence.strip()


def test_the_registers_of_the_how_to_load_with_its_product(tmp_path: Path) -> None:
    pages = ("add-a-product.md", "describe-registers.md")
    text = "\n".join(text for page in pages for text in blocks(ROOT / "docs" / "howto" / page, "toml"))
    product = load_from("example", example_product(tmp_path / "products", text))
    assert product.profiles.keys() >= {"billing", "interval"}
    assert product.recording.demand.keys() == {"active"}


def test_the_twin_of_the_how_to_loads(tmp_path: Path) -> None:
    [text] = blocks(ROOT / "docs" / "howto" / "clone-a-meter.md", "toml")
    (tmp_path / "twin.toml").write_text(text, encoding="utf-8")
    assert load_from("twin", tmp_path).by_name["own"].interface.class_id == 9000


def only_toml(folder: Path, page: str) -> Path:
    """The one TOML file that a how-to shows."""
    [text] = blocks(ROOT / "docs" / "howto" / page, "toml")
    file = folder / "keys.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_keys_file_for_reading_is_read(tmp_path: Path) -> None:
    assert from_settings(only_toml(tmp_path, "read-a-meter.md"))["client_title"] == "4F414D4845530001"


def test_the_keys_file_for_listening_is_read(tmp_path: Path) -> None:
    keys = key_lookup(only_toml(tmp_path, "push.md"))(bytes.fromhex("4f414d0000000001"))
    assert keys is not None
    assert keys.encryption == bytes(range(16))


def test_ten_lines_are_ten() -> None:
    tutorial = ROOT / "docs" / "tutorials" / "read-a-meter-in-ten-lines.md"
    ten = [code for code in blocks(tutorial, "python") if "profile(" in code]
    assert [len([line for line in code.splitlines() if line]) for code in ten] == [10]
