"""challenges that show whether somebody is there, how they ended, and what asks for them"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _pointer(table: str, column: str, to: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "liveness_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("guarded", sa.String(16), nullable=False),
        sa.Column("strength", sa.String(16), nullable=False),
        sa.Column("allowed", sa.JSON(), nullable=False),
        sa.Column("previous_guarded", sa.String(16), nullable=False),
        sa.Column("previous_strength", sa.String(16), nullable=False),
        sa.Column("previous_allowed", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_liveness_change"),
        sa.UniqueConstraint("number", name="uq_liveness_change_number"),
        _pointer("liveness_change", "created_by_id", "account", "SET NULL"),
    )
    op.create_table(
        "challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("claim_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("holder_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("drawn", sa.LargeBinary(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("face", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_challenge"),
    )
    op.create_index("ix_challenge_claim_digest", "challenge", ["claim_digest"])
    op.create_index("ix_challenge_expires_at", "challenge", ["expires_at"])
    op.create_table(
        "challenge_frame",
        sa.Column("challenge_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("observation", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("challenge_id", "number", name="pk_challenge_frame"),
        _pointer("challenge_frame", "challenge_id", "challenge", "CASCADE"),
    )
    op.create_table(
        "challenge_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("strength", sa.String(16), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("cues", sa.JSON(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("label", sa.String(16), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_challenge_result"),
        _pointer("challenge_result", "person_id", "person", "SET NULL"),
        _pointer("challenge_result", "account_id", "account", "SET NULL"),
        _pointer("challenge_result", "attempt_id", "attempt", "SET NULL"),
    )
    op.create_index("ix_challenge_result_created_at_id", "challenge_result", ["created_at", "id"])
    op.create_index("ix_challenge_result_person_id", "challenge_result", ["person_id"])
    op.create_index("ix_challenge_result_attempt_id", "challenge_result", ["attempt_id"])


def downgrade() -> None:
    op.drop_table("challenge_result")
    op.drop_table("challenge_frame")
    op.drop_table("challenge")
    op.drop_table("liveness_change")
