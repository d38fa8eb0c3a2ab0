"""Tables of commands."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from openami.headend.kit.columns import FLAG, INSTANT
from openami.headend.kit.database import METADATA

RELAY_LOCK = Table(
    "relay_lock",
    METADATA,
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
)
"""Meters whose supply may not be cut, and why. `at` is real time."""

TEMPLATE = Table(
    "command_template",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
)
"""Commands with their parameters (JSON), kept under a name."""

DESIRED = Table(
    "desired",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("ended", INSTANT),
)
"""What attributes of a group of meters ought to be; `choice` says which meters, `items` which attributes (JSON)."""

ACTUAL = Table(
    "desired_actual",
    METADATA,
    Column("desired", Integer, ForeignKey("desired.id"), primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("at", INSTANT, nullable=False),
    Column("is_as_desired", FLAG, nullable=False),
    Column("drift", Text, nullable=False),
)
"""What each meter was found to be, business time; `drift` is JSON."""

Index("desired_actual_meter", ACTUAL.c.desired, ACTUAL.c.is_as_desired, ACTUAL.c.meter)
