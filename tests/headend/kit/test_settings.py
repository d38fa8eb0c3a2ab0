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


def test_settings_may_stand_in_a_table_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "all.toml").write_text(
        '[headend]\ndata = "store"\n[headend.accounts]\npassword_min = 16\n[other]\nx = 1\n'
    )
    settings = Settings.load(tmp_path / "all.toml")
    assert settings.data == tmp_path / "store"
    assert settings.accounts.password_min == 16


def test_the_environment_counts_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "headend.toml").write_text('data = "store"\nlease_s = 5\nconcurrency = 3\n')
    environment = {
        "OPENAMI_LEASE_S": "60.5", "OPENAMI_LISTEN": '["::1", "127.0.0.1"]', "OPENAMI_LOG_JSON": "true",
        "OPENAMI_ACCOUNTS": '{"password_min": 20}', "OPENAMI_SHARED": "/not/ours",
    }  # fmt: skip
    settings = Settings.load(tmp_path / "headend.toml", environment)
    assert (settings.lease_s, settings.concurrency, settings.listen) == (60.5, 3, ("::1", "127.0.0.1"))
    assert (settings.log_json, settings.accounts.password_min) == (True, 20)
    assert Settings.of({"OPENAMI_DATA": "/srv/x"}, port=1).data == Path("/srv/x")
    with pytest.raises(DefinitionError, match="lease_s"):
        Settings.of({"OPENAMI_LEASE_S": "long"}, data=tmp_path)


def test_settings_are_shown_without_their_secrets(tmp_path: Path) -> None:
    url = "postgresql://ami:hunter2@db.example/meters"
    settings = Settings.of({"OPENAMI_DATABASE_URL": url, "OPENAMI_TLS_KEY_PASSWORD": "sesame"}, data=tmp_path)
    assert settings.url == url
    for told in (str(settings.shown()), repr(settings), str(settings)):
        assert "hunter2" not in told
        assert "sesame" not in told
    assert settings.shown()["database_url"] == "postgresql://ami:***@db.example/meters"
