"""keys of names and identifiers without what is not seen in them"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Variation selectors, fillers and blanks: `webapp.core.text` compares names without them.
UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U00016fe4\U0001d159\U000e0100-\U000e01ef]+"
)
KEYS = (("person", "identifier_key", True), ("person", "name_key", False))
KEYS += (("account", "username_key", True),)


def upgrade() -> None:
    """Shorten the keys; one that somebody else has already stays, and is found no more."""
    for name, column, is_unique in KEYS:
        _shorten(sa.table(name, sa.column("id"), sa.column(column)), column, is_unique)


def downgrade() -> None:
    """Nothing is taken back: the shorter keys serve the release before as well."""


def _shorten(table: sa.TableClause, column: str, is_unique: bool) -> None:
    connection, key = op.get_bind(), table.c[column]
    rows = connection.execute(sa.select(table.c.id, key)).all()
    taken = {row[1] for row in rows}
    for row_id, before in rows:
        after = " ".join(UNSEEN.sub("", before).split())
        if after == before or (is_unique and (after in taken or not after)):
            continue
        taken.add(after)
        connection.execute(sa.update(table).where(table.c.id == row_id).values({column: after}))
