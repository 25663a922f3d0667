"""the normaliser of similarities, and thresholds carried over to another normaliser"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark the stored similarities as plain cosines, which have no normaliser."""
    for table in ("attempt", "threshold_change"):
        op.add_column(
            table, sa.Column("normaliser", sa.String(16), nullable=False, server_default="")
        )
    op.add_column(
        "threshold_change",
        sa.Column("carried_over", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Drop the columns; similarities by a normaliser lose their meaning."""
    op.drop_column("threshold_change", "carried_over")
    for table in ("threshold_change", "attempt"):
        op.drop_column(table, "normaliser")
