"""Nodes form a tree with levels; meters know where in it they hang; indexes for pages of filtered lists.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every node that there is becomes a root; every meter hangs where it is."""
    op.add_column("node", sa.Column("level", sa.Text, nullable=False, server_default="network"))
    op.add_column("node", sa.Column("parent", sa.Integer))
    op.add_column("node", sa.Column("path", sa.Text, nullable=False, server_default=""))
    op.add_column("node", sa.Column("area", sa.Text, nullable=False, server_default="/"))
    op.add_column("meter", sa.Column("place", sa.Text, nullable=False, server_default=""))
    op.execute("UPDATE node SET path = '/' || CAST(id AS TEXT) || '/'")
    op.execute("UPDATE meter SET place = (SELECT path FROM node WHERE node.id = meter.node)")
    op.create_index("node_parent", "node", ["parent", "name"])
    op.create_index("node_path", "node", ["path"])
    op.drop_index("meter_state", "meter")
    op.create_index("meter_state", "meter", ["state", "serial"])
    op.create_index("meter_product", "meter", ["product", "state", "serial"])
    op.create_index("meter_place", "meter", ["place", "serial"])
    op.create_index("meter_title", "meter", ["system_title"])
