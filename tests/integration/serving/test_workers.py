"""The real server with two workers: both follow a change, and a dead worker's job resumes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, permutations
from pathlib import Path
from threading import Event

import httpx
import pytest
from flask import Flask
from sqlalchemy import func, select, update

import ml
from tests.support import faces, performing
from tests.support.installation import ADMIN, PASSWORD, SEE_OTHER, UNLIMITED, words
from tests.support.small_model import TINY
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import AnchorEmbedding, Attempt, Challenge, ChallengeScope, Job, JobState, now
from webapp.db.transactions import unit_of_work
from webapp.inference.active_model import active_model
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import setting
from webapp.services.liveness.setting import Liveness
from webapp.settings import Settings

ROOT = Path(__file__).parents[3]
# Enough pictures for several batches, so that a worker can die between two of them.
PEOPLE, PICTURES_EACH = 24, 2
PATIENCE_SECONDS = 300
LOOK_SECONDS = 0.1

pytestmark = pytest.mark.long


@dataclass
class Server:
    """gunicorn with two workers, as `make run` starts it."""

    process: subprocess.Popen[str]
    url: str = ""

    @property
    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        listed = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=True
        )
        return [int(line) for line in listed.stdout.split()]

    def wait_for_a_worker(self) -> None:
        """Wait until one more worker logs that it is ready."""
        for line in self.process.stdout or ():
            if found := re.search(r"Ready: open (\S+)", line):
                self.url = found.group(1)
                return
        raise AssertionError(f"the server ended: {self.process.wait()}")

    @contextmanager
    def only(self, worker: int) -> Iterator[httpx.Client]:
        """Yield a signed-in administrator whose requests one worker answers."""
        with self.alone(worker), signed_in(self.url) as client:
            yield client

    @contextmanager
    def alone(self, worker: int) -> Iterator[None]:
        """Stop all workers except one while the context lasts."""
        others = [other for other in self.workers if other != worker]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)


@contextmanager
def signed_in(url: str) -> Iterator[httpx.Client]:
    """Yield an administrator. Each request opens a connection, which any free worker accepts."""
    closing = {"Connection": "close"}
    with httpx.Client(base_url=url, headers=closing, timeout=60, trust_env=False) as client:
        answer = post(client, "/sign-in", username=ADMIN, password=PASSWORD)
        assert answer.status_code == 302
        yield client


def post(
    client: httpx.Client, path: str, photos: Sequence[bytes] = (), **fields: str
) -> httpx.Response:
    """Send a form with its token, and pictures as frames; where there is a result, its page."""
    frames = [("frames", ("face.jpg", photo, "image/jpeg")) for photo in photos]
    sent = {"csrf_token": csrf_token(client), **fields}
    answer = client.post(path, data=sent, files=frames or None)
    return client.get(answer.headers["location"]) if answer.status_code == SEE_OTHER else answer


def csrf_token(client: httpx.Client) -> str:
    """Return the CSRF token of the client's session."""
    page = client.get("/privacy").text
    return re.search(r'name="csrf-token" content="([^"]+)"', page).group(1)


def until(condition: Callable[[], object]) -> None:
    """Poll until a condition holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came so far"
        Event().wait(LOOK_SECONDS)


@pytest.fixture(scope="module")
def installation(
    fresh_installation: Path,
    tmp_path_factory: pytest.TempPathFactory,
    real_engine: ml.Engine,
    artifacts: Path,
    known_faces: tuple[tuple[ml.Face, ...], ...],
) -> Iterator[Flask]:
    """Yield an app on the server's database; Ada is the first of the people enrolled."""
    instance = tmp_path_factory.mktemp("served") / "instance"
    subprocess.run(["cp", "-r", str(fresh_installation), str(instance)], check=True)
    app = create_app(Settings(instance=instance, artifacts=artifacts), real_engine)
    with app.app_context():
        for number in range(PEOPLE):
            pictures = known_faces[number % 2][:PICTURES_EACH]
            store.enrol(NewPerson(f"person-{number}", "Somebody", True), pictures, SERVER)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def server(installation: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = installation.extensions["settings"]
    environment = {
        **os.environ,
        "INSTANCE": str(settings.instance),
        "ARTIFACTS": str(settings.artifacts),
        "WORKERS": "2",
        "SIGN_IN_LIMIT": UNLIMITED,
        "VERIFY_LIMIT": UNLIMITED,
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    with (tmp_path_factory.mktemp("log") / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*gunicorn, "--bind", "127.0.0.1:0", "wsgi:app"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        running = Server(process)
        for _ in range(2):
            running.wait_for_a_worker()
        yield running
        process.terminate()
        process.wait()


def newest_attempt() -> Attempt:
    db.session.rollback()
    return db.session.scalars(select(Attempt).order_by(Attempt.created_at.desc())).first()


def job() -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.subject == TINY)).one()


def test_a_threshold_set_in_one_worker_counts_in_the_other_at_once(
    server: Server, people: tuple[faces.Person, ...]
) -> None:
    changes = (("99", "No match"), ("10", "Match"))
    pairs = zip(permutations(server.workers), changes, strict=True)
    for number, ((one, other), (score, outcome)) in enumerate(pairs):
        with server.only(one) as admin:
            answer = post(
                admin, "/threshold", score=score, reason="both follow", based_on=str(number)
            )
            assert answer.status_code == 302, words(answer)
        with server.only(other) as admin:
            answer = post(admin, "/verify", [people[0].photos[2]], identifier="person-0")

        assert f"{outcome} The face" in words(answer)
        expected = active_model().engine.calibration.similarity(float(score))
        assert newest_attempt().threshold == pytest.approx(expected)


def test_a_challenge_continues_in_either_worker(
    installation: Flask, server: Server, real_engine: ml.Engine
) -> None:
    """Consecutive frames go to different workers."""
    before, workers = setting.in_force(), cycle(server.workers)
    setting.change(Liveness(ChallengeScope.VERIFICATION, "gentle"), "for this test", SERVER)
    performer, reported = performing.live(real_engine), 0
    with signed_in(server.url) as client:
        asked = post(client, "/challenges", identifier="person-0").json()
        challenge, started = asked["challenge"], time.monotonic()
        db.session.rollback()
        steps = performing.drawn(db.session.scalars(select(Challenge.id)).one()).steps
        token = {"X-CSRFToken": csrf_token(client)}
        performer.prompt(None, 0.0)
        while asked["instruction"] != "done":
            if asked["step"] > reported:
                reported = asked["step"]
                performer.prompt(steps[reported - 1], time.monotonic() - started)
            frame = ("frame.jpg", performer.frame(time.monotonic() - started), "image/jpeg")
            fields = {"challenge": challenge, "number": str(asked["frame"])}
            with server.alone(next(workers)):
                asked = client.post(
                    "/challenges/frames", data=fields, files={"frame": frame}, headers=token
                ).json()
        answer = post(client, "/verify", identifier="person-0", challenge=challenge)
    setting.change(before, "the test is over", SERVER, confirmed=True)

    assert "Match The face" in words(answer)


def test_the_job_of_a_killed_worker_resumes_and_both_serve_the_new_model(
    server: Server, real_engine: ml.Engine, artifacts: Path, people: tuple[faces.Person, ...]
) -> None:
    def verified_by(client: httpx.Client) -> str:
        answer = post(client, "/verify", [people[0].photos[2]], identifier="person-0")
        assert answer.status_code == 200
        return newest_attempt().model_id

    with signed_in(server.url) as admin:
        progress = f"/models/{TINY}/progress"
        typed = {"reason": "tried", "licence": "y", "confirmation": "dangerous"}
        assert post(admin, f"/models/{TINY}/change", **typed).status_code == 302
        until(lambda: admin.get(progress).json()["done"])
        owner = int(job().lease_owner.split(":")[1])
        assert owner in server.workers
        os.kill(owner, signal.SIGKILL)
        killed_at = job()
        assert killed_at.state == JobState.RUNNING
        assert 0 < killed_at.done < killed_at.total == PEOPLE * PICTURES_EACH
        done = killed_at.done

        assert verified_by(admin) == real_engine.model_id
        server.wait_for_a_worker()
        assert job().done == done, "nobody goes on before the lease has ended"
        with unit_of_work() as session:
            session.execute(
                update(Job)
                .where(Job.subject == TINY)
                .values(lease_expires_at=now() - timedelta(seconds=1))
            )
        until(lambda: not admin.get(progress).json()["unfinished"])

    assert (job().state, job().done, job().attempts) == (JobState.DONE, PEOPLE * PICTURES_EACH, 2)
    new = ml.load_artifact(TINY, artifacts).model_id
    embedded = select(func.count()).where(AnchorEmbedding.model_id == new)
    assert db.session.scalar(embedded) == PEOPLE * PICTURES_EACH
    assert len(server.workers) == 2
    for worker in server.workers:
        with server.only(worker) as admin:
            assert verified_by(admin) == new
            assert re.search("koch on drawn faces Active", words(admin.get("/models")))
