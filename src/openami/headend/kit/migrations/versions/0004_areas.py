"""Meters lie in an organisation and its areas, by a path; `/` is the installation itself.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put every meter at the root."""
    op.add_column("meter", sa.Column("area", sa.Text, nullable=False, server_default="/"))
    op.create_index("meter_area", "meter", ["area", "serial"])
