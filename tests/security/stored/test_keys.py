from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.support.changed import changed
from webapp import create_app
from webapp.crypto.vault import MasterKeyUnusable, write_new_key
from webapp.db.engine import db
from webapp.settings import Settings
from webapp.startup.not_ready import NotReady
from webapp.startup.prepare import get_ready, prepare
from webapp.startup.readiness import obstacles


@pytest.fixture
def enrolled(app: Flask, enrol) -> Flask:
    enrol("ada", photos=1)
    db.session.rollback()
    return app


def restarted(settings: Settings, engine) -> Flask:
    return create_app(settings, engine)


def test_preparing_makes_private_secrets_and_prints_the_set_up_link(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path / "instance")
    output = create_app(settings).test_cli_runner().invoke(args=["prepare"]).output

    assert "http://127.0.0.1:8000/setup/" in output
    assert stat.S_IMODE(settings.instance.stat().st_mode) == 0o700
    for file in settings.instance.glob("faces.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for secret in (settings.secret_key_file, settings.master_key_file):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert secret.read_text().strip() not in output


def test_preparing_again_keeps_secrets_and_people(enrolled: Flask, settings: Settings) -> None:
    before = [settings.secret_key_file.read_text(), settings.master_key_file.read_text()]

    prepare()

    assert [settings.secret_key_file.read_text(), settings.master_key_file.read_text()] == before


@pytest.mark.parametrize("among", ["enrolled", "app"])
def test_a_lost_key_is_not_replaced_even_without_enrolled_people(
    request: pytest.FixtureRequest, settings: Settings, engine, among: str
) -> None:
    request.getfixturevalue(among)
    settings.master_key_file.unlink()
    again = restarted(settings, engine)

    result = again.test_cli_runner().invoke(args=["prepare"])

    assert result.exit_code == 1
    assert "Restore the file" in result.output
    assert not settings.master_key_file.exists()


def test_a_wrong_key_stops_the_app_before_it_serves(
    enrolled: Flask, settings: Settings, engine
) -> None:
    settings.master_key_file.unlink()
    write_new_key(settings.master_key_file)
    again = restarted(settings, engine)

    with pytest.raises(NotReady, match="not the key that encrypted this database"):
        get_ready(again)
    with again.app_context():
        assert obstacles(again) == {"master key"}
        with pytest.raises(MasterKeyUnusable):
            prepare()


def test_a_missing_secret_stops_the_app_before_it_serves(settings: Settings, engine) -> None:
    settings.secret_key_file.unlink()

    with pytest.raises(NotReady, match=r"secret\.key is missing. Run: flask --app wsgi prepare"):
        get_ready(restarted(settings, engine))


def test_a_cookie_key_readable_by_others_stops_the_start(settings: Settings, engine) -> None:
    settings.secret_key_file.chmod(0o644)
    again = restarted(settings, engine)

    with pytest.raises(NotReady, match=r"can be read by others. Run: chmod 600 .*secret\.key"):
        get_ready(again)
    result = again.test_cli_runner().invoke(args=["prepare"])
    assert result.exit_code == 1
    assert "chmod 600" in result.output
    with again.app_context():
        assert obstacles(again) == {"secret key"}


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


# Damages of a key file, and their messages.
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda file: file.write_bytes(b""), "does not contain"),
    "blank": (lambda file: file.write_text(" \n"), "does not contain"),
    "short": (lambda file: file.write_text("abc"), "does not contain"),
    "UTF-16": (lambda file: file.write_text("ab" * 32, "utf-16"), "does not contain"),
    "random bytes": (lambda file: file.write_bytes(bytes(range(100, 228))), "does not contain"),
    "zeros": (lambda file: file.write_bytes(bytes(64)), "does not contain"),
    "a folder": (a_folder, "is a folder"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["master.key", "secret.key"])
def test_a_damaged_key_is_named_with_its_remedy(
    enrolled: Flask, settings: Settings, engine, name: str, damage: str
) -> None:
    spoil, words = DAMAGES[damage]
    spoil(settings.instance / name)
    again = restarted(settings, engine)

    with pytest.raises(NotReady, match=f"{re.escape(name)} {words}"):
        get_ready(again)
    result = again.test_cli_runner().invoke(args=["prepare"])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert f"{name} {words}" in result.output


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_master_key_that_is_damaged_meanwhile_is_named_by_readiness(
    enrolled: Flask, settings: Settings, damage: str
) -> None:
    DAMAGES[damage][0](settings.master_key_file)

    answer = enrolled.test_client().get("/health/ready")

    assert answer.status_code == 503
    assert "master key" in answer.json["obstacles"]


def test_a_master_key_with_line_ends_of_windows_is_read(
    enrolled: Flask, settings: Settings
) -> None:
    file = settings.master_key_file
    file.write_bytes(file.read_bytes().strip().upper() + b"\r\n")

    assert enrolled.test_client().get("/health/ready").status_code == 200


def test_a_certificates_key_readable_by_others_is_refused(settings: Settings, engine) -> None:
    runner = restarted(settings, engine).test_cli_runner()
    assert runner.invoke(args=["certificate"]).exit_code == 0
    settings.certificate_key_file.chmod(0o644)

    result = runner.invoke(args=["certificate"])

    assert result.exit_code == 1
    assert "chmod 600" in result.output


def test_an_old_database_stops_the_app_before_it_serves(settings: Settings, engine) -> None:
    old = changed(settings, database_url=f"sqlite:///{settings.instance / 'old.db'}")

    with pytest.raises(NotReady, match="Run: flask --app wsgi prepare"):
        get_ready(restarted(old, engine))


def test_a_whole_installation_is_ready(enrolled: Flask, settings: Settings, engine) -> None:
    get_ready(restarted(settings, engine))


def test_without_a_usable_key_pages_report_that_the_app_is_not_ready(
    enrolled: Flask, settings: Settings, engine, tmp_path: Path
) -> None:
    shutil.move(settings.master_key_file, tmp_path / "elsewhere")
    client = restarted(settings, engine).test_client()

    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/ready").json["obstacles"] == ["master key"]
    assert client.get("/health/live").status_code == 200
