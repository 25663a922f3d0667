"""The examples of the documentation run and have the documented results."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
import siamese_faces
from flask import Flask
from siamese_faces import Client
from werkzeug.serving import make_server

from tests.support.installation import rows_stored
from tests.support.programs import URL, Wire, key_with
from webapp.api.problems import API_PATH
from webapp.db.models import Scope

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "api.md"


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, people) -> None:
    """Write the pictures of the examples into the current folder."""
    monkeypatch.chdir(tmp_path)
    for number, photo in enumerate(people[0].photos[:3], start=1):
        (tmp_path / f"ada-{number}.jpg").write_bytes(photo)


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """Yield the URL of the app on a port of this machine."""
    server = make_server("127.0.0.1", 0, app)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_examples_in_python_run(
    app: Flask, photos: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(siamese_faces, "Client", partial(Client, transport=Wire(app)))
    names = {"URL": URL, "KEY": key_with(Scope.ADMIN)}
    found = examples("python")

    for example in found:
        exec(compile(example, str(DOCS), "exec"), names)

    assert len(found) >= 8
    assert names["verified"].match


def test_the_examples_for_the_command_line_run(app: Flask, photos: None, served: str) -> None:
    environment = {**os.environ, "URL": served, "KEY": key_with(Scope.ADMIN)}
    for example in examples("bash"):
        script = f"set -e\n{example.replace('curl -sS', 'curl -sS --fail-with-body')}"
        done = subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"match":true' in done.stdout

    assert rows_stored()["person"] == 1


def test_every_path_of_the_documentation_exists(app: Flask) -> None:
    there = {re.sub(r"<[^>]+>", "{}", route.rule) for route in app.url_map.iter_rules()}
    ours = [line.split("|")[2] for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    named = set(re.findall(rf"({API_PATH}/[\w/{{}}-]+)", " ".join(ours)))

    assert len(named) > 8
    assert {re.sub(r"{\w+}", "{}", place) for place in named} <= there
