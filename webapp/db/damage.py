"""Detection of damage to SQLite's file, by failing statements and by integrity checks.

A damaged page may stay unread for weeks, and a connection serves cached pages from memory. So a
separate connection checks the whole file repeatedly while the app serves.

A file that is removed, moved or replaced stays open, and commits to it are lost when the process
ends. So its inode is compared with that of the file at its path.
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
# Checks take at most this share of the time, and run at most once in MIN_PAUSE_SECONDS.
MAX_DUTY_CYCLE, MIN_PAUSE_SECONDS = 0.01, 1.0
# A slower check is left to background work; START_SECONDS is the bound during a start.
SHORT_SECONDS, START_SECONDS = 0.2, 5.0
PROGRESS_STEPS = 10_000  # SQLite virtual machine instructions between two timeout checks
RESTART = "The app no longer reads or stores data. Restore the file, or restart the app"
REMEDY = "Stop the app and restore the newest backup. Run: flask --app wsgi restore BACKUP"


class DatabaseDamaged(Exception):
    """SQLite's file is damaged, removed or replaced; the message has the remedy."""


def is_damage(error: BaseException | None) -> bool:
    """Return whether SQLite reported its file as damaged or as not a database."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF in DAMAGED


class DamageWatch:
    """Knowledge of this process about damage to the database file.

    Attributes:
        found: whether damage was found; only a restart with a sound file resets it.
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
        """Check a small file if a check is due, for at most `seconds`.

        Raises:
            DatabaseDamaged: if the file is damaged, or was found damaged before.
        """
        if self._is_short:
            self.scan(seconds)
        self.refuse_damage()

    def refuse_damage(self) -> None:
        """Raise if damage was found before.

        Raises:
            DatabaseDamaged: if so.
        """
        if self.found:
            raise DatabaseDamaged(f"The database {self._file} is damaged. {REMEDY}")
        if self._opened not in {None, self._in_place()}:
            raise DatabaseDamaged(f"The database {self._file} was removed or replaced. {RESTART}")

    def scan(self, seconds: float | None = None) -> None:
        """Check the whole file if a check is due; stop after `seconds`, None for no limit."""
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
            pause = took / MAX_DUTY_CYCLE if seconds is None or self._is_short else 0
            self._due_at = time.monotonic() + max(MIN_PAUSE_SECONDS, pause)
            self._lock.release()

    def _note_file(self, *_connection: object) -> None:
        if self._opened is None:
            self._opened = self._in_place()

    def _forget_file(self, _engine: Engine) -> None:
        self._opened = None

    def _in_place(self) -> tuple[int, int] | None:
        """Return device and inode of the file at the path, None if there is none."""
        try:
            status = self._file.stat() if self._file else None
        except OSError:
            return None
        return (status.st_dev, status.st_ino) if status else None

    def _note(self, context: ExceptionContext) -> None:
        if is_damage(context.original_exception):
            self.found = True


def add_damage_watch(app: Flask, engine: Engine) -> None:
    """Attach a damage watch to an app and its engine."""
    app.extensions[NAME] = DamageWatch(engine)


def damage_watch() -> DamageWatch:
    """Return the damage watch of the current app."""
    watch: DamageWatch = current_app.extensions[NAME]
    return watch


def explain(error: SQLAlchemyError) -> str:
    """Return the cause of a database error and its remedy, for operators."""
    cause = getattr(error, "orig", None)
    if is_damage(cause):
        return f"The database is damaged, or is not a SQLite database. {REMEDY}"
    if isinstance(error, DBAPIError) and is_locked(error):
        return "Another program is writing to the database. Wait until it has ended, then retry."
    return f"The database cannot be used: {cause or error}"


def _is_sound(file: Path, ends_at: float) -> bool:
    """Return whether SQLite finds no damage in a file before `ends_at`."""
    try:
        connection = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > ends_at, PROGRESS_STEPS)
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
        finally:
            connection.close()
    except sqlite3.Error as error:
        return not is_damage(error)
