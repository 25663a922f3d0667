"""The running app and every command name a damaged database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.support.installation import PASSWORD, Visitor, rows_stored, words
from tests.support.programs import key_with
from webapp import create_app
from webapp.db.damage import REMEDY, damage_watch
from webapp.db.engine import db
from webapp.db.models import Scope
from webapp.jobs.worker import Worker
from webapp.services.audit_head import AuditHeadSync
from webapp.settings import Settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready
from webapp.startup.readiness import obstacles

pytestmark = pytest.mark.sqlite
PAGE_BYTES = 4096


def overwrite_pages(file: Path) -> None:
    """Replace all pages except the first, as a failing disk would."""
    size = file.stat().st_size
    with file.open("r+b") as to:
        to.seek(PAGE_BYTES)
        to.write(os.urandom(size - PAGE_BYTES))


def overwrite_half(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as to:
        to.seek(size // 2)
        to.write(os.urandom(size // 2))


def overwrite_all(file: Path) -> None:
    file.write_bytes(os.urandom(50_000))


def write_text(file: Path) -> None:
    file.write_text("This is a letter.\n" * 1000)


DAMAGES = [overwrite_pages, overwrite_half, overwrite_all, write_text]


def damaged(settings: Settings, damage: Callable[[Path], None]) -> None:
    """Damage the database file, and discard its WAL."""
    file = settings.instance / "faces.db"
    db.session.remove()
    db.engine.dispose()
    for log in ("-wal", "-shm"):
        file.with_name(file.name + log).unlink(missing_ok=True)
    damage(file)


@pytest.fixture
def key(app: Flask) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_with(Scope.ADMIN)}"}


@pytest.mark.parametrize("damage", DAMAGES)
def test_readiness_names_damage_before_a_request_meets_it(
    app: Flask, anybody: Visitor, settings: Settings, damage: Callable[[Path], None]
) -> None:
    assert anybody.get("/health/ready").status_code == 200
    damage_watch()._due_at = 0.0
    damaged(settings, damage)

    answer = anybody.get("/health/ready")

    assert answer.status_code == 503
    assert "damaged database" in answer.json["obstacles"]
    assert anybody.get("/health/live").status_code == 200


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_response_reports_damage(
    app: Flask,
    admin: Visitor,
    enrol,
    settings: Settings,
    key: dict[str, str],
    damage: Callable[[Path], None],
) -> None:
    enrol("ada", photos=1)
    admin.get("/people")
    damaged(settings, damage)

    pages = [admin.get(path) for path in ("/people", "/", "/verify", "/attempts", "/sign-in")]
    program = admin.get("/api/v1/people", headers=key)

    for page in pages:
        assert page.status_code == 503
        assert "The database is damaged" in words(page)
    assert (program.status_code, program.json["code"]) == (503, "unavailable")
    assert "damaged database" in admin.get("/health/ready").json["obstacles"]


def test_a_sound_database_is_not_called_damaged(app: Flask, anybody: Visitor) -> None:
    for _ in range(3):
        damage_watch()._due_at = 0.0
        assert anybody.get("/health/ready").json == {"ready": True, "obstacles": []}


def take_away(file: Path) -> None:
    for part in file.parent.glob("faces.db*"):
        part.rename(part.with_name(f"away-{part.name}"))


def put_another_there(file: Path) -> None:
    take_away(file)
    shutil.copy(file.with_name(f"away-{file.name}"), file)


def remove(file: Path) -> None:
    for part in file.parent.glob("faces.db*"):
        part.unlink()


@pytest.mark.parametrize("lose", [take_away, put_another_there, remove])
def test_nothing_is_stored_in_a_file_that_is_no_longer_there(
    app: Flask, admin: Visitor, settings: Settings, key: dict[str, str], lose
) -> None:
    assert admin.get("/health/ready").status_code == 200
    before = rows_stored()

    lose(settings.instance / "faces.db")

    pages = [admin.get(path) for path in ("/people", "/sign-in", "/verify")]
    program = admin.get("/api/v1/people", headers=key)
    assert {page.status_code for page in (*pages, program)} == {503}
    assert "damaged database" in admin.get("/health/ready").json["obstacles"]
    assert admin.get("/health/live").status_code == 200
    assert rows_stored() == before


def test_readiness_names_a_missing_folder(app: Flask, anybody: Visitor, settings: Settings) -> None:
    anybody.get("/health/ready")
    settings.instance.rename(settings.instance.with_name("away"))

    answer = anybody.get("/health/ready")

    assert answer.status_code == 503
    assert {"damaged database", "disk space", "master key"} <= set(answer.json["obstacles"])


def test_a_file_that_is_brought_back_serves_on(
    app: Flask, admin: Visitor, settings: Settings
) -> None:
    file = settings.instance / "faces.db"
    admin.get("/people")
    take_away(file)
    assert admin.get("/people").status_code == 503

    for part in settings.instance.glob("away-*"):
        part.replace(part.with_name(part.name.removeprefix("away-")))

    assert admin.get("/people").status_code == 200
    assert admin.get("/health/ready").json == {"ready": True, "obstacles": []}


def test_background_work_leaves_a_damaged_database_alone(app: Flask, settings: Settings) -> None:
    done: list[str] = []
    worker = Worker(app, {}, [lambda: done.append("an errand")])
    worker._poll()
    damage_watch().found = True

    worker._poll()

    assert done == ["an errand"]


def test_background_work_that_keeps_failing_is_logged_once(
    app: Flask, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.audit_head_file.unlink(missing_ok=True)
    settings.audit_head_file.mkdir()
    divisor = [1]
    worker = Worker(app, {}, [AuditHeadSync().run, lambda: 1 / divisor[0]])

    for _ in range(3):
        worker._poll()
    divisor[0] = 0
    worker._poll()

    logged = [record.getMessage() for record in caplog.records]
    assert [line for line in logged if "background work" in line] == [
        "background work failed: IsADirectoryError",
        "background work failed: ZeroDivisionError",
    ]


def test_a_large_file_is_checked_without_blocking_requests(app: Flask, settings: Settings) -> None:
    watch = damage_watch()
    watch._is_short = False
    damaged(settings, overwrite_half)

    watch.check()
    watch.scan()

    assert watch.found


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_start_with_a_damaged_database_ends_with_a_sentence(
    app: Flask, settings: Settings, engine, damage: Callable[[Path], None]
) -> None:
    damaged(settings, damage)

    with pytest.raises(NotReady) as refused:
        get_ready(create_app(settings, engine))

    assert "damaged" in str(refused.value)
    assert REMEDY in str(refused.value)


COMMANDS = [
    ["prepare"],
    ["account", "list"],
    ["account", "create", "somebody", "--role", "viewer"],
    ["api-keys", "list"],
    ["audit", "verify"],
    ["audit", "head"],
    ["backup", "x.backup"],
    ["jobs", "list"],
    ["jobs", "run"],
    ["keys", "rotate"],
    ["liveness-report"],
    ["models", "list"],
    ["models", "status"],
    ["retention", "run"],
    ["db", "current"],
    ["db", "upgrade"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("damage", [overwrite_pages, write_text])
def test_every_command_with_a_damaged_database_ends_with_a_sentence(
    app: Flask, settings: Settings, command: list[str], damage: Callable[[Path], None]
) -> None:
    damaged(settings, damage)
    other = create_app(settings)

    ran = other.test_cli_runner().invoke(args=command, input=f"{PASSWORD}\n{PASSWORD}\n")

    assert ran.exit_code != 0
    assert ran.exception is None or isinstance(ran.exception, SystemExit)
    assert REMEDY in ran.output


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_remedy_works(
    app: Flask, settings: Settings, tmp_path: Path, enrol, damage: Callable[[Path], None]
) -> None:
    person = enrol("ada", photos=1)
    backup = tmp_path / "newest.backup"
    app.test_cli_runner().invoke(args=["backup", str(backup)])
    damaged(settings, damage)
    other = create_app(settings)

    ran = other.test_cli_runner().invoke(args=["restore", str(backup)])

    assert ran.exit_code == 0, ran.output
    assert "1 people are restored" in ran.output
    with other.app_context():
        assert not obstacles(other) - {"model", "embeddings"}
    assert person
