"""Tables of accounts. Times are real time, epoch seconds; secrets are hashes or sealed."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from openami.headend.kit.columns import FLAG, INSTANT, WIDE
from openami.headend.kit.database import METADATA

ACCOUNT = Table(
    "account",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("login", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("home", Text, nullable=False),
    Column("password", Text),
    Column("is_active", FLAG, nullable=False, server_default="1"),
    Column("must_change", FLAG, nullable=False, server_default="0"),
    Column("totp", LargeBinary),
    Column("totp_pending", LargeBinary),
    Column("totp_step", WIDE, nullable=False, server_default="0"),
    Column("created", INSTANT, nullable=False),
    Column("last_sign_in", INSTANT),
)
"""`person` names the human being: two accounts of one are two names for a single pair of eyes. It never changes."""

Index("account_person", ACCOUNT.c.person)

ROLE = Table(
    "role",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("title", Text, nullable=False),
)

ROLE_PERMISSION = Table(
    "role_permission",
    METADATA,
    Column("role", Text, ForeignKey("role.name"), primary_key=True),
    Column("permission", Text, primary_key=True),
    Column("since", INSTANT, nullable=False),
)

GRANT = Table(
    "account_grant",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("account", Integer, ForeignKey("account.id"), nullable=False),
    Column("role", Text, ForeignKey("role.name"), nullable=False),
    Column("scope", Text, nullable=False),
    Column("since", INSTANT, nullable=False),
    Column("ended", INSTANT),
)
"""Roles that somebody has, or had, and where. Never deleted."""

Index("account_grant_account", GRANT.c.account)

SIGN_IN = Table(
    "sign_in",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("token", Text, nullable=False, unique=True),
    Column("account", Integer, ForeignKey("account.id"), nullable=False),
    Column("level", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("began", INSTANT, nullable=False),
    Column("seen", INSTANT, nullable=False),
    Column("until", INSTANT, nullable=False),
    Column("ended", INSTANT),
    Column("address", Text, nullable=False),
    Column("browser", Text, nullable=False),
)
"""`token` is the SHA-256 of what the cookie holds; `level` 0 still waits for the second factor."""

Index("sign_in_account", SIGN_IN.c.account)

API_KEY = Table(
    "api_key",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
    Column("account", Integer, ForeignKey("account.id"), nullable=False),
    Column("title", Text, nullable=False),
    Column("permissions", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created", INSTANT, nullable=False),
    Column("expires", INSTANT, nullable=False),
    Column("last_used", INSTANT),
    Column("ended", INSTANT),
)
"""`permissions` is a comma-separated list; a key never has more than its account has at the moment."""

Index("api_key_account", API_KEY.c.account)

RECOVERY = Table(
    "recovery_code",
    METADATA,
    Column("account", Integer, ForeignKey("account.id"), primary_key=True),
    Column("hash", Text, primary_key=True),
    Column("used", INSTANT),
)

ONE_TIME = Table(
    "one_time",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("account", Integer, ForeignKey("account.id")),
    Column("detail", Text, nullable=False, server_default=""),
    Column("expires", INSTANT, nullable=False),
    Column("used", INSTANT),
)
"""Links and states that are good once: sign-in links, and journeys to an OpenID provider."""

LOCKOUT = Table(
    "lockout",
    METADATA,
    Column("login", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", INSTANT, nullable=False),
    Column("last", INSTANT, nullable=False),
)
"""Failures in a row by the SHA-256 of the log-in that was tried, whether there is such an account or not."""

FEDERATED = Table(
    "federated",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("account", Integer, ForeignKey("account.id"), nullable=False),
    Column("since", INSTANT, nullable=False),
)
"""Who somebody is at an OpenID provider."""

PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("sentence", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("account", Integer, ForeignKey("account.id")),
    Column("means", Text, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("expires", INSTANT, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Integer, ForeignKey("account.id")),
    Column("decided_at", INSTANT),
    Column("said", Text, nullable=False, server_default=""),
    Column("outcome", Text, nullable=False, server_default=""),
)
"""Guarded actions that wait for a second person, or had one. `said` is why it was refused."""

Index("proposal_state", PROPOSAL.c.state, PROPOSAL.c.id)

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", WIDE, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("number", WIDE, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("who", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("tenant", "number"),
)
"""What was done, by whom: a chain of hashes per organisation, whose rows are only ever added."""

AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("number", WIDE, nullable=False),
    Column("hash", Text, nullable=False),
)
"""Where each chain ends."""
