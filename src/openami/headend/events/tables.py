"""Tables of events."""

from sqlalchemy import Column, Integer, Table, Text

from openami.headend.kit.database import METADATA

EVENT = Table(
    "event",
    METADATA,
    Column("meter", Integer, primary_key=True),
    Column("log", Text, primary_key=True),
    Column("at", Integer, primary_key=True),
    Column("code", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("detail", Text),
    sqlite_with_rowid=False,
)
"""`seq` counts events of one code in one second; `detail` is what else the log captured, as JSON."""
