"""the last changes of anchors are noted, with the person who was deleted by one"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gallery_change",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("deleted_person_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_gallery_change"),
    )


def downgrade() -> None:
    op.drop_table("gallery_change")
