"""Tables of the collection, and the opening of a database with all tables of the head-end."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from openami.headend.accounts import tables as accounts
from openami.headend.commands import tables as commands
from openami.headend.curves import tables as curves
from openami.headend.ert import tables as ert
from openami.headend.events import tables as events
from openami.headend.firmware import tables as firmware
from openami.headend.keys import tables as keys
from openami.headend.kit.columns import INSTANT, WIDE
from openami.headend.kit.database import METADATA, Database
from openami.headend.kit.settings import Settings
from openami.headend.orders import tables as orders
from openami.headend.outage import tables as outage
from openami.headend.prepayment import tables as prepayment
from openami.headend.registers import tables as registers
from openami.headend.registry import tables as registry
from openami.headend.tariffs import tables as tariffs

WORK = Table(
    "work",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("item", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("due", INSTANT, nullable=False),
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
Index("work_leased", WORK.c.meter, sqlite_where=WORK.c.lease_until > 0, postgresql_where=WORK.c.lease_until > 0)

SESSION = Table(
    "session",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("meter", Integer, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("worker", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("reason", Text),
)
"""Every session: when (business time), how long (real seconds), what came in, and why not."""

Index("session_meter", SESSION.c.meter, SESSION.c.id)
Index("session_at", SESSION.c.at)

FEATURES = (
    accounts, registry, keys, orders, curves, registers, events, outage, ert,
    prepayment, commands, tariffs, firmware,
)  # fmt: skip
"""Importing them has put their tables into the schema."""

SCHEMA = METADATA
"""All tables of the head-end."""


def open_database(settings: Settings) -> Database:
    """Open the database of an installation; a new one gets all tables, an older file is brought up.

    An older PostgreSQL database is not: other processes may be at work there (`openami headend migrate`).
    """
    database = connect(settings)
    try:
        database.create(may_upgrade=database.path is not None)
    except BaseException:
        database.close()
        raise
    return database


def connect(settings: Settings) -> Database:
    """Reach the database of an installation as it is."""
    return Database.at(settings.url, max_pages=settings.max_pages)
