"""attempts know their place in the feed and the key that asked; keys, that another took over"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("attempt") as attempt:
        attempt.add_column(sa.Column("api_key_id", sa.Uuid(), nullable=True))
        attempt.add_column(sa.Column("number", sa.Integer(), nullable=True))
        attempt.create_foreign_key(
            "fk_attempt_api_key_id_api_key", "api_key", ["api_key_id"], ["id"], ondelete="SET NULL"
        )
        attempt.create_unique_constraint("uq_attempt_number", ["number"])
    op.add_column("api_key", sa.Column("replaced_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_key", "replaced_at")
    with op.batch_alter_table("attempt") as attempt:
        attempt.drop_constraint("uq_attempt_number", type_="unique")
        attempt.drop_constraint("fk_attempt_api_key_id_api_key", type_="foreignkey")
        attempt.drop_column("number")
        attempt.drop_column("api_key_id")
