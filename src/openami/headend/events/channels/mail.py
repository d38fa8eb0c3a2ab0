"""Notices by mail (SMTP)."""

import json
from email.message import EmailMessage

import aiosmtplib

from openami.headend.events.channels import ChannelError
from openami.headend.kit.watch_settings import MailChannel


async def deliver(channel: MailChannel, subject: str, body: str) -> None:
    """Send one mail."""
    message = EmailMessage()
    message["From"], message["To"] = channel.sender, ", ".join(channel.to)
    message["Subject"] = " ".join(subject.split())  # a line break would begin a header of its own
    message.set_content("\n".join(f"{name}: {value}" for name, value in json.loads(body).items()))
    try:
        await aiosmtplib.send(
            message, hostname=channel.host, port=channel.port, username=channel.user,
            password=channel.password.get_secret_value() if channel.password else None,
            use_tls=channel.tls == "whole", start_tls=channel.tls == "start", timeout=channel.timeout_s,
        )  # fmt: skip
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        raise ChannelError(f"mail server {channel.host}: {type(error).__name__}") from error
