from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from tests.security.stored.restarting import restarted, run
from tests.support.installation import rows_stored
from webapp.core.actor import SERVER
from webapp.crypto.encrypted_file import unseal_file
from webapp.db.engine import db
from webapp.db.key_store import key_store
from webapp.db.models import ChallengeScope, PersonKey
from webapp.inference.active_model import active_model
from webapp.services import audit_verification
from webapp.services.backup import backup as backups
from webapp.services.liveness import challenges, setting
from webapp.services.liveness.setting import Liveness
from webapp.services.matching.verification import verify
from webapp.services.people.people import delete_person, find_person
from webapp.settings import ROOT, Settings
from webapp.startup.prepare import get_ready

pytestmark = pytest.mark.sqlite  # backups and kills need the database file


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
