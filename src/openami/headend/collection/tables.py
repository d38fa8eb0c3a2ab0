"""Tables of the collection, and the opening of a database with all tables of the head-end."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from openami.headend.curves import tables as curves
from openami.headend.events import tables as events
from openami.headend.keys import tables as keys
from openami.headend.kit.database import METADATA, Database
from openami.headend.kit.settings import Settings
from openami.headend.registers import tables as registers
from openami.headend.registry import tables as registry

WORK = Table(
    "work",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("item", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due", Integer, nullable=False),
    Column("window_from", Integer, nullable=False),
    Column("window_to", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("lease_until", Float, nullable=False, server_default="0"),
    Column("worker", Text),
    Column("reason", Text),
    UniqueConstraint("meter", "item"),
)
"""What each meter has to deliver, one row per meter and item.

`due` is business time; `not_before` and `lease_until` follow the database's clock. `reason` is why the item
is still open.
"""

Index("work_order", WORK.c.priority.desc(), WORK.c.due)
Index("work_leased", WORK.c.meter, sqlite_where=WORK.c.lease_until > 0)

SESSION = Table(
    "session",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("meter", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("worker", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("reason", Text),
)
"""Every session: when (business time), how long (real seconds), what came in, and why not."""

Index("session_meter", SESSION.c.meter, SESSION.c.id)
Index("session_at", SESSION.c.at)

FEATURES = (registry, keys, curves, registers, events)
"""Importing them has put their tables into the schema."""


def open_database(settings: Settings) -> Database:
    """Open the database of an installation; a new file gets all tables."""
    database = Database(settings.database, max_pages=settings.max_pages)
    database.create()
    return database
