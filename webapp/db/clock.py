"""The time, one for all nodes: PostgreSQL's where there is one, else this machine's.

Nodes hold against the time what other nodes wrote: what has expired, who may try again. A machine's
clock may be minutes off, or be set while it runs. So the database is asked for its own, and between
two looks at it the time passes by the clock of this process that nobody sets.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import Flask, current_app, has_app_context
from sqlalchemy import Connection, Engine, event

NAME = "clock"
LOOK_SECONDS = 60
# Seconds a second that a machine may count wrong: more than any does.
DRIFT = 0.001


@dataclass(frozen=True)
class Look:
    """What the database's clock showed.

    Attributes:
        moment: the time there.
        at: this process's monotonic clock when it did, in seconds.
        error: by how many seconds `at` may be wrong: half of what the look took.
    """

    moment: datetime
    at: float
    error: float

    def error_at(self, at: float) -> float:
        """By how much the time that is told from this look may be wrong later, in seconds."""
        return self.error + DRIFT * (at - self.at)


class Clock:
    """The clock of one app; before its first look at another one it is this machine's."""

    def __init__(self) -> None:
        self._look: Look | None = None

    def now(self) -> datetime:
        """This moment, in UTC."""
        look = self._look
        if look is None:
            return datetime.fromtimestamp(time.time(), UTC)
        return look.moment + timedelta(seconds=time.monotonic() - look.at)

    def follow(self, engine: Engine) -> None:
        """Look at the clock of a PostgreSQL now and then, as transactions begin."""
        event.listen(engine, "begin", self._look_if_due)

    def _look_if_due(self, connection: Connection) -> None:
        began = time.monotonic()
        if self._look and began - self._look.at < LOOK_SECONDS:
            return
        shown = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        error = (time.monotonic() - began) / 2
        new = Look(shown.astimezone(UTC), began + error, error)
        # One that took long, on a busy machine, says less than the one before.
        if self._look is None or new.error <= self._look.error_at(new.at):
            self._look = new


def add_clock(app: Flask, engine: Engine) -> None:
    """Give an app the time of its database."""
    clock = app.extensions[NAME] = Clock()
    if engine.dialect.name == "postgresql":  # SQLite's is this machine's
        clock.follow(engine)


def now() -> datetime:
    """This moment, in UTC, as all nodes of the app tell it."""
    clock: Clock = current_app.extensions[NAME] if has_app_context() else Clock()
    return clock.now()
