"""indices of attempts hold the person, so that a list of many people's reads no rows"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ORDERS = (["created_at", "id"], ["match", "created_at", "id"], ["kind", "created_at", "id"])


def upgrade() -> None:
    for columns in ORDERS:
        _replace(columns, [*columns, "person_id"])


def downgrade() -> None:
    for columns in ORDERS:
        _replace([*columns, "person_id"], columns)


def _replace(columns: list[str], others: list[str]) -> None:
    op.drop_index(f"ix_attempt_{'_'.join(columns)}", "attempt")
    op.create_index(f"ix_attempt_{'_'.join(others)}", "attempt", others)
