"""The database schema: migrations, and the check that this release can use it."""

from __future__ import annotations

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask_migrate import Migrate, upgrade
from sqlalchemy import Connection, Engine

from webapp.db.engine import db
from webapp.db.models import Model
from webapp.db.schema_compatibility import incompatibilities
from webapp.settings import ROOT
from webapp.startup.not_ready import REMEDY, NotReady

MIGRATIONS = ROOT / "migrations"


def bring_up_to_date(engine: Engine) -> None:
    """Migrate a database other than that of the app."""
    migrate: Migrate = current_app.extensions["migrate"].migrate
    config = migrate.get_config(str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")


def check_version(engine: Engine) -> None:
    """Check that a database is at the newest version.

    Raises:
        NotReady: if not.
    """
    with engine.connect() as connection:
        _check_version(connection)


def _check_version(connection: Connection) -> None:
    newest, current = _newest_version(), _version(connection)
    if current != newest:
        raise NotReady(f"The database is at version {current}, not {newest}. {REMEDY}")


def check_tables(connection: Connection) -> None:
    """Check that this release can use the tables, which a later release may have migrated.

    Raises:
        NotReady: if not.
    """
    if not _is_of_a_later_release(connection):
        _check_version(connection)
        return
    found = ", ".join(incompatibilities(Model.metadata, connection))
    if found:
        raise NotReady(f"A later release migrated the database: {found}. Update this node.")


def _is_of_a_later_release(connection: Connection) -> bool:
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    return (_version(connection) or _newest_version()) not in known


def update_tables() -> None:
    """Run the missing migrations, unless a later release has migrated the database."""
    with db.engine.connect() as connection:
        if _is_of_a_later_release(connection):
            return
    upgrade(directory=str(MIGRATIONS))


def _newest_version() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
