"""Tables of outages. Times are business time, epoch seconds."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from openami.headend.kit.columns import FLAG, INSTANT, WIDE
from openami.headend.kit.database import METADATA

OUTAGE = Table(
    "outage",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("node", Integer, ForeignKey("node.id"), nullable=False),
    Column("began", INSTANT, nullable=False),
    Column("ended", INSTANT),
    Column("meters", Integer, nullable=False),
    Column("is_storm", FLAG, nullable=False),
    Column("area", Text, nullable=False),
)
"""Several meters of one node without supply. `meters` is how many it came to; `area` holds them all."""

Index("outage_open", OUTAGE.c.node, sqlite_where=OUTAGE.c.ended.is_(None), postgresql_where=OUTAGE.c.ended.is_(None))

INTERRUPTION = Table(
    "interruption",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("node", Integer, ForeignKey("node.id"), nullable=False),
    Column("began", INSTANT, nullable=False),
    Column("ended", INSTANT),
    Column("source", Text, nullable=False),
    Column("is_confirmed", FLAG, nullable=False),
    Column("outage", Integer, ForeignKey("outage.id")),
)
"""One meter without supply. `is_confirmed` once it has lasted for longer than the debounce, or its log says so."""

Index("interruption_meter", INTERRUPTION.c.meter, INTERRUPTION.c.began)
Index("interruption_began", INTERRUPTION.c.began)
Index("interruption_open", INTERRUPTION.c.node, sqlite_where=INTERRUPTION.c.ended.is_(None),
      postgresql_where=INTERRUPTION.c.ended.is_(None))  # fmt: skip

STORM = Table(
    "storm",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("began", INSTANT, nullable=False),
    Column("ended", INSTANT),
    Column("most", Integer, nullable=False),
)
"""Times when so many were without supply that nobody is told of each; `most` is how many there were."""
