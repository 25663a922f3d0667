"""A complete installation for tests: secrets, a migrated database, accounts, an engine."""

from __future__ import annotations

import html
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import Cookie, TestResponse

from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db, writing
from webapp.db.models import Model, Role
from webapp.services.accounts import accounts
from webapp.settings import PasswordCost, Settings
from webapp.startup.prepare import prepare

PASSWORD = "correct horse battery"
ADMIN, OPERATOR, VIEWER = "the admin", "the operator", "the viewer"
CHEAP = PasswordCost(time_cost=1, memory_kib=8)
UNLIMITED = "100000 per second"
SEE_OTHER = 303
# Database of the tests: sqlite or postgresql.
DATABASE = os.environ.get("DATABASE", "sqlite")


class Visitor:
    """A person with a browser of their own."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **options: object) -> TestResponse:
        with self.client.application.app_context():  # each request has one of its own
            return self.client.get(path, **options)

    def token(self) -> str:
        page = self.get("/sign-in").text
        return re.search(r'name="csrf-token" content="([^"]+)"', page).group(1)

    def post(
        self,
        path: str,
        pictures: dict[str, Sequence[bytes | tuple[bytes, str]]] | None = None,
        **fields: str,
    ) -> TestResponse:
        """Send a form as its page would, token included; pictures as bytes, or with a name.

        If the result is a page of its own, follow the redirect to it, as a browser does.
        """
        data: dict[str, object] = {"csrf_token": self.token(), **fields}
        for field, files in (pictures or {}).items():
            data[field] = [as_file(number, file) for number, file in enumerate(files)]
        with self.client.application.app_context():
            answer = self.client.post(path, data=data, content_type="multipart/form-data")
        return self.get(answer.location) if answer.status_code == SEE_OTHER else answer

    def sign_in(self, username: str, password: str = PASSWORD, **query: str) -> TestResponse:
        place = f"/sign-in?next={query['next']}" if query else "/sign-in"
        return self.post(place, username=username, password=password)


def session_cookie(visitor: Visitor) -> Cookie:
    """Return the session cookie."""
    (cookie,) = (one for one in visitor.client._cookies.values() if "faces_session" in one.key)
    return cookie


def as_file(number: int, file: bytes | tuple[bytes, str]) -> tuple[io.BytesIO, str]:
    data, name = file if isinstance(file, tuple) else (file, f"picture-{number}.jpg")
    return io.BytesIO(data), name


def words(response: TestResponse) -> str:
    """Return the text of a page, without tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.text)).split())


def rows_stored() -> dict[str, int]:
    """Count the rows of each table."""
    db.session.rollback()
    counts = {
        table.name: db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in Model.metadata.sorted_tables
    }
    db.session.rollback()
    return counts


def written_down(settings: Settings) -> bytes:
    """Return the whole content of the database: SQLite's files, or the values of all rows."""
    db.session.rollback()
    if not settings.database_url:
        return b"".join(file.read_bytes() for file in settings.instance.glob("faces.db*"))
    with db.engine.connect() as connection:
        values = [
            value
            for table in Model.metadata.sorted_tables
            for row in connection.execute(select(table))
            for value in row
        ]
    return b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in values)


def break_inserts(table: str, why: str) -> None:
    """Make the database reject new rows of a table."""
    if db.engine.dialect.name == "postgresql":
        statements = (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{why}' USING ERRCODE = 'disk_full'; END $$",
            f"CREATE TRIGGER refusing BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()",
        )
    else:
        statements = (
            f"CREATE TRIGGER refusing BEFORE INSERT ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{why}'); END",
        )
    with db.engine.connect().execution_options(**writing(db.engine)) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def prepared(settings: Settings) -> Path:
    """Prepare an instance folder with an account of each role; return the folder."""
    app = create_app(settings)
    with app.app_context():
        prepare()
        accounts.create_account(ADMIN, PASSWORD, Role.ADMIN, SERVER)
        accounts.create_account(OPERATOR, PASSWORD, Role.OPERATOR, SERVER)
        accounts.create_account(VIEWER, PASSWORD, Role.VIEWER, SERVER)
        db.session.remove()
        db.engine.dispose()
    return settings.instance


def settings_of_test(instance: Path, database_url: str = "") -> Settings:
    """Return settings with cheap passwords and without rate limits."""
    return Settings(
        instance=instance,
        database_url=database_url,
        password_cost=CHEAP,
        sign_in_limit=UNLIMITED,
        verify_limit=UNLIMITED,
        guidance_limit=UNLIMITED,
        forged_limit=UNLIMITED,
    )


@contextmanager
def inside(app: Flask) -> Iterator[Flask]:
    """Enter an app's context; its database connections end with it."""
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def signed_in(app: Flask, username: str) -> Visitor:
    """Sign in with a new browser."""
    visitor = Visitor(app)
    visitor.sign_in(username)
    return visitor
