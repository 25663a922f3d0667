"""The background thread of a process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Thread

from flask import Flask

from webapp.db.damage import DatabaseDamaged, damage_watch
from webapp.db.engine import db
from webapp.jobs.queue import Kinds, log, run_due, safe_message

POLL_SECONDS = 2.0
STOP_SECONDS = 15.0


class Worker:
    """A thread that runs due jobs while the process serves.

    `chores` run before each poll of the queue; every process has to do them.
    """

    def __init__(
        self, app: Flask, kinds: Kinds, chores: Iterable[Callable[[], object]] = ()
    ) -> None:
        self._app = app
        self._kinds = kinds
        self._chores = tuple(chores)
        self._stopping = Event()
        self._failing: dict[int, str] = {}
        self._thread = Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Start the thread; call it after a fork, which threads do not survive."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current step, within STOP_SECONDS."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._app.app_context():
                self._poll()
            self._stopping.wait(POLL_SECONDS)

    def _poll(self) -> None:
        try:
            damage_watch().refuse_damage()
        except DatabaseDamaged:  # health and pages report it; each write may lose more
            return
        for number, task in enumerate((*self._chores, self._run_due)):
            try:
                task()
                self._failing.pop(number, None)
            except Exception as error:  # the next poll retries
                db.session.rollback()
                self._log_once(number, safe_message(error))

    def _log_once(self, number: int, problem: str) -> None:
        """Log the failure of a task, unless the last poll failed in the same way."""
        if self._failing.get(number) != problem:
            log.error("background work failed: %s", problem)
        self._failing[number] = problem

    def _run_due(self) -> None:
        run_due(self._kinds, self._stopping)
