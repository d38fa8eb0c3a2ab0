"""How a database of an earlier version becomes one of this version: SQL, step by step, in one transaction.

Numbered steps and `PRAGMA user_version` take the place of Alembic: there is one file per installation, all its
processes are of one version, and a step is a few statements that need no environment. `tests/headend/kit` holds
that an old file, stepped up, has the very tables of a new one.
"""

STEPS: tuple[tuple[str, ...], ...] = (
    (
        "ALTER TABLE series ADD COLUMN stored INTEGER DEFAULT '0' NOT NULL",
        (
            "UPDATE series SET stored = (SELECT coalesce(sum(n), 0) FROM block b WHERE b.series = series.id)"
            " + (SELECT count(*) FROM hot h WHERE h.series = series.id"
            " AND NOT EXISTS (SELECT 1 FROM block b WHERE b.id = (h.day << 32 | h.series)))"
        ),
        "CREATE TABLE edited (day INTEGER NOT NULL, series INTEGER NOT NULL, PRIMARY KEY (day, series)) WITHOUT ROWID",
        "INSERT INTO edited SELECT DISTINCT h.day, h.series FROM hot h JOIN block b ON b.id = (h.day << 32 | h.series)",
    ),
)
"""The first step leads from version 1 to version 2, and so on."""

VERSION = len(STEPS) + 1
