"""what a form's answer shows, kept for a while for the page that shows it"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_page_result"),
    )
    op.create_index("ix_page_result_expires_at", "page_result", ["expires_at"])


def downgrade() -> None:
    op.drop_table("page_result")
