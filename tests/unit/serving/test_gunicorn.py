"""gunicorn's configuration, from the machine and the settings."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from deploy.node import ROOT


@pytest.mark.parametrize("cores", [1, 2, 8, 64])
@pytest.mark.parametrize("threads", ["1", "16", "100"])
def test_threads_remain_to_refuse_requests_when_all_places_are_taken(
    cores: int, threads: str
) -> None:
    given = {"FACES_AT_ONCE": str(cores), "FACES_WAITING": "8", "THREADS": threads}
    with patch.dict(os.environ, given):
        reported = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
        assert os.environ["THREADS"] == str(reported["threads"])

    assert reported["threads"] > cores + 8
    assert reported["threads"] >= int(threads)


def reported(**given: str) -> dict[str, object]:
    with patch.dict(os.environ, given):
        read = runpy.run_path(str(ROOT / "gunicorn.conf.py"))
        return read | {"SCRIPT_NAME": os.environ["SCRIPT_NAME"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "many"),
        ("WORKERS", "0"),
        ("PROXIES", "yes"),
        ("THREADS", "-1"),
        ("FACES_AT_ONCE", "0"),
        ("FACES_WAITING", "some"),
        ("SCRIPT_NAME", "faces"),
        ("SCRIPT_NAME", "//faces"),
        ("SCRIPT_NAME", "/faces/.."),
        ("SCRIPT_NAME", "/a path"),
    ],
)
def test_a_wrong_setting_ends_with_a_sentence(name: str, value: str) -> None:
    with pytest.raises(SystemExit, match=f"{name} is '{re.escape(value)}', but must be "):
        reported(**{name: value})


def test_empty_settings_are_the_defaults() -> None:
    assert reported(WORKERS="", PROXIES="", THREADS="", SCRIPT_NAME="")["workers"] == 1


@pytest.mark.parametrize(("given", "used"), [("/faces/", "/faces"), ("/a/b", "/a/b"), ("/", "")])
def test_the_path_of_the_app_ends_without_a_slash(given: str, used: str) -> None:
    assert reported(SCRIPT_NAME=given)["SCRIPT_NAME"] == used


def test_few_open_files_do_not_stop_the_start() -> None:
    command = "ulimit -n 300 && exec python -c 'import runpy; runpy.run_path(\"gunicorn.conf.py\")'"
    command = command.replace("python", shlex.quote(sys.executable), 1)

    assert subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, check=False).returncode == 0


def test_a_wrong_setting_of_the_app_ends_gunicorn_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    environment = {**os.environ, "INSTANCE": str(tmp_path), "SIGN_IN_LIMIT": "nonsense"}

    ran = subprocess.run(
        [*command, "--bind", "127.0.0.1:0", "wsgi:app"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ran.returncode != 0
    assert "The app cannot start: SIGN_IN_LIMIT is 'nonsense'" in ran.stderr
    assert "Traceback" not in ran.stderr
