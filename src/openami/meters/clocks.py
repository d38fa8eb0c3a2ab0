"""How far the clocks of drawn meters run fast or slow: fixed by the serial number, within what the product states."""

import numpy as np
from numpy.typing import NDArray

from openami.core.time import DAY_S
from openami.metering import commands
from openami.metering.state import State
from openami.meters import draws
from openami.meters.build import Product
from openami.meters.identity import Identity

STREAM, TERMS = 3_000, 12
BOUND = 3.0
"""The factory lets nothing out beyond the limit, which lies at three standard deviations."""
MILLI_IN_BILLION = 1_000_000


def drawn_ppb(product: Product, meters: int) -> NDArray[np.int64]:
    """Parts in 10^9 by which each clock runs fast; nothing where the product states no limit. [meters]."""
    limit = product.monitoring.clock.drift_ms
    if limit is None:
        return np.zeros(meters, np.int64)
    seeds = draws.seeds(Identity().serials(meters))
    normal = np.sum([draws.uniform(seeds, STREAM + term) for term in range(TERMS)], axis=0) - TERMS / 2
    most = limit.value * MILLI_IN_BILLION / DAY_S
    ppb: NDArray[np.int64] = np.trunc(np.clip(normal / BOUND, -1, 1) * most).astype(np.int64)
    return ppb


def draw(product: Product, laws: State) -> None:
    """Let the clocks of new meters go as the factory left them."""
    ppb = drawn_ppb(product, laws.count)
    commands.set_drift(laws, np.flatnonzero(ppb), ppb[ppb != 0])
