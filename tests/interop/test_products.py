"""Outsiders, and the cases named after those of the DLMS UA, at every product that serves in a process of its own."""

import json
import subprocess
import sys

import pytest

from interop.cell import each
from interop.cells.products import TOURS
from openami.meters.product import load
from outsider import orders_for
from served import served

HISTORY = ("--history", "2")
LACKED = {116}
"""Classes that gurux-dlms does not have: it passes over them in the object list, and reads them by number."""


@pytest.mark.slow
@each(TOURS)
def test_every_readable_attribute_and_every_case(cell, peers, tmp_path):
    product = load(cell.facts["product"])
    lacked = [definition for definition in product.objects if definition.interface.class_id in LACKED]
    managed = {definition.key for definition in product.objects if definition not in lacked}
    raw = [(d.interface.class_id, str(d.logical_name), n) for d in lacked for n in d.interface.attributes if n > 1]
    with served(tmp_path, *HISTORY, product=product.slug) as fleet:
        meter = fleet.meters[0]
        found = cell.ask(peers, "tour", orders_for(meter, client=1, invocation_counter=100, raw=raw))
        report = conformance(meter, tmp_path)
    assert found["errors"] == {}
    assert {(class_id, name) for class_id, _, name, _ in found["objects"]} == {
        (class_id, str(name)) for class_id, name in managed
    }
    assert {"/".join(map(str, key)) for key in raw} <= found["values"].keys()
    assert len(found["values"]) > 2 * len(found["objects"])
    assert {case["verdict"] for case in report["cases"]} <= {"pass", "not applicable"}
    assert sum(case["verdict"] == "pass" for case in report["cases"]) >= 30


def conformance(meter, folder):
    """The cases run against a meter, as the command prints them."""
    url = f"tcp://{meter['address']}:{meter['port']}"
    command = [sys.executable, "-m", "openami", "meter", "test", "--conformance", url, "--json"]
    command += ["--keys", str(folder / "shipment.csv"), "--meter", meter["serial"]]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)
