"""Runs migrations on the app's database, each run in one transaction."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

from webapp.db.engine import POSTGRESQL, db, writing
from webapp.db.models import Model


def run() -> None:
    engine = context.config.attributes.get("engine", db.engine)
    with engine.connect().execution_options(**writing(engine)) as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            switch_foreign_keys(connection, "OFF")  # SQLite alters tables by copying and dropping
        with connection.begin():
            if connection.dialect.name == POSTGRESQL:  # an index of many rows takes its time
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            configure(connection)
            context.run_migrations()
            if sqlite and connection.execute(text("PRAGMA foreign_key_check")).first():
                raise RuntimeError("a migration left rows that point nowhere; nothing was changed")
        if sqlite:
            switch_foreign_keys(connection, "ON")


def configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        transactional_ddl=True,
        **current_app.extensions["migrate"].configure_args,
    )


def switch_foreign_keys(connection: Connection, state: str) -> None:
    """SQLite ignores this inside a transaction, so it goes past SQLAlchemy's."""
    connection.connection.cursor().execute(f"PRAGMA foreign_keys = {state}")


run()
