"""Tables of firmware. Times are business time."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from openami.headend.kit.columns import FLAG, INSTANT
from openami.headend.kit.database import METADATA

IMAGE = Table(
    "firmware_image",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("identifier", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("maker", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("models", Text, nullable=False),
    Column("from_versions", Text, nullable=False),
    Column("transfer_at", Text, nullable=False),
    Column("version_at", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("is_retired", FLAG, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
)
"""Images, never changed but for `is_retired`; `models` and `from_versions` are JSON lists."""

CAMPAIGN = Table(
    "firmware_campaign",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("image", Integer, ForeignKey("firmware_image.id"), nullable=False),
    Column("area", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("wave", Integer, nullable=False),
    Column("at_once", Integer, nullable=False),
    Column("per_node", Integer, nullable=False),
    Column("stop_percent", Integer, nullable=False),
    Column("waits_after_pilot", FLAG, nullable=False),
    Column("valid_s", Integer, nullable=False),
    Column("most_tries", Integer, nullable=False),
    Column("activates", INSTANT),
    Column("who", Text, nullable=False),
    Column("proposal", Integer),
    Column("at", INSTANT, nullable=False),
    Column("ended", INSTANT),
)
"""An image on its way; wave 0 is the pilot, `activates` is null for as soon as it is verified."""

METER = Table(
    "firmware_meter",
    METADATA,
    Column("campaign", Integer, ForeignKey("firmware_campaign.id"), primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("wave", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("is_initiated", FLAG, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("blocks", Integer, nullable=False, server_default="0"),
    Column("sent", Integer, nullable=False, server_default="0"),
    Column("before", Text),
    Column("after", Text),
    Column("reason", Text),
    Column("began", INSTANT),
    Column("verified", INSTANT),
    Column("ended", INSTANT),
)
"""Each meter of a campaign: how often it was tried, blocks of the image and blocks sent, versions read."""

Index("firmware_meter_state", METER.c.campaign, METER.c.wave, METER.c.state)
