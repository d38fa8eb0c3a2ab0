"""Tables of closed registers."""

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from openami.headend.kit.columns import INSTANT
from openami.headend.kit.database import METADATA

CLOSING = Table(
    "closing",
    METADATA,
    Column("meter", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("layout", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""One row per closing: `at` is the instant of closing (the 00:00 row closes the day before), `data` the raw
values packed as the layout says."""
