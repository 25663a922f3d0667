"""A real PostgreSQL, started for the run; every test gets a database of its own."""

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

# What a crash of the machine would lose is lost on purpose: tests are faster so.
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
        """Make a database, a copy of another one that nobody uses; its name."""
        name = f"faces_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    @contextmanager
    def lent(self, template: str = "template1") -> Iterator[str]:
        """A database's URL, for as long as it is needed."""
        name = self.new_database(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)


@contextmanager
def running(roomy: Sequence[str] = ()) -> Iterator[Postgresql]:
    """A server of its own, whose data ends with it; `roomy` are settings that it starts with."""
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
