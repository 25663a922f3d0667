"""the installation's key, limits, audit log, sessions, second factor, terms of consent"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Triggers refuse changes of the audit log. The log's hash chain reveals an attacker who drops them.
REFUSALS = ("UPDATE", "DELETE")
ONLY_ADDED = "the audit log is only ever added to"


def upgrade() -> None:
    op.create_table(
        "installation_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master_key_id", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation_key"),
    )
    op.create_table(
        "failure_count",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_failure_count"),
    )
    op.create_index("ix_failure_count_last_at", "failure_count", ["last_at"])
    op.create_table(
        "address_window",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_address_window"),
    )
    op.create_index("ix_address_window_ends_at", "address_window", ["ends_at"])
    _create_audit_log()
    _create_sessions()
    op.add_column(
        "person", sa.Column("consent_terms", sa.JSON(), nullable=False, server_default="{}")
    )
    op.add_column(
        "person", sa.Column("link_number", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index("ix_person_consent_at", "person", ["consent_at"])


def _create_audit_log() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.String(45), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entry"),
    )
    for column in ("at", "event", "account_id"):
        op.create_index(f"ix_audit_entry_{column}", "audit_entry", [column])
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for what in REFUSALS:
            op.execute(
                f"CREATE TRIGGER audit_entry_no_{what.lower()} BEFORE {what} ON audit_entry "
                f"BEGIN SELECT RAISE(ABORT, '{ONLY_ADDED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change_of_audit_entry() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{ONLY_ADDED}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    for what in (*REFUSALS, "TRUNCATE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{what.lower()} BEFORE {what} ON audit_entry "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_entry()"
        )


def _create_sessions() -> None:
    op.create_table(
        "account_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_account_session"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_account_session_account_id_account",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_account_session_account_id", "account_session", ["account_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
            name="fk_recovery_code_account_id_account",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_recovery_code_account_id", "recovery_code", ["account_id"])
    op.add_column("account", sa.Column("totp", sa.LargeBinary(), nullable=True))
    op.add_column(
        "account", sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0")
    )
    op.drop_column("account", "session_number")


def downgrade() -> None:
    op.add_column(
        "account", sa.Column("session_number", sa.Integer(), nullable=False, server_default="1")
    )
    op.drop_index("ix_person_consent_at", "person")
    for table, column in (
        ("account", "totp_step"),
        ("account", "totp"),
        ("person", "link_number"),
        ("person", "consent_terms"),
    ):
        op.drop_column(table, column)
    for table in (
        "recovery_code",
        "account_session",
        "audit_head",
        "audit_entry",
        "address_window",
        "failure_count",
        "installation_key",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change_of_audit_entry()")
