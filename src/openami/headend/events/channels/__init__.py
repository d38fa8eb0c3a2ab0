"""Channels: mail, webhooks, MQTT. Each sends one notice, or says in one sentence why it could not."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any, TypeAlias

from openami.core.errors import AmiError
from openami.headend.kit.watch_settings import Channel


class ChannelError(AmiError):
    """A channel did not take a notice; worth another try."""


Deliver: TypeAlias = Callable[[Any, str, str], Awaitable[None]]


async def send(channels: Mapping[str, Channel], name: str, subject: str, body: str) -> None:
    """Send a notice to one of the channels; `body` is JSON. The libraries are loaded when one is needed.

    Raises:
        ChannelError: why it was not taken.
    """
    if (channel := channels.get(name)) is None:
        raise ChannelError(f"there is no channel {name!r} in the settings any more")
    deliver: Deliver = import_module(f"{__name__}.{channel.kind}").deliver
    await deliver(channel, subject, body)
