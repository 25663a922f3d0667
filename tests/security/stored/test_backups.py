from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from itertools import pairwise, permutations
from pathlib import Path
from secrets import token_hex

import pytest
from flask import Flask

from tests.support.changed import changed
from tests.support.installation import OPERATOR, PASSWORD, rows_stored
from webapp import create_app
from webapp.core.actor import SERVER
from webapp.crypto.encrypted_file import unseal_file
from webapp.crypto.vault import MasterKeyUnusable, SealBroken, Vault, read_master_key
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import ChallengeScope, PersonKey, Role
from webapp.inference.active_model import active_model
from webapp.services import audit_verification
from webapp.services.accounts import accounts
from webapp.services.backup import backup as backups
from webapp.services.backup import master_key_rotation
from webapp.services.enrolment import store
from webapp.services.enrolment.store import NewPerson
from webapp.services.liveness import challenges, setting
from webapp.services.liveness.setting import Liveness
from webapp.services.matching.verification import verify
from webapp.services.people.people import delete_person, find_person
from webapp.settings import ROOT, Settings, current_settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles

pytestmark = pytest.mark.sqlite  # backups and kills need the database file


@pytest.fixture
def ada(app: Flask, enrol):
    return enrol("ada", "Ada Lovelace")


@pytest.fixture
def bob(app: Flask, enrol):
    return enrol("bob", "Robert Bell")


def run(app: Flask, *args: object):
    with app.app_context():
        return app.test_cli_runner().invoke(args=list(map(str, args)))


def restarted(settings: Settings, engine) -> Flask:
    return create_app(settings, engine)


# Backup and restore


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
def monday(ada, bob, tmp_path: Path) -> Path:
    """Return a backup with Ada and Bob."""
    backups.back_up(tmp_path / "monday.backup", SERVER)
    return tmp_path / "monday.backup"


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


def test_challenge_observations_are_in_no_backup(app: Flask, people, ada, tmp_path: Path) -> None:
    setting.change(Liveness(ChallengeScope.VERIFICATION), "photos were shown", SERVER)
    challenge = challenges.begin("ada", "a session", SERVER).id
    challenges.see(challenge, "a session", 1, people[0].photos[0], SERVER)
    assert rows_stored()["challenge_frame"] == 1
    backup, opened = tmp_path / "monday.backup", tmp_path / "opened.db"
    backups.back_up(backup, SERVER)

    unseal_file(backup, opened, key_store().secrets, backups.PURPOSE)

    with closing(sqlite3.connect(opened)) as database:
        for table in ("challenge", "challenge_frame"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_with_every_key_there_is_a_deleted_person_cannot_be_read_in_an_old_backup(
    app: Flask, settings: Settings, ada, bob, tmp_path: Path
) -> None:
    key = db.session.get(PersonKey, ada).wrapped
    db.session.rollback()
    backup, opened = tmp_path / "monday.backup", tmp_path / "opened.db"
    backups.back_up(backup, SERVER)
    delete_person(ada, SERVER)

    unseal_file(backup, opened, key_store().secrets, backups.PURPOSE)

    assert ada not in backups.KeyRing.read(settings.key_ring_file).people
    content = opened.read_bytes()
    with closing(sqlite3.connect(opened)) as database:
        assert database.execute("SELECT count(*) FROM anchor").fetchone() == (4,)
    for trace in (key, b"Ada Lovelace", b'"ada"', b"Robert Bell"):
        assert trace not in content
    everything = b"".join(
        path.read_bytes() for path in settings.instance.rglob("*") if path.is_file()
    )
    assert key not in everything


def test_a_backup_is_unreadable_without_the_keys(
    app: Flask, settings: Settings, ada, tmp_path: Path
) -> None:
    backup = tmp_path / "monday.backup"
    backups.back_up(backup, SERVER)

    content = backup.read_bytes()

    assert b"SQLite" not in content
    assert b"lovelace" not in content.lower()
    assert oct(backup.stat().st_mode)[-2:] == "00"
    assert oct(settings.key_ring_file.stat().st_mode)[-2:] == "00"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["instance", "monday.backup"]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "foreign"])
def test_a_damaged_backup_replaces_nothing(
    app: Flask, settings: Settings, ada, tmp_path: Path, damage: str
) -> None:
    backup = tmp_path / "monday.backup"
    backups.back_up(backup, SERVER)
    whole = backup.read_bytes()
    backup.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "changed": whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:],
            "empty": b"",
            "foreign": b"PK\3\4" + bytes(100),
        }[damage]
    )

    result = run(app, "restore", backup)

    assert result.exit_code == 1
    assert "cannot be opened" in result.output
    assert find_person(ada).name == "Ada Lovelace"


def test_a_backup_is_never_overwritten(app: Flask, ada, tmp_path: Path) -> None:
    backup = tmp_path / "monday.backup"
    backup.write_text("precious")

    result = run(app, "backup", backup)

    assert "never overwritten" in result.output
    assert backup.read_text() == "precious"


def test_a_backup_that_cannot_be_written_is_explained(app: Flask, ada, tmp_path: Path) -> None:
    result = run(app, "backup", tmp_path / "no folder" / "monday.backup")

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "No such file or directory" in result.output


@pytest.mark.parametrize("content", [b"", b"half a copy"])
def test_a_leftover_copy_of_a_kill_is_deleted_and_one_in_use_is_not(
    app: Flask, settings: Settings, ada, content: bytes
) -> None:
    left = settings.instance / backups.COPIES.replace("*", "of-the-dead")
    left.write_bytes(content)

    with backups._private_copy() as used:
        backups.forget_old_keys()
        assert not left.exists()
        assert used.exists()
    assert not used.exists()


# The master key


def test_a_new_master_key_opens_everything_and_the_old_one_nothing(
    app: Flask, settings: Settings, engine, people, ada, bob
) -> None:
    old = read_master_key(settings.master_key_file)

    result = run(app, "keys", "rotate")

    assert "2 keys are wrapped by the new master key" in result.output
    assert not settings.next_master_key_file.exists()
    assert verify("ada", [people[0].photos[2]], SERVER).match  # the running app follows
    again = restarted(settings, engine)
    with again.app_context():
        get_ready(again)
        assert verify("bob", [people[1].photos[2]], SERVER).match
        assert audit_verification.verify().problem is None
        with pytest.raises(SealBroken):
            Vault(old).person_seal(db.session.get(PersonKey, ada).wrapped, ada)


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


def test_where_no_backup_was_made_a_new_master_key_speaks_of_no_key_ring(app: Flask, ada) -> None:
    assert "key ring" not in run(app, "keys", "rotate").output


def test_people_are_enrolled_and_verified_during_a_key_rotation(
    app: Flask, settings: Settings, people, enrol, ada, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(master_key_rotation, "KEYS_A_STEP", 1)
    enrol("cy", photos=1)
    seen: list[bool] = []

    def meanwhile(left: int) -> None:
        if not seen:
            enrol("bob", photos=1)
        seen.append(verify("ada", [people[0].photos[2]], SERVER).match)

    master_key_rotation.rotate(meanwhile, SERVER)

    assert seen == [True, True]
    assert verify("bob", [people[1].photos[2]], SERVER).match
    key_store().check_master_key()


def test_the_master_key_may_come_from_the_environment(
    app: Flask, settings: Settings, engine, people, ada
) -> None:
    old = settings.master_key_file.read_text().strip()
    settings.master_key_file.unlink()
    by_setting = restarted(changed(settings, master_key=old), engine)
    with by_setting.app_context():
        assert verify("ada", [people[0].photos[2]], SERVER).match

    new = "ab" * 32
    both = restarted(changed(settings, master_key=new, previous_master_key=old), engine)
    result = run(both, "keys", "rotate")
    assert result.exit_code == 0, result.output

    with restarted(changed(settings, master_key=new), engine).app_context():
        assert verify("ada", [people[0].photos[2]], SERVER).match
    assert old not in repr(changed(settings, master_key=old))
    assert not settings.next_master_key_file.exists()


def beside(settings: Settings, folder: Path, **changes: object) -> Settings:
    """Return settings of another machine: the same database and secrets, with files of its own."""
    instance = Path(shutil.copytree(settings.instance, folder / "beside"))
    url = settings.database_url or f"sqlite:///{settings.instance / 'faces.db'}"
    return changed(settings, instance=instance, database_url=url, **changes)


def test_a_machine_without_the_new_master_key_enrols_nobody(
    app: Flask, settings: Settings, engine, enrol, ada, tmp_path: Path
) -> None:
    other = restarted(beside(settings, tmp_path), engine)
    run(app, "keys", "rotate")

    with other.app_context():
        with pytest.raises(MasterKeyUnusable, match="Another machine rotated the master key"):
            enrol("bob", photos=1)
        db.session.remove()
        shutil.copy(settings.master_key_file, current_settings().master_key_file)
        enrol("bob", photos=1)


def test_several_machines_receive_a_new_master_key_one_by_one(
    app: Flask, settings: Settings, engine, people, known_faces, ada
) -> None:
    old, new = settings.master_key_file.read_text().strip(), "ab" * 32
    settings.master_key_file.unlink()
    stages = [(old, ""), (old, new), (new, old), (new, "")]
    machines = [
        restarted(changed(settings, master_key=newest, previous_master_key=other), engine)
        for newest, other in stages
    ]

    for former, later in pairwise(machines):
        if later is machines[-1]:
            assert run(former, "keys", "rotate").exit_code == 0
        for enrolling, verifying in permutations((former, later)):
            with enrolling.app_context():
                name = token_hex(4)
                store.enrol(NewPerson(name, name, True), known_faces[0][:1], SERVER)
            with verifying.app_context():
                get_ready(verifying)
                assert verify(name, [people[0].photos[2]], SERVER).match


# Kills


def kills(settings: Settings, what: str, stride: int, argument: object = "") -> int:
    """Return the number of kills, each `stride` statements later, before a process finished."""
    script = [sys.executable, "-m", "tests.support.kills.at_statements", settings.instance, what]
    ran = subprocess.run(
        list(map(str, [*script, stride, argument])),
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    return int(ran.stdout)


SOMETIMES_AND_EVERY_TIME = pytest.mark.parametrize(
    "stride", [4, pytest.param(1, marks=pytest.mark.long)]
)


def is_whole(settings: Settings) -> bool:
    with closing(sqlite3.connect(settings.instance / "faces.db")) as database:
        sound = database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return sound and not database.execute("PRAGMA foreign_key_check").fetchall()


@pytest.mark.slow
@SOMETIMES_AND_EVERY_TIME
def test_a_rotation_killed_between_statements_is_resumed(
    app: Flask, settings: Settings, engine, people, ada, bob, stride: int
) -> None:
    db.session.remove()

    killed = kills(settings, "rotate", stride)

    assert killed * stride >= 8
    assert is_whole(settings)
    again = restarted(settings, engine)
    with again.app_context():
        get_ready(again)
        assert verify("ada", [people[0].photos[2]], SERVER).match
        assert audit_verification.verify().problem is None


@pytest.mark.slow
@SOMETIMES_AND_EVERY_TIME
def test_a_deletion_killed_between_statements_deletes_all_or_nothing(
    app: Flask, settings: Settings, engine, ada, bob, stride: int
) -> None:
    db.session.remove()

    killed = kills(settings, "delete", stride, ada)

    assert killed * stride >= 6
    assert is_whole(settings)
    stored = rows_stored()
    assert (stored["person"], stored["person_key"], stored["anchor"]) == (1, 1, 2)
    with restarted(settings, engine).app_context():
        assert audit_verification.verify().problem is None


@pytest.mark.slow
@SOMETIMES_AND_EVERY_TIME
def test_a_backup_killed_between_statements_leaves_none_or_a_whole_one(
    app: Flask, settings: Settings, engine, ada, tmp_path: Path, stride: int
) -> None:
    db.session.remove()
    target = tmp_path / "killed.backup"

    assert kills(settings, "backup", stride, target)

    assert target.exists()
    assert "1 people are restored" in run(restarted(settings, engine), "restore", target).output
    assert is_whole(settings)


@pytest.mark.slow
@SOMETIMES_AND_EVERY_TIME
def test_a_migration_killed_between_statements_changes_all_or_nothing(
    app: Flask, settings: Settings, ada, tmp_path: Path, stride: int
) -> None:
    db.session.remove()
    db.engine.dispose()

    killed = kills(settings, "migrate", stride * 8)

    assert killed * stride * 8 >= 10
    assert is_whole(settings)
    with restarted(settings, active_model().engine).app_context():
        assert rows_stored()["person"] == 1


def test_a_master_key_readable_by_others_is_refused(app: Flask, settings: Settings, engine) -> None:
    os.chmod(settings.master_key_file, 0o644)

    result = run(restarted(settings, engine), "keys", "rotate")

    assert result.exit_code == 1
    assert "chmod 600" in result.output
