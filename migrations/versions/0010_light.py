"""whether challenges ask for light, too"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("light", "previous_light"):
        column = sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)
        op.add_column("liveness_change", column)


def downgrade() -> None:
    for name in ("previous_light", "light"):
        op.drop_column("liveness_change", name)
