import pytest

from openami.core.errors import DefinitionError
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import FOLDER, Kind, model, parse, slugs

TEXT = (FOLDER / "compactiq.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("slug", slugs())
def test_every_model_loads(slug: str) -> None:
    for item in model(slug).item:
        if item.kind is not Kind.CLOCK:
            layout = Layout.of(item, "UTC")
            assert Layout.parse(layout.definition).dtype == layout.dtype


def test_load_profile_of_the_compactiq_holds_status_import_and_export() -> None:
    item = model("compactiq").main_profile
    assert item.logical_name == "1.0.99.1.0.255"
    assert [column.logical_name for column in item.columns] == [
        "0.0.1.0.0.255", "0.0.96.10.2.255", "1.0.1.8.0.255", "1.0.2.8.0.255",
    ]  # fmt: skip
    assert item.history_s == 960 * item.period_s == 960 * 900


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("delay_s", "dealy_s", "dealy_s"),
        ("1.0.99.1.0.255", "1.0.99.1.0.256", "logical_name"),
        ('"WATT_HOUR"', '"WATTHOUR"', "unit"),
        ('type = "unsigned"', 'type = "unsinged"', "unsinged"),
        ('kind = "log"', 'kind = "lock"', "kind"),
        ('role = "stamp"', 'role = "value"', "stamp"),
        ("is_rolled_up = true", "is_rolled_up = false", "rolled up"),
        ('name = "daily"', 'name = "monthly"', "one name"),
        ("[[item]]", "[[item]", "TOML"),
    ],
)
def test_a_typo_is_named_with_its_file(right: str, wrong: str, named: str) -> None:
    assert right in TEXT
    with pytest.raises(DefinitionError, match=r"compactiq\.toml") as caught:
        parse(TEXT.replace(right, wrong), "compactiq")
    assert named in str(caught.value)


@pytest.mark.parametrize("slug", ["../secret", "", "nothing"])
def test_an_unknown_product_is_refused(slug: str) -> None:
    with pytest.raises(DefinitionError, match="compactiq"):
        model(slug)
