"""The thread of a process that runs due jobs."""

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
    """A process's thread for background work: what falls due is done while the process serves.

    `errands` are run before each look for work; they are for what each process has to do itself.
    """

    def __init__(
        self, app: Flask, kinds: Kinds, errands: Iterable[Callable[[], object]] = ()
    ) -> None:
        self._app = app
        self._kinds = kinds
        self._errands = tuple(errands)
        self._stopping = Event()
        self._thread = Thread(target=self._work, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin; after the process was forked, since threads do not survive that."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the step at hand."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while not self._stopping.is_set():
            with self._app.app_context():
                self._look_for_work()
            self._stopping.wait(POLL_SECONDS)

    def _look_for_work(self) -> None:
        try:
            damage_watch().refuse_damage()
        except DatabaseDamaged:  # health and pages say so; each write may lose more
            return
        for task in (*self._errands, lambda: run_due(self._kinds, self._stopping)):
            try:
                task()
            except Exception as error:  # the thread outlives it, and tries again at the next look
                db.session.rollback()
                log.error("background work: %s", safe_message(error))
