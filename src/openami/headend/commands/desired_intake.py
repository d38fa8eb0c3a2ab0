"""Keeping what a comparison found, in the transaction that ends it."""

import json

from openami.headend.kit.database import Unit
from openami.headend.orders.schemas import Ended, State

KEEP = """
    INSERT INTO desired_actual (desired, meter, at, is_as_desired, drift) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (desired, meter) DO UPDATE SET
        at = excluded.at, is_as_desired = excluded.is_as_desired, drift = excluded.drift
"""


def settle(unit: Unit, ended: Ended) -> None:
    """Keep what a meter was found to be; one that was not reached stays as it was known."""
    if ended.state is not State.DONE or ended.result is None:
        return
    desired = json.loads(ended.order.payload)["desired"]
    drift = json.loads(ended.result)["drift"]
    at = ended.order.begun or ended.order.at
    unit.run(KEEP, (desired, ended.order.meter, at, not drift, json.dumps(drift, ensure_ascii=False)))
