"""A future release, with one more migration."""

from __future__ import annotations

import shutil
from pathlib import Path

from alembic.script import ScriptDirectory

from webapp.startup.schema import MIGRATIONS

VERSIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
EXPAND = """
    op.create_table("next_table", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("attempt", sa.Column("next_note", sa.String(64), nullable=True))
    mark = sa.Column("next_mark", sa.Integer(), nullable=False, server_default="0")
    op.add_column("person", mark)
    op.create_index("ix_person_next_mark", "person", ["next_mark"])
"""
CONTRACT = 'op.drop_column("api_key", "replaced_at")'
NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "the next"
down_revision = "{head}"


def upgrade():
    {change}
"""


def next_migrations(folder: Path, change: str) -> Path:
    """Return a folder of all migrations and of another one that makes a change."""
    migrations = shutil.copytree(MIGRATIONS, folder / "migrations")
    text = NEXT.format(head=VERSIONS[-1], change=change.strip())
    (migrations / "versions" / "next.py").write_text(text)
    return migrations
