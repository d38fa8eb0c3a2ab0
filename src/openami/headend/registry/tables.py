"""Tables of the registry."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text

from openami.headend.kit.database import METADATA

NODE = Table(
    "node",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)
"""Places of the network that energy is summed over: neighbourhood, feeder, transformer."""

METER = Table(
    "meter",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("serial", Text, nullable=False, unique=True),
    Column("product", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("system_title", Text, nullable=False),
    Column("node", Integer, ForeignKey("node.id"), nullable=False),
    Column("zone", Text, nullable=False),
    Column("added", Integer, nullable=False),
    Column("last_contact", Integer),
    Column("last_read", Integer),
    Column("clock_offset_s", Float),
    Column("reason", Text),
)
"""Times are business time, epoch seconds; `reason` is why the last session failed."""

Index("meter_state", METER.c.state)

LAYOUT = Table(
    "layout",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("definition", Text, nullable=False, unique=True),
)
"""Capture lists met so far; rows and blocks name theirs by number."""
