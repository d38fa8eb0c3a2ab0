"""Tables of ERT endpoints."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text

from openami.headend.kit.columns import INSTANT, WIDE
from openami.headend.kit.database import METADATA

ENDPOINT = Table(
    "ert_endpoint",
    METADATA,
    Column("endpoint", WIDE, primary_key=True, autoincrement=False),
    Column("meter", Integer, ForeignKey("meter.id"), unique=True),
    Column("ert_type", Integer),
    Column("count_wh", Integer, nullable=False),
    Column("first_at", Float),
    Column("last_at", Float),
    Column("count", WIDE),
    Column("counted_at", Float),
    Column("level_dbfs", Float),
    Column("receiver", Text),
    Column("phase_s", Integer),
    Column("shift", Integer),
    Column("told_at", Float),
    Column("scm_tampers", Text),
    Column("idm_tampers", Text),
)
"""Every endpoint that was heard or is registered; without a meter it is a discovery.

`count` is the latest count without roll-over, `counted_at` when it was so. Intervals begin `phase_s` after the full
five minutes; the number of an interval by time is its count and `shift`, modulo 256. The counters of tampers are those
of `told_at`. Times are UTC, epoch seconds.
"""

Index("ert_endpoint_last", ENDPOINT.c.last_at)

READING = Table(
    "ert_reading",
    METADATA,
    Column("endpoint", WIDE, primary_key=True, autoincrement=False),
    Column("slot", INSTANT, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("kind", Text, nullable=False),
    Column("count", WIDE, nullable=False),
    Column("level_dbfs", Float),
    Column("receiver", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The first register that a meter's endpoint told in each slot of time: what was heard, when, where."""
