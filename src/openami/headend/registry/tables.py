"""Tables of the registry."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from openami.headend.kit.columns import INSTANT, WIDE
from openami.headend.kit.database import METADATA

NODE = Table(
    "node",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("level", Text, nullable=False, server_default="network"),
    Column("parent", Integer),
    Column("path", Text, nullable=False, server_default=""),
    Column("area", Text, nullable=False, server_default="/"),
)
"""Places of the network, a tree: network, substation, feeder, transformer, phase (`schemas.Level`).

`path` holds the numbers from the root down, such as `/1/7/` (`network.path_of`): what lies under a node begins with it.
"""

Index("node_parent", NODE.c.parent, NODE.c.name)
Index("node_path", NODE.c.path)

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
    Column("added", INSTANT, nullable=False),
    Column("last_contact", INSTANT),
    Column("last_read", INSTANT),
    Column("clock_offset_s", Float),
    Column("reason", Text),
    Column("area", Text, nullable=False, server_default="/"),
    Column("place", Text, nullable=False, server_default=""),
)
"""Times are business time, epoch seconds; `reason` is why the last session failed; `area` is a path such as `/` or
`/north/harbour/` (`kit.access`), and who may see the meter depends on it; `place` is the path of its node."""

Index("meter_state", METER.c.state, METER.c.serial)
Index("meter_area", METER.c.area, METER.c.serial)
Index("meter_product", METER.c.product, METER.c.state, METER.c.serial)
Index("meter_place", METER.c.place, METER.c.serial)
Index("meter_title", METER.c.system_title)

AREA = Table(
    "area",
    METADATA,
    Column("path", Text, primary_key=True),
    Column("title", Text, nullable=False),
)
"""Organisations (`/north/`) and their areas (`/north/harbour/`), with what people call them."""

GROUP = Table(
    "meter_group",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("area", Text, nullable=False),
)
"""Sets of meters that are treated alike: schedules, parameters, tariffs, firmware."""

GROUP_MEMBER = Table(
    "group_member",
    METADATA,
    Column("meter_group", Integer, ForeignKey("meter_group.id"), primary_key=True),
    Column("serial", Text, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    sqlite_with_rowid=False,
)
"""Who is in a group, in order of serial numbers, which never change."""

Index("group_member_meter", GROUP_MEMBER.c.meter)

USAGE_POINT = Table(
    "usage_point",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("node", Integer, ForeignKey("node.id"), nullable=False),
    Column("area", Text, nullable=False),
    Column("made", INSTANT, nullable=False),
)
"""Places where energy is delivered; meters come and go, the usage point stays."""

INSTALLATION = Table(
    "installation",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("usage_point", Integer, ForeignKey("usage_point.id"), nullable=False),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("since", INSTANT, nullable=False),
    Column("until", INSTANT),
)
"""Which meter was at which usage point, when: [since, until), business time; open while it is there."""

Index("installation_point", INSTALLATION.c.usage_point, INSTALLATION.c.since)
Index("installation_meter", INSTALLATION.c.meter, INSTALLATION.c.since)
for _side in (INSTALLATION.c.usage_point, INSTALLATION.c.meter):
    _open = INSTALLATION.c.until.is_(None)
    Index(f"installation_open_{_side.name}", _side, unique=True, sqlite_where=_open, postgresql_where=_open)

STAND = Table(
    "stand",
    METADATA,
    Column("installation", Integer, ForeignKey("installation.id"), primary_key=True),
    Column("edge", Text, primary_key=True),
    Column("logical_name", Text, primary_key=True),
    Column("value", WIDE, nullable=False),
    Column("scaler", Integer, nullable=False),
    Column("unit", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Registers when a meter came (`edge` opening) and when it left (closing): the meter's raw integers."""

FACTOR = Table(
    "factor",
    METADATA,
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("since", INSTANT, primary_key=True),
    Column("ct_primary", Float, nullable=False),
    Column("ct_secondary", Float, nullable=False),
    Column("vt_primary", Float, nullable=False),
    Column("vt_secondary", Float, nullable=False),
    sqlite_with_rowid=False,
)
"""Ratios of the instrument transformers before a meter, each from an instant on; A and V."""

DISCOVERY = Table(
    "discovery",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("first_at", INSTANT, nullable=False),
    Column("last_at", INSTANT, nullable=False),
    Column("times", WIDE, nullable=False),
    Column("address", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    UniqueConstraint("kind", "identity"),
)
"""Meters that made themselves known and are not registered."""

Index("discovery_last", DISCOVERY.c.last_at, DISCOVERY.c.id)

LAYOUT = Table(
    "layout",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("definition", Text, nullable=False, unique=True),
)
"""Capture lists met so far; rows and blocks name theirs by number."""
