"""nginx's configuration fits the app, and nginx accepts it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from html import escape
from http import HTTPStatus
from pathlib import Path

import httpx
import pytest
from flask import Flask
from flask_babel import force_locale, gettext

from deploy.cluster import NGINX_SITE
from webapp.api.problems import MEDIA_TYPE
from webapp.crypto.self_signed import make_certificate
from webapp.messages import all_codes
from webapp.settings import Settings
from webapp.web.display.languages import LANGUAGES

pytestmark = pytest.mark.slow


TOO_LARGE = (
    "The pictures together are too large. Go back, choose fewer or smaller ones and send them "
    "again; nothing was stored."
)


NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")


def directive(name: str) -> int:
    """Return the number of an nginx directive."""
    return int(re.search(rf"\b{name} (\d+)[ms]", NGINX_SITE.read_text()).group(1))


def test_nginx_takes_what_the_app_takes_and_waits_longer_than_the_app() -> None:
    assert directive("client_max_body_size") * 2**20 > Settings().request_bytes
    assert directive("proxy_read_timeout") > 2 * Settings().faces_patience


def test_nginx_reads_requests_whole_and_ends_slow_ones() -> None:
    site = NGINX_SITE.read_text()

    assert "proxy_request_buffering on;" in site
    assert directive("client_header_timeout") <= 10
    assert directive("client_body_timeout") <= 20
    assert directive("send_timeout") <= 20


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("place", ["faces", "faces-compose"])
def test_nginx_reads_the_file(tmp_path: Path, place: str) -> None:
    make_certificate(tmp_path / "certificate.pem", tmp_path / "certificate.key", "127.0.0.1")
    shutil.copy(NGINX_SITE, tmp_path)
    shutil.copytree(NGINX_SITE.parent / place, tmp_path / "faces")
    for file in (tmp_path / "faces").iterdir():
        here = file.read_text().replace("/etc/ssl/faces", str(tmp_path))
        file.write_text(re.sub(r"node\d:", "127.0.0.1:", here))
    (tmp_path / "nginx.conf").write_text("events {} http { include faces.conf; }")
    read = subprocess.run(
        [NGINX, "-t", "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr"],
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr


@pytest.fixture
def without_nodes(tmp_path: Path) -> Iterator[httpx.Client]:
    """Yield a client of an nginx without any running node."""
    way_in, node = free_ports(2)
    here = tmp_path / "faces"
    here.mkdir()
    (here / "listen.conf").write_text(f"listen 127.0.0.1:{way_in};")
    (here / "nodes.conf").write_text(f"upstream faces {{ server 127.0.0.1:{node}; }}")
    shutil.copy(NGINX_SITE, tmp_path)
    (tmp_path / "nginx.conf").write_text(f"events {{}} http {{ include {NGINX_SITE.name}; }}")
    command = [NGINX, "-p", str(tmp_path), "-c", "nginx.conf", "-e", "stderr", "-g", "pid pid;"]
    subprocess.run(command, check=True)  # the call returns once nginx listens
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{way_in}", trust_env=False) as client:
            yield client
    finally:
        subprocess.run([*command, "-s", "quit"], check=True)


def free_ports(how_many: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(how_many)]
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]


def sends_too_much(client: httpx.Client, path: str) -> httpx.Response:
    return client.post(path, content=bytes(directive("client_max_body_size") * 2**20 + 1))


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_sends_programs_the_apps_problems(app: Flask, without_nodes: httpx.Client) -> None:
    with app.test_request_context():
        words = all_codes()

    lost = without_nodes.post("/api/v1/verify", json={})
    refused = sends_too_much(without_nodes, "/api/v1/verify")

    for answer, status, code in [(lost, 502, "unanswered"), (refused, 413, "too_large")]:
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        assert answer.json() == {
            "type": f"/api/docs#{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": words[code],
        }


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_explains_errors_to_people_in_their_language(
    app: Flask, without_nodes: httpx.Client
) -> None:
    shown = {}
    for language in LANGUAGES:
        with app.test_request_context(), force_locale(language):
            shown[language] = escape(gettext(TOO_LARGE))

    refused, lost = sends_too_much(without_nodes, "/people/new"), without_nodes.get("/verify")

    assert (refused.status_code, lost.status_code) == (413, 502)
    assert all(words in refused.text for words in shown.values())
    for page in (refused.text, lost.text):
        assert re.findall(r'lang="(\w+)"', page) == list(LANGUAGES)
