"""The real server with the whole app: slow clients, early refusals, and one log line each."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.node import ROOT

pytestmark = pytest.mark.slow

SLOW, REFUSED = 40, 200
SECONDS = 20.0


@dataclass
class Served:
    """A server and its log."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connected(self, part: bytes) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        client.sendall(part)
        return client


@pytest.fixture(scope="module")
def served(fresh_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    instance = shutil.copytree(fresh_installation, folder / "instance")
    environment = {**os.environ, "INSTANCE": str(instance), "VERIFY_LIMIT": "1 per hour"}
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py"]
    log = folder / "log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "--bind", "127.0.0.1:0", "wsgi:app"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        for line in process.stdout or ():
            if found := re.search(r"Ready: open \S+:(\d+)", line):
                yield Served(int(found[1]), log)
                break
        process.terminate()
        process.wait()


HEAD = b"POST /camera/check HTTP/1.1\r\nHost: localhost\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"
PARTS = {
    "idle": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: local",
    "half a body": HEAD + FORM + b"Content-Length: 20000\r\n\r\n--x\r\n",
    "half of a large body": HEAD + FORM + b"Content-Length: 20000000\r\n\r\n--x\r\n",
    "half a chunk": HEAD + FORM + b"Transfer-Encoding: chunked\r\n\r\nff\r\n--x",
}


@pytest.mark.parametrize("part", PARTS)
def test_slow_clients_block_nobody(served: Served, part: str) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(closing(served.connected(PARTS[part])))

        for path in ("/health/live", "/health/ready", "/sign-in"):
            answer = httpx.get(f"{served.url}{path}", timeout=SECONDS, trust_env=False)
            assert answer.status_code == 200, path


def refused(served: Served, path: str, **content: object) -> Counter[int]:
    """Count responses by status, over persistent connections."""
    with httpx.Client(base_url=served.url, timeout=SECONDS, trust_env=False) as client:
        return Counter(client.post(path, **content).status_code for _ in range(REFUSED))


def test_too_large_a_body_never_resets_the_connection(served: Served) -> None:
    assert refused(served, "/sign-in", data={"username": "x" * 300_000}) == {413: REFUSED}


def test_too_many_requests_never_reset_the_connection(served: Served) -> None:
    picture = {"frames": ("face.jpg", bytes(500_000), "image/jpeg")}

    answers = refused(served, "/verify", files=picture)

    assert set(answers) == {400, 429}
    assert answers[429] >= REFUSED - 30


def test_a_body_that_nobody_may_send_never_resets_the_connection(served: Served) -> None:
    picture = {"images": ("face.jpg", bytes(500_000), "image/jpeg")}

    assert refused(served, "/people/new", files=picture) == {302: REFUSED}
    assert refused(served, "/api/v1/people", files=picture) == {401: REFUSED}
    assert refused(served, "/nowhere", files=picture) == {413: REFUSED}


def test_each_line_is_logged_once(served: Served) -> None:
    httpx.get(f"{served.url}/health/live", trust_env=False)

    lines = [line for line in served.log.read_text().splitlines() if "webapp." in line]

    assert lines
    assert max(Counter(lines).values()) == 1
    assert all(re.match(r"\d{4}-\d\d-\d\d ", line) for line in lines)


@pytest.mark.parametrize("header", ["SCRIPT_NAME", "PATH_INFO", "X-Forwarded-Prefix"])
def test_no_header_moves_the_path_of_the_app(served: Served, header: str) -> None:
    answer = httpx.get(f"{served.url}/people", headers={header: "/people"}, trust_env=False)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=/people")
