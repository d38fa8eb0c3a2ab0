"""The peers, each in a process of its own for as long as there are tests for it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from outsider import Outsider, outsider


@pytest.fixture(scope="session")
def peers() -> Iterator[Mapping[str, Outsider]]:
    """Peers by name; a process begins with the first order."""
    with ExitStack() as stack:
        yield {
            "gurux-dlms": stack.enter_context(outsider("gurux_peer.py")),
            "iec62056-21": stack.enter_context(outsider("iec_peer.py")),
            "dlms-cosem": stack.enter_context(outsider("cosem_peer.py")),
        }
