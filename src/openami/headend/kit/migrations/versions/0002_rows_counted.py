"""Series count their rows; sealed days with rows over them are listed. Of SQLite's time alone.

Revision 0002, after 0001.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STEPS = (
    "ALTER TABLE series ADD COLUMN stored INTEGER DEFAULT '0' NOT NULL",
    (
        "UPDATE series SET stored = (SELECT coalesce(sum(n), 0) FROM block b WHERE b.series = series.id)"
        " + (SELECT count(*) FROM hot h WHERE h.series = series.id"
        " AND NOT EXISTS (SELECT 1 FROM block b WHERE b.id = (h.day << 32 | h.series)))"
    ),
    "CREATE TABLE edited (day INTEGER NOT NULL, series INTEGER NOT NULL, PRIMARY KEY (day, series)) WITHOUT ROWID",
    "INSERT INTO edited SELECT DISTINCT h.day, h.series FROM hot h JOIN block b ON b.id = (h.day << 32 | h.series)",
)


def upgrade() -> None:
    """Count, and list."""
    for statement in STEPS:
        op.execute(statement)
