"""The `[links]` section: ways by module or by link, and the mistakes in it that are refused."""

import pytest
from pydantic import ValidationError

from openami.core.errors import DefinitionError
from openami.meters.builder import rows_of
from openami.meters.product import load
from openami.meters.sections.links import Links

GIVEN = {
    "places": {"value": 2, "feature": "SM306-01"},
    "way": {
        "cellular": {"module": "sensemi_4g", "feature": "SM306-49"},
        "rf": {"model": "rf", "feature": ["SM306-49"]},
    },
}


def test_a_way_is_a_module_or_a_link() -> None:
    links = Links.model_validate(GIVEN)
    assert links.places.value == 2
    assert links.model("cellular").name == "cat4"
    assert links.model("rf").name == "rf"
    assert links.model("gprs").name == "gprs", "a link's own name"
    with pytest.raises(DefinitionError, match="no link 'pigeon'; there are gprs"):
        links.model("pigeon")
    assert {identity for row in rows_of(links) for identity in row.feature} == {"SM306-01", "SM306-49"}


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        ({}, "expected either module or model"),
        ({"module": "cm1", "model": "gprs"}, "expected either module or model"),
        ({"module": "cm2"}, "no module 'cm2'; expected one of add_gsm, cm1"),
        ({"model": "pigeon"}, "no link 'pigeon'; expected one of gprs"),
        ({"model": "gprs", "speed": 3}, "Extra inputs"),
    ],
)
def test_mistakes_are_refused(way: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Links.model_validate({"way": {"x": way}})


@pytest.mark.feature("IQ0404100K1-R-37", "IQ0404100K1-R-38")
def test_the_compactiq_is_reached_by_lte_m_also_at_450_mhz() -> None:
    product = load("compactiq")
    (way,) = product.links.way.values()
    assert way.links == ("lte-m", "lte-m-450")
    assert product.links.places.value == 0, "built in"
    assert {"IQ0404100K1-R-37", "IQ0404100K1-R-38"} <= product.features
