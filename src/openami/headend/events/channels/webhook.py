"""Notices by webhook: one POST of JSON."""

import hashlib
import hmac
from http import HTTPStatus

import httpx

from openami.headend.events.channels import ChannelError
from openami.headend.kit.watch_settings import WebhookChannel

SIGNATURE = "X-OpenAMI-Signature"


async def deliver(channel: WebhookChannel, subject: str, body: str) -> None:
    """Post it; anything but a success is a failure, and redirects are not followed."""
    del subject
    content = body.encode()
    headers = {"Content-Type": "application/json"}
    if channel.secret is not None:
        key = channel.secret.get_secret_value().encode()
        headers[SIGNATURE] = "sha256=" + hmac.new(key, content, hashlib.sha256).hexdigest()
    try:
        async with httpx.AsyncClient(timeout=channel.timeout_s, trust_env=False) as client:
            answer = await client.post(channel.url.get_secret_value(), content=content, headers=headers)
    except httpx.HTTPError as error:  # its text may hold the address, and that a token
        raise ChannelError(f"webhook: {type(error).__name__}") from error
    if not HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        raise ChannelError(f"webhook answered {answer.status_code}")
