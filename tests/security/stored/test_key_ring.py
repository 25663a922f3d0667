from __future__ import annotations

import re
import shutil
from datetime import timedelta
from pathlib import Path
from threading import Event
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from tests.security.stored.disks import FAULTS, fill, on_ring, unmount
from tests.support.changed import changed
from tests.support.installation import Visitor, rows_stored, words
from tests.support.programs import key_with
from webapp import create_app
from webapp.core.actor import SERVER, Actor
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import Job, JobState, Kind, Person, Refusal, Scope, now
from webapp.db.transactions import unit_of_work
from webapp.errors.backup import KeyRingBehind
from webapp.jobs import queue
from webapp.services.backup import backup
from webapp.services.backup.key_ring import KeyRing, KeyRingSync
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.people import people, retention
from webapp.services.people.retention import DELETE_EXPIRED
from webapp.settings import Settings
from webapp.startup.job_handlers import JOB_HANDLERS
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles

pytestmark = pytest.mark.sqlite  # backups need the database file


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Return a folder that acts as another disk, with the key ring."""
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


@pytest.fixture
def settings(settings: Settings, disk: Path) -> Settings:
    return changed(settings, key_ring=disk / "ring.json", retention_days=365)


@pytest.fixture
def enrolled(app: Flask, known_faces, tmp_path: Path) -> list[UUID]:
    """Enrol three people, and make a backup."""
    names = ("ada", "bob", "cy")
    ids = [store.enrol(NewPerson(one, one, True), known_faces[0][:1], SERVER) for one in names]
    backup.back_up(tmp_path / "monday.backup", SERVER)
    return ids


@pytest.fixture
def expired_people(enrolled: list[UUID]) -> list[UUID]:
    """Expire the same three people, each a day before the next one."""
    for days, person_id in enumerate(reversed(enrolled), start=366):
        with unit_of_work() as session:
            session.get_one(Person, person_id).consent_at -= timedelta(days=days)
    return enrolled


@FAULTS
def test_a_deletion_with_an_unwritable_key_ring_is_done_and_reports_it(
    app: Flask, settings: Settings, disk: Path, operator: Visitor, enrolled: list[UUID], fault
) -> None:
    mend = fault(disk)

    answer = operator.post(f"/people/{enrolled[0]}/delete")

    assert answer.status_code == 302
    assert "The key ring that opens backups could not be written" in words(operator.get("/people"))
    assert rows_stored()["person"] == 2
    assert obstacles(app) == {"key ring"}
    mend()
    assert on_ring(settings) == set(enrolled)
    KeyRingSync(pause_seconds=0).run()
    assert on_ring(settings) == set(enrolled[1:])
    assert not obstacles(app)


def test_withdrawing_consent_reports_that_backups_are_pending(
    app: Flask, disk: Path, operator: Visitor, anybody: Visitor, enrolled: list[UUID]
) -> None:
    page = operator.post(f"/people/{enrolled[0]}/link").text
    link = re.search(r"http://localhost(/own/[^<\s]+)", page).group(1)
    fill(disk)

    anybody.post(f"{link}/withdraw")

    assert "Everything stored was deleted here" in words(anybody.get("/"))
    assert rows_stored()["person"] == 2


def test_a_program_gets_the_answer_of_a_successful_deletion(
    app: Flask, disk: Path, enrolled: list[UUID]
) -> None:
    headers = {"Authorization": f"Bearer {key_with(Scope.ENROL)}"}
    fill(disk)

    with app.app_context():
        answer = app.test_client().delete(f"/api/v1/people/{enrolled[0]}", headers=headers)

    assert answer.status_code == 204
    assert rows_stored()["person"] == 2


@FAULTS
def test_retention_continues_with_an_unwritable_key_ring(
    app: Flask, settings: Settings, disk: Path, expired_people: list[UUID], fault
) -> None:
    mend = fault(disk)
    db.session.rollback()

    queue.run_due({DELETE_EXPIRED: JOB_HANDLERS[DELETE_EXPIRED]}, Event())

    job = db.session.scalar(select(Job))
    assert job.state == JobState.FAILED
    assert "the key ring" in job.error
    assert rows_stored()["person"] == 0
    mend()
    KeyRingSync(pause_seconds=0).run()
    assert on_ring(settings) == set()


def test_the_command_explains_an_unwritable_key_ring(
    app: Flask, disk: Path, expired_people: list[UUID]
) -> None:
    fill(disk)
    db.session.rollback()

    result = app.test_cli_runner().invoke(args=["retention", "run"])

    assert result.exit_code == 1
    assert "ring.json could not be written (Is a directory)" in result.output
    assert rows_stored()["person"] == 0


@FAULTS
def test_a_start_reports_an_unwritable_key_ring_and_continues(
    app: Flask,
    settings: Settings,
    engine,
    disk: Path,
    enrolled: list[UUID],
    fault,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault(disk)
    again = create_app(settings, engine)

    get_ready(again)

    assert "could not be written" in caplog.text


def test_a_serving_process_writes_another_ones_pending_key_ring(
    app: Flask, settings: Settings, engine, disk: Path, enrolled: list[UUID]
) -> None:
    mend = unmount(disk)
    with create_app(settings, engine).app_context(), pytest.raises(KeyRingBehind):
        people.delete_person(enrolled[0], SERVER)
    patient, follower = KeyRingSync(), KeyRingSync(pause_seconds=0)

    with pytest.raises(KeyRingBehind):
        follower.run()
    assert obstacles(app) == {"key ring"}
    mend()
    patient.run()
    assert on_ring(settings) == set(
        enrolled
    )  # the process that changed it last may still be writing
    follower.run()
    assert on_ring(settings) == set(enrolled[1:])
    assert not obstacles(app)


def test_a_key_ring_older_than_the_master_key_is_rewritten(
    app: Flask, settings: Settings, disk: Path, enrolled: list[UUID]
) -> None:
    mend = fill(disk)
    result = app.test_cli_runner().invoke(args=["keys", "rotate"])
    assert "under the master key of that time" in result.output
    mend()

    KeyRingSync(pause_seconds=0).run()

    KeyRing.read(settings.key_ring_file).check_master_key(key_store().vault)


def test_a_current_key_ring_is_not_rewritten(
    app: Flask, settings: Settings, known_faces, enrolled: list[UUID]
) -> None:
    people.delete_person(enrolled[0], SERVER)
    store.enrol(NewPerson("dee", "Dee", True), known_faces[0][:1], SERVER)
    before = settings.key_ring_file.stat()

    KeyRingSync(pause_seconds=0).run()

    assert settings.key_ring_file.stat() == before


def test_after_a_restore_with_a_key_ring_from_elsewhere_it_is_followed_in_its_place(
    app: Flask, settings: Settings, engine, disk: Path, enrolled: list[UUID], tmp_path: Path
) -> None:
    kept = shutil.move(settings.key_ring_file, tmp_path / "kept.json")
    db.session.remove()
    arguments = ["restore", tmp_path / "monday.backup", "--key-ring", kept]
    result = app.test_cli_runner().invoke(args=list(map(str, arguments)))
    assert "3 people are restored" in result.output

    people.delete_person(enrolled[0], SERVER)

    assert on_ring(settings) == set(enrolled[1:])


def test_the_key_ring_is_written_once_for_many_expired_people(
    app: Flask, settings: Settings, expired_people: list[UUID]
) -> None:
    seen: list[int] = []

    assert retention.delete_expired(lambda _done, _total: seen.append(len(on_ring(settings)))) == 3

    assert seen == [3, 3, 3]
    assert on_ring(settings) == set()


def test_stopped_retention_leaves_no_key_of_a_deleted_person(
    app: Flask, settings: Settings, expired_people: list[UUID]
) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.delete_expired(stop)

    assert len(on_ring(settings)) == 2


def test_keys_left_by_killed_retention_are_removed_at_the_next_start(
    app: Flask, settings: Settings, engine, enrolled: list[UUID]
) -> None:
    people.delete_if_agreed_before(enrolled[0], now())  # and no more
    db.session.remove()
    assert on_ring(settings) == set(enrolled)

    get_ready(create_app(settings, engine))

    assert on_ring(settings) == set(enrolled[1:])


def test_stopped_retention_is_resumed_with_an_unwritable_key_ring(
    app: Flask, disk: Path, expired_people: list[UUID]
) -> None:
    fill(disk)

    def stop(_done: int, _total: int) -> None:
        raise queue.Interrupted

    with pytest.raises(queue.Interrupted):
        retention.delete_expired(stop)


def test_a_person_who_consents_again_during_retention_stays(
    app: Flask, operator_id, expired_people: list[UUID]
) -> None:
    last = expired_people[-1]

    def meanwhile(done: int, _total: int) -> None:
        if done == 1:
            retention.renew_consent(last, Actor(operator_id))

    assert retention.delete_expired(meanwhile) == 2
    assert people.find_person(last).identifier == "cy"


def test_retention_skips_people_deleted_meanwhile(app: Flask, expired_people: list[UUID]) -> None:
    with unit_of_work() as session:
        refusal = Refusal(kind=Kind.VERIFY, code="no_face")
        refusal.created_at = now() - timedelta(days=366)
        session.add(refusal)

    def meanwhile(done: int, _total: int) -> None:
        if done == 1:
            people.delete_person(expired_people[1], SERVER)

    assert retention.delete_expired(meanwhile) == 2
    stored = rows_stored()
    assert (stored["person"], stored["refusal"]) == (0, 0)
