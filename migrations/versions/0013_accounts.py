"""links to own pages, sign-ins under way, known browsers, what sessions and failures belong to"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _added() -> dict[str, list[sa.Column]]:
    return {
        "account": [sa.Column("failed_tries", sa.Integer(), nullable=False, server_default="0")],
        "account_session": [
            sa.Column("digest", sa.LargeBinary(32), nullable=True),
            sa.Column("browser", sa.String(64), nullable=True),
            sa.Column("address", sa.String(45), nullable=True),
        ],
        "failure_count": [sa.Column("against", sa.LargeBinary(32), nullable=True)],
        "challenge": [sa.Column("network_digest", sa.LargeBinary(32), nullable=True)],
    }


def _pointer(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    for table, columns in _added().items():
        for column in columns:
            op.add_column(table, column)
    op.create_index("ix_account_session_digest", "account_session", ["digest"], unique=True)
    op.create_index("ix_failure_count_against", "failure_count", ["against"])
    op.create_table(
        "pending_sign_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending_sign_in"),
        _pointer("pending_sign_in", "account_id", "account"),
    )
    op.create_index("ix_pending_sign_in_account_id", "pending_sign_in", ["account_id"])
    op.create_index("ix_pending_sign_in_digest", "pending_sign_in", ["digest"], unique=True)
    op.create_table(
        "known_browser",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("last_used_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_known_browser"),
        sa.UniqueConstraint("account_id", "digest", name="uq_known_browser_account_id_digest"),
        _pointer("known_browser", "account_id", "account"),
    )
    op.create_table(
        "own_link",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_own_link"),
        _pointer("own_link", "person_id", "person"),
        _pointer("own_link", "created_by_id", "account"),
    )
    op.create_index("ix_own_link_digest", "own_link", ["digest"], unique=True)
    op.create_index("ix_own_link_created_by_id", "own_link", ["created_by_id"])


def downgrade() -> None:
    for table in ("own_link", "known_browser", "pending_sign_in"):
        op.drop_table(table)
    op.drop_index("ix_failure_count_against", "failure_count")
    op.drop_index("ix_account_session_digest", "account_session")
    for table, columns in _added().items():
        for column in columns:
            op.drop_column(table, column.name)
