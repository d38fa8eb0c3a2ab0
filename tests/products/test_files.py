"""Product files against data sheets: every figure as printed, every citation stated, every object readable."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from openami.cosem.objects import decode_whole
from openami.dlms.xdlms import AttributeDescriptor
from openami.meters import product
from openami.meters.build import Figure
from products.standing import DAY_S, Standing

SLUGS = ("ad11a", "ad13a", "im351", "sm306", "sm307", "sm120b2", "sed102", "sed302")
FIGURES: dict[str, Figure] = {
    identity: figure for slug in SLUGS for figure in product.load(slug).figures.values() for identity in figure.feature
}


@cache
def stated(shared: Path) -> dict[str, dict[str, Any]]:
    """Stated functions of each product."""
    text = (shared / "features.yaml").read_text(encoding="utf-8")
    return {p["system"]: {f["id"]: f for f in p["features"]} for p in yaml.safe_load(text)["products"].values()}


@pytest.mark.parametrize("identity", [pytest.param(i, marks=pytest.mark.feature(i)) for i in sorted(FIGURES)])
def test_a_figure_of_the_data_sheet_is_as_printed(identity: str, shared: Path) -> None:
    [feature] = [features[identity] for features in stated(shared).values() if identity in features]
    assert FIGURES[identity].value == ("" if feature["value"] is None else feature["value"])


@pytest.mark.parametrize("slug", SLUGS)
def test_every_figure_of_the_data_sheet_is_there_and_nothing_is_cited_that_is_not_stated(
    slug: str, shared: Path
) -> None:
    features = stated(shared)[slug]
    found = {identity for figure in product.load(slug).figures.values() for identity in figure.feature}
    assert found == {identity for identity, feature in features.items() if feature["kind"] == "data"}
    assert product.load(slug).features <= features.keys()


@pytest.mark.parametrize("slug", product.slugs())
def test_every_client_reads_all_that_it_may_in_its_type(slug: str) -> None:
    meter = Standing(slug, amps=5.0).live(DAY_S)
    device = meter.fleet.device(0)
    for row in meter.product.associations:
        for definition in meter.product.objects:
            rights = meter.product.access.get(row.client, {}).get(definition.key)
            for number in rights.readable if rights else ():
                octets = device.get(row.client, AttributeDescriptor(*definition.key, number))
                if octets is not None and definition.interface.class_id != 15:
                    decode_whole(definition.codec(definition.interface.attributes[number].name), octets)
