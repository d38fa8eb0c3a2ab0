"""Tables of orders. `due`, `expires` and what was noted are business time, epoch seconds."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from openami.headend.kit.columns import FLAG, INSTANT, WIDE
from openami.headend.kit.database import METADATA

BATCH = Table(
    "order_batch",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("area", Text, nullable=False, server_default="/"),
    Column("total", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("changed", INSTANT, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("proposal", Integer),
)
"""Orders that were given together. `area` is the scope that holds all their meters."""

ORDER = Table(
    "device_order",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due", INSTANT, nullable=False),
    Column("expires", INSTANT, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("worker", Text),
    Column("batch", Integer, ForeignKey("order_batch.id")),
    Column("who", Text, nullable=False),
    Column("proposal", Integer),
    Column("at", INSTANT, nullable=False),
    Column("begun", INSTANT),
    Column("ended", INSTANT),
    Column("result", Text),
    Column("reason", Text),
)
"""One thing that one meter is told. `begun` is set before the first octet of it may leave us; `ended` once its
outcome is final; `payload` and `result` are JSON and hold no key."""

Index("device_order_meter", ORDER.c.meter, ORDER.c.id)
Index(
    "device_order_open", ORDER.c.meter, sqlite_where=ORDER.c.ended.is_(None), postgresql_where=ORDER.c.ended.is_(None)
)
Index(
    "device_order_expires",
    ORDER.c.expires,
    sqlite_where=ORDER.c.ended.is_(None),
    postgresql_where=ORDER.c.ended.is_(None),
)
Index("device_order_batch", ORDER.c.batch, ORDER.c.state)
Index("device_order_begun", ORDER.c.kind, ORDER.c.begun)

SWITCH = Table(
    "order_switch",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("is_commissioned", FLAG, nullable=False),
    Column("is_stopped", FLAG, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
)
"""One row, once anything was switched: without it the installation is read-only."""
