"""One schema on SQLite and PostgreSQL; from here on Alembic keeps the revision.

Revision 0003, after 0002.
"""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: the files of 0002 have this shape, and PostgreSQL begins here."""
