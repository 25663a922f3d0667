"""why a model was chosen, and why a job was asked for"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("job", "model_change"):
        op.add_column(table, sa.Column("reason", sa.String(500), nullable=True))


def downgrade() -> None:
    for table in ("model_change", "job"):
        op.drop_column(table, "reason")
