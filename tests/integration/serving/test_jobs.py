"""Background jobs run once and lose nothing when a process dies."""

from __future__ import annotations

import multiprocessing
import os
import threading
from datetime import timedelta
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Account, Job, JobState, now
from webapp.db.transactions import unit_of_work
from webapp.errors.matching import NobodyEnrolled
from webapp.jobs import queue as jobs
from webapp.jobs.queue import Kind, Lease
from webapp.jobs.worker import Worker
from webapp.services.models import selection
from webapp.settings import Settings

STEPS = 3


class Counted:
    """A job that records its steps and resumes at the step of its row."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    def run(self, lease: Lease) -> None:
        done = db.session.scalar(select(Job.done).where(Job.id == lease.job_id))
        for step in range(done, STEPS):
            with unit_of_work() as session:
                lease.advance(session, step + 1, STEPS)
                self.steps.append(step)


def queue(kind: str = "count", subject: str = "") -> object:
    with unit_of_work() as session:
        return jobs.enqueue(session, kind, subject, SERVER)


def stored() -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job)).one()


def run(work, stopping: Event | None = None) -> int:
    return jobs.run_due({"count": Kind(work)}, stopping or Event())


def let_the_lease_end() -> None:
    with unit_of_work() as session:
        session.execute(update(Job).values(lease_expires_at=now() - timedelta(seconds=1)))


def test_a_job_is_done_and_reports_its_progress(app: Flask) -> None:
    queue()
    counted = Counted()

    assert run(counted.run) == 1

    job = stored()
    assert (job.state, job.done, job.total, job.attempts) == (JobState.DONE, STEPS, STEPS, 1)
    assert counted.steps == [0, 1, 2]
    assert run(counted.run) == 0


def test_the_same_work_is_queued_once(app: Flask) -> None:
    assert queue(subject="a") == queue(subject="a")
    assert queue(subject="b") != queue(subject="a")

    with pytest.raises(IntegrityError), unit_of_work() as session:
        session.add(Job(kind="count", subject="a"))


def test_finished_work_can_be_queued_again(app: Flask) -> None:
    first = queue()
    run(Counted().run)

    assert queue() != first


def test_a_failure_is_stored_without_personal_data(app: Flask) -> None:
    def fail(_lease: Lease) -> None:
        raise ValueError("the name of somebody")

    queue()
    run(fail)

    assert (stored().state, stored().error) == (JobState.FAILED, "ValueError")


def test_an_error_of_the_app_keeps_its_code(app: Flask) -> None:
    def fail(_lease: Lease) -> None:
        raise NobodyEnrolled

    queue()
    run(fail)

    assert stored().error == "nobody_enrolled"


def test_a_stopping_process_returns_its_job_and_another_resumes_it(app: Flask) -> None:
    stopping, counted = Event(), Counted()

    def stop_after_a_step(lease: Lease) -> None:
        with unit_of_work() as session:
            lease.advance(session, 1, STEPS)
            counted.steps.append(0)
        stopping.set()
        counted.run(lease)

    queue()
    run(stop_after_a_step, stopping)
    assert (stored().state, stored().done, stored().attempts) == (JobState.WAITING, 1, 0)

    run(counted.run)

    assert stored().state == JobState.DONE
    assert counted.steps == [0, 1, 2]


def test_ctrl_c_gives_the_job_back(app: Flask) -> None:
    job_id = queue()

    def press_ctrl_c(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run_one({"count": Kind(Counted().run)}, job_id, press_ctrl_c)

    assert (stored().state, stored().done) == (JobState.WAITING, 1)
    assert jobs.run_one({"count": Kind(Counted().run)}, job_id, lambda *_: None)
    assert stored().state == JobState.DONE


def test_a_leased_job_is_not_taken_until_the_lease_ends(app: Flask) -> None:
    queue()
    meanwhile: list[int] = []

    def look_on(lease: Lease) -> None:
        meanwhile.append(run(Counted().run))
        let_the_lease_end()
        meanwhile.append(run(Counted().run))
        with unit_of_work() as session:
            lease.advance(session, 1, 1)

    run(look_on)

    assert meanwhile == [0, 1]
    assert (stored().state, stored().done, stored().attempts) == (JobState.DONE, STEPS, 2)


def test_a_job_without_its_lease_cannot_commit(app: Flask) -> None:
    queue()

    def work_too_long(lease: Lease) -> None:
        let_the_lease_end()
        run(Counted().run)
        with unit_of_work() as session:
            session.execute(update(Account).values(username="changed without the lease"))
            lease.advance(session, 1, 1)

    run(work_too_long)

    assert "changed without the lease" not in db.session.scalars(select(Account.username)).all()


def test_a_job_that_processes_die_of_is_given_up(app: Flask) -> None:
    queue()
    with unit_of_work() as session:
        session.execute(
            update(Job).values(
                state=JobState.RUNNING,
                attempts=jobs.MAX_ATTEMPTS,
                lease_owner="dead",
                lease_expires_at=now() - timedelta(seconds=1),
            )
        )

    assert run(Counted().run) == 0
    assert stored().state == JobState.FAILED
    assert "crashed" in stored().error


def test_periodic_work_is_queued_automatically_once_a_period(app: Flask) -> None:
    counted = Counted()
    kinds = {"count": Kind(counted.run, every=timedelta(hours=1))}

    assert [jobs.run_due(kinds, Event()) for _ in range(2)] == [1, 0]
    with unit_of_work() as session:
        session.execute(update(Job).values(created_at=now() - timedelta(hours=2)))

    assert jobs.run_due(kinds, Event()) == 1


def test_each_job_is_run_by_one_of_many_threads(app: Flask) -> None:
    for number in range(6):
        queue(subject=str(number))
    together = threading.Barrier(4)
    taken: list[str] = []

    def work_once(lease: Lease) -> None:
        taken.append(lease.subject)

    def compete() -> None:
        with app.app_context():
            together.wait()
            run(work_once)

    threads = [threading.Thread(target=compete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [str(number) for number in range(6)]


def _die_after_the_first_step(settings: Settings) -> None:
    app = create_app(settings)

    def work(lease: Lease) -> None:
        with unit_of_work() as session:
            lease.advance(session, 1, STEPS)
        os._exit(9)

    with app.app_context():
        run(work)


def test_the_job_of_a_killed_process_resumes(app: Flask, settings: Settings) -> None:
    queue()
    process = multiprocessing.get_context("spawn").Process(
        target=_die_after_the_first_step, args=(settings,)
    )
    process.start()
    process.join()
    assert process.exitcode == 9
    assert (stored().state, stored().done) == (JobState.RUNNING, 1)
    counted = Counted()
    assert run(counted.run) == 0

    let_the_lease_end()
    run(counted.run)

    assert (stored().state, stored().attempts) == (JobState.DONE, 2)
    assert counted.steps == [1, 2]


def test_the_worker_thread_survives_failures_and_stops(app: Flask) -> None:
    queue()
    done = Event()

    def work(lease: Lease) -> None:
        with unit_of_work() as session:
            lease.advance(session, 1, 1)
        done.set()

    ran: list[str] = []

    def err() -> None:
        ran.append("errand")
        raise ZeroDivisionError

    worker = Worker(app, {"count": Kind(work)}, chores=[err])
    worker.start()
    assert done.wait(30)
    worker.stop()

    assert ran
    assert stored().state == JobState.DONE


def test_the_command_runs_due_jobs(app: Flask) -> None:
    with unit_of_work() as session:
        jobs.enqueue(session, selection.CHANGE_MODEL, app.extensions["settings"].model, SERVER)

    answer = app.test_cli_runner().invoke(args=["jobs", "run"])

    assert answer.exit_code == 0
    assert answer.output.endswith("jobs done\n")
    db.session.rollback()
    assert set(db.session.scalars(select(Job.state))) == {JobState.DONE}
