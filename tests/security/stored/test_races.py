from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

import ml
from tests.support.changed import changed
from tests.support.installation import rows_stored
from tests.support.programs import key_with, program
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.models import Scope
from webapp.errors.matching import MustWait
from webapp.errors.people import DuplicateIdentifier
from webapp.services import audit, audit_verification
from webapp.services.matching.verification import verify
from webapp.services.thresholds import verification
from webapp.settings import Settings


@pytest.fixture
def together(app: Flask) -> Callable[..., list[object]]:
    """Run functions at the same moment, each in a thread; return their results or exceptions."""

    def run(*tasks: Callable[[], object]) -> list[object]:
        db.session.remove()
        ready = threading.Barrier(len(tasks))
        results: list[object] = [None] * len(tasks)

        def work(number: int, task: Callable[[], object]) -> None:
            with app.app_context():
                ready.wait()
                try:
                    results[number] = task()
                except Exception as error:
                    results[number] = error
                db.session.remove()

        threads = [
            threading.Thread(target=work, args=(number, task)) for number, task in enumerate(tasks)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    return run


def test_one_of_two_concurrent_enrolments_of_an_identifier_wins(together, enrol) -> None:
    def attempt() -> object:
        return enrol("ada", photos=1)

    results = together(attempt, attempt, attempt)

    assert sum(isinstance(result, DuplicateIdentifier) for result in results) == 2
    stored = rows_stored()
    assert (stored["person"], stored["person_key"], stored["anchor"]) == (1, 1, 1)


def test_a_change_of_threshold_during_verifications_judges_each_by_one_threshold(
    app: Flask, together, enrol, people, operator_id
) -> None:
    enrol("ada", photos=1)

    def verify_once() -> object:
        decision = verify("ada", [people[0].photos[2]], SERVER)
        return decision.match == (decision.similarity >= decision.threshold.similarity)

    *verified, changed = together(
        verify_once,
        verify_once,
        verify_once,
        lambda: verification.change(99, "stricter", Actor(operator_id), confirmed=True),
    )

    assert verified == [True] * 3
    assert changed is None


def test_concurrent_tries_do_not_exceed_the_limit(app: Flask, together, enrol, people) -> None:
    enrol("ada", photos=1)

    results = together(*[lambda: verify("ada", [people[1].photos[0]], SERVER)] * 8)

    refused = [result for result in results if isinstance(result, MustWait)]
    assert len(refused) == 3
    assert rows_stored()["attempt"] == 5


def test_entries_of_the_audit_log_at_the_same_moment_are_chained(
    app: Flask, together, operator_id
) -> None:
    results = together(*[lambda: audit.record_now("picture_seen", Actor(operator_id))] * 8)

    assert results == [None] * 8
    assert audit_verification.verify().problem is None


def test_one_program_for_each_thread_is_answered_in_parallel(
    app: Flask, settings: Settings, engine: ml.Engine
) -> None:
    many, rounds = 24, 4
    busy = create_app(changed(settings, threads=many), engine)
    key, at_once = key_with(Scope.ADMIN), threading.Barrier(many)

    def ask(_number: int) -> list[int]:
        with program(busy, key) as another:
            statuses = []
            for _ in range(rounds):
                at_once.wait()
                statuses.append(another.http.get("/attempts").status_code)
            return statuses

    with ThreadPoolExecutor(many) as threads:
        answered = [status for found in threads.map(ask, range(many)) for status in found]

    with busy.app_context():
        db.engine.dispose()
    assert answered == [200] * many * rounds
