"""first tables: people, accounts, thresholds, attempts"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("username_key", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(256), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("session_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("username_key", name="uq_account_username_key"),
    )
    op.create_table(
        "setup_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_setup_token"),
    )
    gallery_version = op.create_table(
        "gallery_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gallery_version"),
    )
    op.bulk_insert(gallery_version, [{"id": 1, "number": 0}])
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", sa.String(64), nullable=False),
        sa.Column("identifier_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("consent_version", sa.String(32), nullable=False),
        sa.Column("consent_at", sa.DateTime(), nullable=False),
        sa.Column("gallery_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("identifier_key", name="uq_person_identifier_key"),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["account.id"],
            name="fk_person_created_by_id_account",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_person_gallery_version", "person", ["gallery_version"])
    op.create_index("ix_person_name_key_identifier_key", "person", ["name_key", "identifier_key"])
    op.create_table(
        "person_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master_key_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_person_key"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_person_key_person_id_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_person_key_master_key_id", "person_key", ["master_key_id"])
    op.create_table(
        "anchor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("quality", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anchor"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_anchor_person_id_person", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_anchor_person_id", "anchor", ["person_id"])
    op.create_table(
        "anchor_embedding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("anchor_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anchor_embedding"),
        sa.UniqueConstraint("anchor_id", "model_id", name="uq_anchor_embedding_anchor_id_model_id"),
        sa.ForeignKeyConstraint(
            ["anchor_id"],
            ["anchor.id"],
            name="fk_anchor_embedding_anchor_id_anchor",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name="fk_anchor_embedding_person_id_person",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_anchor_embedding_person_id", "anchor_embedding", ["person_id"])
    op.create_index(
        "ix_anchor_embedding_model_id_person_id", "anchor_embedding", ["model_id", "person_id"]
    )
    op.create_table(
        "threshold_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("similarity", sa.Double(), nullable=False),
        sa.Column("previous_similarity", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_threshold_change"),
        sa.UniqueConstraint("number", name="uq_threshold_change_number"),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["account.id"],
            name="fk_threshold_change_created_by_id_account",
            ondelete="SET NULL",
        ),
    )
    op.create_index(
        "ix_threshold_change_model_id_number", "threshold_change", ["model_id", "number"]
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("match", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("claim_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("model_id", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(32), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("similarity", sa.Double(), nullable=False),
        sa.Column("anchors_compared", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Double(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name="fk_attempt_person_id_person", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_attempt_account_id_account",
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_attempt_created_at", "attempt", ["created_at"])
    op.create_index("ix_attempt_person_id", "attempt", ["person_id"])
    op.create_index("ix_attempt_claim_digest", "attempt", ["claim_digest"])


def downgrade() -> None:
    for table in (
        "attempt",
        "threshold_change",
        "anchor_embedding",
        "anchor",
        "person_key",
        "person",
        "gallery_version",
        "setup_token",
        "account",
    ):
        op.drop_table(table)
