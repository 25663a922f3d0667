"""A restore brings back the right people and accounts, and nobody else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask

from tests.security.stored.restarting import restarted, run
from tests.support.changed import changed
from tests.support.installation import OPERATOR, PASSWORD, rows_stored
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.db.engine import db
from webapp.db.models import Role
from webapp.services import audit_verification
from webapp.services.accounts import accounts
from webapp.services.backup import backup as backups
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.matching.verification import verify
from webapp.services.people.people import delete_person, find_person
from webapp.settings import Settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles

pytestmark = pytest.mark.sqlite  # backups and kills need the database file


def test_after_the_loss_of_the_database_a_restore_brings_everybody_back(
    app: Flask, settings: Settings, engine, people, ada, bob, tmp_path: Path
) -> None:
    backup = tmp_path / "monday.backup"
    assert run(app, "backup", backup).exit_code == 0
    stored = rows_stored()
    db.session.remove()
    db.engine.dispose()
    for file in settings.instance.glob("faces.db*"):
        file.unlink()

    again = restarted(settings, engine)
    result = run(again, "restore", backup)

    assert "2 people are restored" in result.output
    with again.app_context():
        get_ready(again)
        assert verify("ada", [people[0].photos[2]], SERVER).match
        assert find_person(bob).name == "Robert Bell"
        assert audit_verification.verify().problem is None
        assert rows_stored()["anchor"] == stored["anchor"]


@pytest.mark.parametrize("is_empty", [False, True])
def test_a_start_without_the_database_leaves_everything_for_the_restore(
    app: Flask, settings: Settings, engine, ada, bob, tmp_path: Path, is_empty: bool
) -> None:
    backups.back_up(tmp_path / "monday.backup", SERVER)
    ring = settings.key_ring_file.read_bytes()
    db.session.remove()
    db.engine.dispose()
    for file in settings.instance.glob("faces.db*"):
        file.unlink()
    if is_empty:
        (settings.instance / "faces.db").touch(mode=0o600)

    again = restarted(settings, engine)
    prepared = run(again, "prepare")

    assert prepared.exit_code == 1
    assert "restore BACKUP" in prepared.output
    with pytest.raises(NotReady):
        get_ready(again)
    assert settings.key_ring_file.read_bytes() == ring
    assert "2 people are restored" in run(again, "restore", tmp_path / "monday.backup").output


def other_installation(settings: Settings, engine, *, master_key: bool) -> Settings:
    """Return an installation on the key ring of `settings`, with its master key or another."""
    instance = settings.instance.with_name("other")
    ring = instance.with_name("none yet")
    own = changed(settings, instance=instance, key_ring=ring, database_url="")
    instance.mkdir()
    if master_key:
        shutil.copy(settings.master_key_file, instance)
    assert run(create_app(own, engine), "prepare").exit_code == 0
    return changed(own, key_ring=settings.key_ring_file)


@pytest.mark.parametrize("master_key", [True, False])
def test_the_key_ring_of_another_installation_is_never_written_over(
    app: Flask, settings: Settings, engine, ada, tmp_path: Path, master_key: bool
) -> None:
    backups.back_up(tmp_path / "monday.backup", SERVER)
    ring = settings.key_ring_file.read_bytes()
    other = restarted(other_installation(settings, engine, master_key=master_key), engine)

    with other.app_context():
        get_ready(other)
        made = run(other, "backup", tmp_path / "tuesday.backup")
        db.session.remove()

        assert "of another installation" in made.output
        assert settings.key_ring_file.read_bytes() == ring
        assert "key ring" in obstacles(other)


def test_a_restore_may_replace_the_key_ring_of_another_installation(
    app: Flask, settings: Settings, engine, ada, tmp_path: Path
) -> None:
    backups.back_up(tmp_path / "monday.backup", SERVER)
    kept = shutil.copy(settings.key_ring_file, tmp_path / "kept.json")
    other = other_installation(settings, engine, master_key=True)
    settings.key_ring_file.unlink()
    run(restarted(other, engine), "backup", tmp_path / "tuesday.backup")

    restored = restarted(other, engine)
    result = run(restored, "restore", "--key-ring", kept, tmp_path / "monday.backup")

    assert "1 people are restored" in result.output
    again = restarted(other, engine)
    with again.app_context():
        assert not obstacles(again)
    assert run(again, "backup", tmp_path / "wednesday.backup").exit_code == 0


def test_a_restore_does_not_bring_back_people_deleted_since(
    app: Flask, settings: Settings, engine, people, ada, bob, tmp_path: Path
) -> None:
    verify("ada", [people[0].photos[2]], SERVER)
    backup = tmp_path / "monday.backup"
    backups.back_up(backup, SERVER)
    delete_person(ada, SERVER)

    result = run(restarted(settings, engine), "restore", backup)

    assert "1 people are restored" in result.output
    with restarted(settings, engine).app_context():
        stored = rows_stored()
        assert (stored["person"], stored["person_key"], stored["anchor"]) == (1, 1, 2)
        assert find_person(bob).identifier == "bob"


def test_a_restore_names_the_accounts_that_are_back(
    app: Flask, settings: Settings, engine, ada, tmp_path: Path
) -> None:
    backup = tmp_path / "monday.backup"
    accounts.create_account("who left", PASSWORD, Role.ADMIN, SERVER)
    backups.back_up(backup, SERVER)
    accounts.delete_account("who left", SERVER)

    output = run(restarted(settings, engine), "restore", backup).output

    assert "who left  admin" in output
    assert f"{OPERATOR}  operator" in output
    assert "account delete NAME" in output
    assert "account password NAME" in output


@pytest.fixture
def wednesday(monday: Path, known_faces, tmp_path: Path) -> Path:
    """Return a backup with Cy as well, who was enrolled after Monday's."""
    store.enrol(NewPerson("cy", "Cy", True), known_faces[1][2:3], SERVER)
    backups.back_up(tmp_path / "wednesday.backup", SERVER)
    return tmp_path / "wednesday.backup"


def test_an_older_backup_by_mistake_changes_nothing(
    app: Flask, settings: Settings, engine, monday: Path, wednesday: Path
) -> None:
    mistaken = run(restarted(settings, engine), "restore", monday)

    assert mistaken.exit_code == 1
    assert "The key ring holds 1 people who are not in this backup" in mistaken.output
    assert "unreadable in every backup" in mistaken.output
    assert rows_stored()["person"] == 3
    again = restarted(settings, engine)
    with again.app_context():
        get_ready(again)
    assert "3 people are restored" in run(restarted(settings, engine), "restore", wednesday).output


def test_an_older_backup_by_intent_drops_later_enrolments(
    app: Flask, settings: Settings, engine, monday: Path, wednesday: Path
) -> None:
    meant = run(restarted(settings, engine), "restore", monday, "--without-newer")

    assert "2 people are restored" in meant.output
    again = restarted(settings, engine)
    with again.app_context():
        get_ready(again)
    assert "2 people are restored" in run(restarted(settings, engine), "restore", wednesday).output


def test_an_older_copy_of_the_key_ring_does_not_hide_people_of_the_current_one(
    app: Flask, settings: Settings, engine, monday: Path, known_faces, tmp_path: Path
) -> None:
    kept = shutil.copy(settings.key_ring_file, tmp_path / "kept.json")
    store.enrol(NewPerson("cy", "Cy", True), known_faces[1][2:3], SERVER)
    backups.back_up(tmp_path / "wednesday.backup", SERVER)

    mistaken = run(restarted(settings, engine), "restore", monday, "--key-ring", kept)

    assert "The key ring holds 1 people who are not in this backup" in mistaken.output


def test_a_restore_after_a_rotation_asks_for_the_new_key_ring(
    app: Flask, settings: Settings, engine, monday: Path, tmp_path: Path
) -> None:
    kept = shutil.copy(settings.key_ring_file, tmp_path / "kept.json")

    rotated = run(app, "keys", "rotate")

    assert f"Replace your copy of the key ring by {settings.key_ring_file}" in rotated.output
    outdated = run(restarted(settings, engine), "restore", monday, "--key-ring", kept)
    assert outdated.exit_code == 1
    assert "another master key wrapped the key ring" in outdated.output
    shutil.copy(settings.key_ring_file, kept)
    again = run(restarted(settings, engine), "restore", monday, "--key-ring", kept)
    assert "2 people are restored" in again.output
