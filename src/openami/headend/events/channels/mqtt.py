"""Notices by MQTT: published once it is acknowledged (quality of service 1)."""

import asyncio

import aiomqtt

from openami.headend.events.channels import ChannelError
from openami.headend.kit.watch_settings import MqttChannel


async def deliver(channel: MqttChannel, subject: str, body: str) -> None:
    """Publish it."""
    del subject
    try:
        async with asyncio.timeout(2 * channel.timeout_s):
            async with aiomqtt.Client(
                channel.host, channel.port, username=channel.user, timeout=channel.timeout_s,
                password=channel.password.get_secret_value() if channel.password else None,
                tls_params=aiomqtt.TLSParameters() if channel.tls else None,
            ) as client:  # fmt: skip
                await client.publish(channel.topic, body, qos=1)
    except (aiomqtt.MqttError, OSError, TimeoutError) as error:
        raise ChannelError(f"MQTT broker {channel.host}: {type(error).__name__}") from error
