"""background jobs, the choice of the model, retired anchors, refusals"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UNFINISHED = sa.text("state IN ('waiting', 'running')")
ATTEMPT_INDICES = (
    ["created_at", "id"],
    ["person_id", "created_at", "id"],
    ["match", "created_at", "id"],
    ["kind", "created_at", "id"],
)


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(500), nullable=True),
        sa.Column("lease_owner", sa.String(128), nullable=True),
        sa.Column("lease_expires_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["account.id"],
            name="fk_job_created_by_id_account",
            ondelete="SET NULL",
        ),
    )
    op.create_index(
        "uq_job_unfinished",
        "job",
        ["kind", "subject"],
        unique=True,
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("ix_job_kind_created_at", "job", ["kind", "created_at"])
    op.create_index("ix_job_state", "job", ["state"])
    op.create_table(
        "model_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_model_change"),
        sa.UniqueConstraint("number", name="uq_model_change_number"),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["account.id"],
            name="fk_model_change_created_by_id_account",
            ondelete="SET NULL",
        ),
    )
    op.create_table(
        "refusal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refusal"),
    )
    op.create_index("ix_refusal_created_at", "refusal", ["created_at"])
    op.add_column("anchor", sa.Column("retired_at", sa.DateTime(), nullable=True))
    op.drop_index("ix_anchor_person_id", "anchor")
    op.create_index("ix_anchor_person_id_retired_at", "anchor", ["person_id", "retired_at"])
    op.create_index("ix_anchor_retired_at_id", "anchor", ["retired_at", "id"])
    op.create_index("ix_person_created_at", "person", ["created_at"])
    op.drop_index("ix_attempt_person_id", "attempt")
    op.drop_index("ix_attempt_created_at", "attempt")
    for columns in ATTEMPT_INDICES:
        op.create_index(f"ix_attempt_{'_'.join(columns)}", "attempt", columns)


def downgrade() -> None:
    for columns in ATTEMPT_INDICES:
        op.drop_index(f"ix_attempt_{'_'.join(columns)}", "attempt")
    op.create_index("ix_attempt_created_at", "attempt", ["created_at"])
    op.create_index("ix_attempt_person_id", "attempt", ["person_id"])
    op.drop_index("ix_person_created_at", "person")
    op.drop_index("ix_anchor_retired_at_id", "anchor")
    op.drop_index("ix_anchor_person_id_retired_at", "anchor")
    op.create_index("ix_anchor_person_id", "anchor", ["person_id"])
    with op.batch_alter_table("anchor") as anchor:
        anchor.drop_column("retired_at")
    for table in ("refusal", "model_change", "job"):
        op.drop_table(table)
