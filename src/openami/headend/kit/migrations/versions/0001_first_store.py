"""The store as it was first shipped: its tables are made from the metadata.

Revision 0001.
"""

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing: a database of this revision has its tables."""
