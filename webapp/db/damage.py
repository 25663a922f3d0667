"""Damage to SQLite's file: noticed by statements that fail, and looked for while the app serves.

A damaged page may lie unread for weeks, and a connection reads pages that it holds from memory. So
the whole file is read again and again, by a connection of its own.

A file that is removed, moved or replaced stays open: what is committed to it is lost with the
process. So its identity is compared with that of the file in its place.
"""

from __future__ import annotations

import math
import sqlite3
import time
from pathlib import Path
from threading import Lock

from flask import Flask, current_app
from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from webapp.db.engine import SQLITE
from webapp.db.transactions import is_locked

NAME = "damage"
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# A check takes at most this share of the time, and is due at most once a second.
SHARE, LEAST_PAUSE_SECONDS = 0.01, 1.0
# A check that takes longer than this, or than the other at a start, is left to background work.
SHORT_SECONDS, START_SECONDS = 0.2, 5.0
STEPS = 10_000  # of SQLite's virtual machine, between two looks at the clock
RESTART = "Nothing is read or stored any more. Bring the file back, or restart the app"
REMEDY = "Stop the app and restore the newest backup. Run: flask --app wsgi restore BACKUP"


class DatabaseDamaged(Exception):
    """SQLite's file is damaged or no longer in its place; the text says what to do."""


def is_damage(error: BaseException | None) -> bool:
    """Return whether SQLite found its file damaged, or no database at all."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in DAMAGED


class DamageWatch:
    """Whether the database's file is damaged, as far as this process knows.

    Attributes:
        found: whether damage was found; only a restart with a sound file ends that.
    """

    def __init__(self, engine: Engine) -> None:
        self._file = Path(engine.url.database or "") if engine.dialect.name == SQLITE else None
        self.found = False
        self._is_short = True
        self._due_at = 0.0
        self._lock = Lock()
        self._opened: tuple[int, int] | None = None
        event.listen(engine, "handle_error", self._note)
        event.listen(engine, "connect", self._note_file)
        event.listen(engine, "engine_disposed", self._forget_file)

    def check(self, seconds: float = SHORT_SECONDS) -> None:
        """Read a small file, one that takes at most so many seconds, unless that was just done.

        Raises:
            DatabaseDamaged: if it is damaged, or was found to be before.
        """
        if self._is_short:
            self.look(seconds)
        self.refuse_damage()

    def refuse_damage(self) -> None:
        """Check what is known.

        Raises:
            DatabaseDamaged: if damage was found before.
        """
        if self.found:
            raise DatabaseDamaged(f"The database {self._file} is damaged. {REMEDY}")
        if self._opened not in {None, self._in_place()}:
            raise DatabaseDamaged(f"The database {self._file} was removed or replaced. {RESTART}")

    def look(self, seconds: float | None = None) -> None:
        """Read the whole file if that is due, or as far as the seconds reach."""
        if self._file is None or self.found or time.monotonic() < self._due_at:
            return
        if not self._lock.acquire(blocking=False):
            return
        began = time.monotonic()
        try:
            self.found = not _is_sound(self._file, began + (seconds or math.inf))
        finally:
            took = time.monotonic() - began
            self._is_short = took < SHORT_SECONDS
            pause = took / SHARE if seconds is None or self._is_short else 0
            self._due_at = time.monotonic() + max(LEAST_PAUSE_SECONDS, pause)
            self._lock.release()

    def _note_file(self, *_connection: object) -> None:
        if self._opened is None:
            self._opened = self._in_place()

    def _forget_file(self, _engine: Engine) -> None:
        self._opened = None

    def _in_place(self) -> tuple[int, int] | None:
        """The identity of the file, None where there is none."""
        try:
            found = self._file.stat() if self._file else None
        except OSError:
            return None
        return (found.st_dev, found.st_ino) if found else None

    def _note(self, context: ExceptionContext) -> None:
        if is_damage(context.original_exception):
            self.found = True


def add_damage_watch(app: Flask, engine: Engine) -> None:
    """Watch over the database of an app."""
    app.extensions[NAME] = DamageWatch(engine)


def damage_watch() -> DamageWatch:
    """Return that of the current app."""
    watch: DamageWatch = current_app.extensions[NAME]
    return watch


def in_words(error: SQLAlchemyError) -> str:
    """Return what is wrong with the database, and what to do, for whoever runs the server."""
    cause = getattr(error, "orig", None)
    if is_damage(cause):
        return f"The database is damaged, or no database of SQLite's. {REMEDY}"
    if isinstance(error, DBAPIError) and is_locked(error):
        return "Another program writes to the database. Wait until it has ended, then try again."
    return f"The database cannot be used: {cause or error}"


def _is_sound(file: Path, ends_at: float) -> bool:
    """Return whether SQLite finds nothing wrong with a file, in the time there is."""
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > ends_at, STEPS)
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        finally:
            connection.close()
    except sqlite3.Error as error:
        return not is_damage(error)
