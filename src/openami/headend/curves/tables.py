"""Tables of interval data."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from openami.headend.kit.columns import FLAG, INSTANT
from openami.headend.kit.database import METADATA

SERIES = Table(
    "series",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("profile", Text, nullable=False),
    Column("layout", Integer, ForeignKey("layout.id"), nullable=False),
    Column("is_rolled_up", FLAG, nullable=False),
    Column("complete_to", INSTANT),
    Column("last_at", INSTANT),
    Column("last_values", LargeBinary),
    Column("stored", Integer, nullable=False, server_default="0"),
    UniqueConstraint("meter", "profile", "layout"),
)
"""A profile of a meter under one capture list.

Before `complete_to` every interval is stored or known not to exist in the meter. `last_at` and `last_values`
are the latest row, so that what follows it needs no look-up. `stored` counts its rows.
"""

HOT = Table(
    "hot",
    METADATA,
    Column("day", Integer, primary_key=True),
    Column("series", Integer, primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("quality", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Rows of days that are not sealed, and changes to days that are. Clustered by day, as the partitions of a
larger database would be; `at` is the UTC start, `data` the values packed as the layout says."""


EDITED = Table(
    "edited",
    METADATA,
    Column("day", Integer, primary_key=True),
    Column("series", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
"""Sealed days with hot rows over them, which the next seal merges."""


def _block_columns() -> "list[Column[int] | Column[bytes]]":
    registers = [f"{register}_{fact}" for register in ("import", "export") for fact in ("first", "last", "sum", "max")]
    return [
        Column("series", Integer, nullable=False),
        Column("day", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("layout", Integer, nullable=False),
        Column("codec", Integer, nullable=False),
        Column("is_regular", Integer, nullable=False),
        Column("first_at", INSTANT, nullable=False),
        Column("last_at", INSTANT, nullable=False),
        Column("n", Integer, nullable=False),
        Column("missing", Integer, nullable=False),
        Column("flags", Integer, nullable=False),
        Column("doubtful", Integer, nullable=False),
        Column("quality", Integer, nullable=False),
        *(Column(name, BigInteger) for name in registers),
        Column("data", LargeBinary, nullable=False),
    ]


BLOCK = Table(
    "block",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    *_block_columns(),
)
"""A sealed local day of a series, current version. `id` is day x 2^32 + series: a day lies together.

The summary columns (raw register units) answer billing, balance and the read rate without opening `data`:
`flags` is every status bit that occurred, `doubtful` the rows in question, `quality` the lowest of them all.
"""

Index("block_energy", BLOCK.c.id, postgresql_include=["series", "import_sum", "export_sum"]).ddl_if(
    dialect="postgresql"
)
"""Billing of all meters reads this alone; SQLite reads the rows, which it keeps in the same order."""

BLOCK_OLD = Table(
    "block_old",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("old_version", Integer, primary_key=True, autoincrement=False),
    *_block_columns(),
)
"""Versions of a block before the current one."""

ROLLUP = Table(
    "rollup",
    METADATA,
    Column("node", Integer, primary_key=True),
    Column("length_s", Integer, primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("n", Integer, nullable=False),
    Column("imported", BigInteger, nullable=False),
    Column("exported", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Energy per node and interval: sums over the `n` meters whose energy of that interval is known."""
