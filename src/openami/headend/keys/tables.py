"""Tables of the key store."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from openami.headend.kit.columns import FLAG, INSTANT, WIDE
from openami.headend.kit.database import METADATA

KEY = Table(
    "sealed_key",
    METADATA,
    Column("meter", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kek", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Keys by serial number; that, kind and version are bound into the seal."""

STATE = Table(
    "key_state",
    METADATA,
    Column("meter", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("since", INSTANT, nullable=False),
    Column("order_id", WIDE),
    Column("is_warned", FLAG, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
"""Where a key stands, since when (business time), and the order that sends it; one that is not here came with a
shipment, and is in force."""

Index("key_state_since", STATE.c.state, STATE.c.since)
Index("key_state_place", STATE.c.state, STATE.c.meter, STATE.c.kind, STATE.c.version)

COUNTER = Table(
    "invocation_counter",
    METADATA,
    Column("meter", Text, primary_key=True),
    Column("next", WIDE, nullable=False),
    sqlite_with_rowid=False,
)
"""First value of our invocation counter with each meter that no process has reserved yet."""
