from pathlib import Path

import pytest

from openami.core.errors import DefinitionError
from openami.headend.kit.settings import Settings


def test_settings_from_a_file_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "headend.toml").write_text('data = "store"\nconcurrency = 7\n')
    settings = Settings.load(tmp_path / "headend.toml")
    assert settings.database == tmp_path / "store" / "headend.db"
    assert settings.kek.parent == tmp_path
    assert settings.concurrency == 7


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("data = 'x'\nconcurency = 7", "concurency"),
        ("data = 'x'\nlease_s = -1", "lease_s"),
        ("data = ", "TOML"),
        ("zone = 'UTC'", "data"),
    ],
)
def test_a_mistake_is_named_by_file_and_key(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "headend.toml").write_text(text)
    with pytest.raises(DefinitionError, match=named) as caught:
        Settings.load(tmp_path / "headend.toml")
    assert "headend.toml" in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="no such file"):
        Settings.load(tmp_path / "none.toml")
