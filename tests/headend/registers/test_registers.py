import numpy as np
import pytest

from headend.fake_meters import ZONE, serial_of
from openami.core.units import Unit as PhysicalUnit
from openami.headend.kit.database import Database
from openami.headend.kit.errors import UnknownMeterError
from openami.headend.registers import service
from openami.headend.registry.layout import Layout
from openami.headend.registry.models import model

LAYOUT = Layout.of(model("compactiq").find("daily"), ZONE)


def rows(*imports: int) -> np.ndarray:
    made = np.zeros(len(imports), LAYOUT.dtype)
    made["1.0.1.8.1.255"] = imports
    made["1.0.1.8.2.255"] = np.array(imports) * 2
    made["0.0.96.10.4.255"] = 8
    return made


def test_closings_show_status_and_both_rates_newest_first(database: Database, series: object) -> None:
    with database.write() as unit:
        service.store(unit, LAYOUT, [service.Closings(1, "daily", np.array([100, 200]), rows(5, 6))])
        service.store(unit, LAYOUT, [service.Closings(1, "monthly", np.array([200]), rows(6))])
        found = service.billing(unit, serial_of(0))
        assert [(closing.kind, closing.at) for closing in found] == [("daily", 200), ("monthly", 200), ("daily", 100)]
        assert found[0].status == 8
        assert [(r.logical_name, r.value, r.amount, r.unit) for r in found[0].readings[:2]] == [
            ("1.0.1.8.1.255", 6, 6.0, PhysicalUnit.WATT_HOUR),
            ("1.0.1.8.2.255", 12, 12.0, PhysicalUnit.WATT_HOUR),
        ]
        assert [closing.at for closing in service.billing(unit, serial_of(0), "daily", before=200)] == [100]
        assert service.latest(unit, [1, 2], "daily") == {1: 200}


def test_the_same_closing_twice_is_one_and_a_corrected_one_replaces_it(database: Database, series: object) -> None:
    for value in (5, 5, 7):
        with database.write() as unit:
            service.store(unit, LAYOUT, [service.Closings(1, "daily", np.array([100]), rows(value))])
    with database.read() as unit:
        (closing,) = service.billing(unit, serial_of(0))
        assert closing.readings[0].value == 7


def test_billing_of_nobody_is_refused(database: Database) -> None:
    with database.read() as unit, pytest.raises(UnknownMeterError):
        service.billing(unit, "nobody")
