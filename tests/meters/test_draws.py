"""The counter-based generator: even, independent, the same again."""

import numpy as np
import pytest

from openami.meters import draws


def test_draws_are_even_and_independent() -> None:
    seeds = draws.seeds(str(number) for number in range(100))
    bits = draws.bits(seeds, np.arange(1000, dtype=np.int64), 3)
    assert bits.shape == (1000, 100)
    assert len(np.unique(bits)) == bits.size
    ones = np.unpackbits(bits.view(np.uint8)).mean()
    assert ones == pytest.approx(0.5, abs=0.001)
    uniform = draws.uniform(seeds, 1)
    assert uniform.min() >= 0.0
    assert uniform.max() < 1.0
    assert abs(np.corrcoef(uniform, draws.uniform(seeds, 2))[0, 1]) < 0.3
