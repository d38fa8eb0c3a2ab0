"""Tables of vending. Money is in the smallest unit of the currency, energy in units of a token (0.1 kWh).

Instants are business time, epoch seconds; a month is year * 12 + month - 1, in the zone of the meter.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from openami.headend.kit.columns import INSTANT, WIDE
from openami.headend.kit.database import METADATA

ACCOUNT = Table(
    "prepay_account",
    METADATA,
    Column("meter", Integer, ForeignKey("meter.id"), primary_key=True),
    Column("pan", Text, nullable=False, unique=True),
    Column("drn", Text, nullable=False),
    Column("sgc", Text, nullable=False),
    Column("key_type", Integer, nullable=False),
    Column("krn", Integer, nullable=False),
    Column("ti", Integer, nullable=False),
    Column("ken", Integer, nullable=False),
    Column("ea", Integer, nullable=False),
    Column("base_date", Integer, nullable=False),
    Column("wanted_sgc", Text, nullable=False),
    Column("wanted_ti", Integer, nullable=False),
    Column("account", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("name_key", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    Column("charged_until", Integer, nullable=False),
    Column("arrears", WIDE, nullable=False, server_default="0"),
    Column("plan_fixed", WIDE, nullable=False, server_default="0"),
    Column("plan_share", Integer, nullable=False, server_default="0"),
    Column("plan_ceiling", WIDE),
    Column("carry", WIDE, nullable=False, server_default="0"),
)
"""A prepayment meter and who pays for it. `sgc` to `base_date` are of the key that the meter has once every token
made so far is in it; `wanted_sgc` and `wanted_ti` of the key that it is to have. `charged_until` is the last month
whose monthly charge is paid, `carry` what was paid and bought nothing yet."""

Index("prepay_account_drn", ACCOUNT.c.drn)
Index("prepay_account_account", ACCOUNT.c.account)
Index("prepay_account_name", ACCOUNT.c.name_key)

TARIFF = Table(
    "prepay_tariff",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("sgc", Text, nullable=False),
    Column("ti", Integer, nullable=False),
    Column("valid_from", INSTANT, nullable=False),
    Column("definition", Text, nullable=False),
)
"""Prices of a supply group and tariff index; of those that have begun the newest counts."""

Index("prepay_tariff_of", TARIFF.c.sgc, TARIFF.c.ti, TARIFF.c.valid_from)

KEY = Table(
    "vending_key",
    METADATA,
    Column("sgc", Text, primary_key=True),
    Column("key_type", Integer, primary_key=True),
    Column("krn", Integer, primary_key=True),
    Column("terms", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What vending keys are for, as JSON; the keys themselves lie in the key store."""

LAST_TID = Table(
    "last_tid",
    METADATA,
    Column("identity", Text, primary_key=True),
    Column("tid", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Last token identifier of a meter and base date."""

SHIFT = Table(
    "vend_shift",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("till", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("open_for", Text, unique=True),
    Column("opened", INSTANT, nullable=False),
    Column("float", WIDE, nullable=False),
    Column("closed", INSTANT),
    Column("counted", WIDE),
    Column("expected", WIDE),
)
"""A shift at a till. `open_for` is `who` while it is open: nobody has two."""

VEND = Table(
    "vend",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("message_id", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("shift", Integer, ForeignKey("vend_shift.id")),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("who", Text, nullable=False),
    Column("month", Integer, nullable=False),
    Column("free_month", Integer),
    Column("tender", Text, nullable=False),
    Column("tendered", WIDE, nullable=False),
    Column("units", WIDE, nullable=False),
    Column("energy", WIDE, nullable=False),
    Column("charges", WIDE, nullable=False),
    Column("vat", WIDE, nullable=False),
    Column("arrears", WIDE, nullable=False),
    Column("carry_in", WIDE, nullable=False),
    Column("carry_out", WIDE, nullable=False),
    Column("months", Integer, nullable=False),
    Column("lines", Text, nullable=False),
    Column("tariff", Integer, ForeignKey("prepay_tariff.id")),
    Column("key_of", Text, nullable=False),
    Column("copies", Integer, nullable=False, server_default="0"),
    Column("device_order", WIDE),
    Column("reversed", INSTANT),
    Column("why", Text, nullable=False, server_default=""),
    UniqueConstraint("meter", "free_month"),
)
"""Everything that gave tokens. `energy`, `charges` are without VAT, `arrears` what was paid back;
tendered + carry_in = energy + charges + vat + arrears + carry_out. `free_month` keeps free units to once a month."""

Index("vend_meter", VEND.c.meter, VEND.c.id)
Index("vend_month", VEND.c.meter, VEND.c.month)
Index("vend_shift_of", VEND.c.shift, VEND.c.id)
Index("vend_at", VEND.c.at)

TOKEN = Table(
    "vend_token",
    METADATA,
    Column("vend", WIDE, ForeignKey("vend.id"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("digits", Text, nullable=False),
    Column("tid", Integer),
    Column("units", WIDE),
    Column("result", Integer),
    Column("said", Text, nullable=False, server_default=""),
    Column("entered", INSTANT),
    sqlite_with_rowid=False,
)
"""Tokens of a vend, in the order in which they go in. `result` is what the meter said (class 115)."""
