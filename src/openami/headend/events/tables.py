"""Tables of events, alarms, tamper cases, and whom they are told to. Times are business time, epoch seconds."""

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text

from openami.headend.kit.columns import FLAG, INSTANT, WIDE
from openami.headend.kit.database import METADATA

EVENT = Table(
    "event",
    METADATA,
    Column("meter", Integer, primary_key=True),
    Column("log", Text, primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("code", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("detail", Text),
    sqlite_with_rowid=False,
)
"""`seq` counts events of one code in one second; `detail` is what else the log captured, as JSON."""

ALARM = Table(
    "alarm",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("tag", Text, nullable=False),
    Column("began", INSTANT, nullable=False),
    Column("last", INSTANT, nullable=False),
    Column("times", Integer, nullable=False, server_default="1"),
    Column("source", Text, nullable=False),
    Column("is_proved", FLAG, nullable=False),
    Column("suppressed", Integer),
    Column("acknowledged", INSTANT),
    Column("who", Text),
    Column("note", Text),
    Column("clearing", Text, nullable=False),
    Column("clear_after", INSTANT, nullable=False),
    Column("cleared", INSTANT),
    Column("why", Text),
)
"""An alarm of a meter, from when it was raised until somebody acknowledges it. `clearing` is how far it is with the
bit in the meter: `none` to clear, `waiting`, `ordered`, `cleared`. `is_proved`: an authenticated push or an association
told it."""

Index("alarm_meter", ALARM.c.meter, ALARM.c.name, ALARM.c.id)
Index("alarm_open", ALARM.c.id, sqlite_where=ALARM.c.acknowledged.is_(None),
      postgresql_where=ALARM.c.acknowledged.is_(None))  # fmt: skip
Index("alarm_clearing", ALARM.c.clear_after, sqlite_where=ALARM.c.clearing == "waiting",
      postgresql_where=ALARM.c.clearing == "waiting")  # fmt: skip

RULE = Table(
    "alarm_rule",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("least", Integer, nullable=False),
    Column("meter", Integer, ForeignKey("meter.id")),
    Column("until", INSTANT),
    Column("after_s", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("ended", INSTANT),
)
"""`suppress`: alarms that nobody is to see or hear of until then; `escalate`: whom to tell when nobody acknowledges."""

NOTICE = Table(
    "notice",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("alarm", WIDE, ForeignKey("alarm.id")),
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("sent", INSTANT),
    Column("reason", Text),
)
"""What is told to a channel, once for each key; `not_before` follows the database's clock, as leases do."""

Index("notice_open", NOTICE.c.not_before, sqlite_where=NOTICE.c.sent.is_(None),
      postgresql_where=NOTICE.c.sent.is_(None))  # fmt: skip

CASE = Table(
    "tamper_case",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("meter", Integer, ForeignKey("meter.id"), nullable=False),
    Column("state", Text, nullable=False),
    Column("opened", INSTANT, nullable=False),
    Column("last", INSTANT, nullable=False),
)
Index("tamper_case_meter", CASE.c.meter, CASE.c.id)

EVIDENCE = Table(
    "tamper_evidence",
    METADATA,
    Column("case", Integer, ForeignKey("tamper_case.id"), primary_key=True),
    Column("at", INSTANT, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("who", Text, nullable=False),
)
"""What a case is made of: what the meter told (`who` empty), and what people noted."""

COUNTER = Table(
    "push_counter",
    METADATA,
    Column("title", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", WIDE, nullable=False),
)
"""Invocation counter of the last genuine push of each meter: none is taken twice, after a restart either."""
