"""Tables of tariffs. What was noted is in business time."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from openami.headend.kit.columns import INSTANT
from openami.headend.kit.database import METADATA

CALENDAR = Table(
    "tariff_calendar",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("area", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    UniqueConstraint("name", "version"),
)
"""Every version of every calendar; a version is never changed. `area` is the scope that edits it."""

PROGRAMME = Table(
    "tariff_programme",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("content", Text, nullable=False),
)
"""Calendars as encoded for a meter, or found in one (JSON), each once."""

ROLLOUT = Table(
    "tariff_rollout",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("title", Text, nullable=False),
    Column("calendar", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("area", Text, nullable=False),
    Column("activates", INSTANT),
    Column("undoes", Integer),
    Column("who", Text, nullable=False),
    Column("proposal", Integer),
    Column("at", INSTANT, nullable=False),
)
"""A calendar on its way to meters; `activates` is null for at once, `undoes` the roll-out that it takes back."""

METER = Table(
    "tariff_meter",
    METADATA,
    Column("rollout", Integer, ForeignKey("tariff_rollout.id"), primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("wanted", Text, ForeignKey("tariff_programme.digest"), nullable=False),
    Column("before", Text, ForeignKey("tariff_programme.digest")),
    Column("reason", Text),
)
"""Each meter of a roll-out: what it is to have, and what it had before."""

Index("tariff_meter_state", METER.c.rollout, METER.c.state)
Index("tariff_meter_meter", METER.c.meter, METER.c.rollout)

ACTUAL = Table(
    "tariff_actual",
    METADATA,
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("at", INSTANT, nullable=False),
    Column("active", Text, ForeignKey("tariff_programme.digest"), nullable=False),
    Column("passive", Text, ForeignKey("tariff_programme.digest"), nullable=False),
    Column("activates", Text),
)
"""What was last found in each meter."""
