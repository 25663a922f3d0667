"""the rule that a threshold replaced, a person's own threshold, searches, what attempts scored"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _reasoned(table: str) -> list[sa.Column | sa.Constraint]:
    """Return the columns and constraints of a table of changes."""
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("number", name=f"uq_{table}_number"),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["account.id"],
            name=f"fk_{table}_created_by_id_account",
            ondelete="SET NULL",
        ),
    ]


def upgrade() -> None:
    op.add_column("threshold_change", sa.Column("previous_rule", sa.String(32), nullable=True))
    op.execute("UPDATE threshold_change SET previous_rule = rule")
    with op.batch_alter_table("threshold_change") as threshold_change:
        threshold_change.alter_column("previous_rule", nullable=False)
    op.create_table(
        "person_threshold_change",
        *_reasoned("person_threshold_change"),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Double(), nullable=False),
        sa.Column("previous_points", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_person_threshold_change_person_id_person",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_person_threshold_change_person_id_number",
        "person_threshold_change",
        ["person_id", "number"],
    )
    op.create_table(
        "search_change",
        *_reasoned("search_change"),
        sa.Column("fpir", sa.Double(), nullable=False),
        sa.Column("margin", sa.Double(), nullable=False),
        sa.Column("previous_fpir", sa.Double(), nullable=False),
        sa.Column("previous_margin", sa.Double(), nullable=False),
    )
    op.add_column("attempt", sa.Column("by_rule", sa.JSON(), nullable=True))
    op.add_column("attempt", sa.Column("runner_up", sa.Double(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("attempt") as attempt:
        attempt.drop_column("runner_up")
        attempt.drop_column("by_rule")
    op.drop_table("search_change")
    op.drop_table("person_threshold_change")
    with op.batch_alter_table("threshold_change") as threshold_change:
        threshold_change.drop_column("previous_rule")
