"""Every test of this folder runs on asyncio's own loop and, where it is installed, on uvloop."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from openami.aio.loop import loop_factory


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops."""
    uvloop = loop_factory()
    return {"asyncio": asyncio.new_event_loop} | ({} if uvloop is None else {"uvloop": uvloop})
