"""A real PostgreSQL server for a run; every test gets a database of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from deploy.cluster import pgserver, restart

# Durability is off, which makes tests faster.
HASTY = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@dataclass(frozen=True)
class Postgresql:
    """A running server."""

    server: pgserver.PostgresServer

    def url(self, database: str = "postgres") -> str:
        return self.server.get_uri(database)

    def execute(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def new_database(self, template: str = "template1") -> str:
        """Create a database as a copy of an unused one, and return its name."""
        name = f"faces_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        """Drop a database, even if it is in use."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    @contextmanager
    def lent(self, template: str = "template1") -> Iterator[str]:
        """Yield the URL of a temporary database."""
        name = self.new_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


@contextmanager
def running(roomy: Sequence[str] = ()) -> Iterator[Postgresql]:
    """Start a server with temporary data; `roomy` are its settings."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    server = pgserver.get_server(folder, cleanup_mode="stop")
    try:
        made = Postgresql(server)
        for setting in (*HASTY, *roomy):
            made.execute(f"ALTER SYSTEM SET {setting}")
        restart(server)
        yield made
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
