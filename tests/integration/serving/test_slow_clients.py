"""The real server answers although slow clients outnumber its threads."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest

from deploy.node import ROOT
from tests.support.served.in_pieces import LARGEST, MUCH
from webapp.crypto.self_signed import make_certificate

pytestmark = pytest.mark.slow

SLOW, COMPUTING, NETWORK = 40, 4, 24
HELD = 5 * LARGEST
# Short, so that every timeout is reached.
PATIENCE = 2.0
CONFIGURATION = f"""
from deploy.buffering import limits
from deploy.buffering.worker import BufferingWorker

limits.NETWORK_THREADS = {NETWORK}
limits.HEAD_SECONDS = limits.BODY_SECONDS = {PATIENCE}
limits.SEND_SECONDS = limits.LINGER_SECONDS = {PATIENCE}
limits.LEAST_BYTES_A_SECOND = 1_000_000
limits.HELD_BYTES = {HELD}
worker_class = BufferingWorker
threads, keepalive, sendfile = {COMPUTING}, 5, False
control_socket_disable = True
def post_worker_init(worker):
    worker.largest = lambda method, path, kind: {LARGEST}
    print("Ready:", *worker.sockets, flush=True)
"""
LONG = 30.0
HEAD = b"POST /read HTTP/1.1\r\nHost: localhost\r\n"


class Server:
    """The address of a running server."""

    def __init__(self, port: int, trusted: ssl.SSLContext | None = None) -> None:
        self.port, self.trusted = port, trusted

    def opened(self, *, plain: bool = False) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), LONG)
        if self.trusted and not plain:
            return self.trusted.wrap_socket(client, server_hostname="127.0.0.1")
        return client

    def is_alive(self) -> bool:
        with closing(self.opened()) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return received(client).endswith(b"alive")


def received(client: socket.socket) -> bytes:
    """Return everything up to the end of the connection."""
    parts = []
    while part := client.recv(65_536):
        parts.append(part)
    return b"".join(parts)


@contextmanager
def running(folder: Path, *options: str) -> Iterator[int]:
    (folder / "conf.py").write_text(CONFIGURATION)
    command = [sys.executable, "-m", "gunicorn", "--config", str(folder / "conf.py"), *options]
    process = subprocess.Popen(
        [*command, "--bind", "127.0.0.1:0", "tests.support.served.in_pieces:app"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stdout or ():
            if found := re.search(r"Ready: \S+:(\d+)", line):
                yield int(found[1])
                break
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("plain")) as port:
        yield Server(port)


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "certificate.key"
    make_certificate(certificate, key, "127.0.0.1")
    trusted = ssl.create_default_context(cafile=str(certificate))
    with running(folder, "--certfile", str(certificate), "--keyfile", str(key)) as port:
        yield Server(port, trusted)


def reads_nothing(server: Server) -> socket.socket:
    """Request a large response, and read none of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def sends(part: bytes) -> Callable[[Server], socket.socket]:
    def send(server: Server) -> socket.socket:
        client = server.opened()
        client.sendall(part)
        return client

    return send


KINDS: dict[str, Callable[[Server], socket.socket]] = {
    "idle": sends(b""),
    "half a line": sends(b"GET / HT"),
    "half a head": sends(b"GET / HTTP/1.1\r\nHost: local"),
    "half a body": sends(HEAD + b"Content-Length: 1000\r\n\r\nhalf"),
    "a large body": sends(HEAD + b"Content-Length: 900000\r\n\r\nhalf"),
    "a body that is refused": sends(
        HEAD.replace(b"read", b"unread") + b"Content-Length: 9000000\r\n\r\nhalf"
    ),
    "half a chunk": sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\nhalf"),
    "no last chunk": sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    "waits to go on": sends(HEAD + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"),
    "an old client": sends(b"GET / HTTP/1.0\r\n\r\n"),
    "reads nothing": reads_nothing,
}


@pytest.mark.parametrize("kind", KINDS)
def test_slow_clients_of_every_kind_block_nobody(server: Server, kind: str) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(closing(KINDS[kind](server)))

        assert all(server.is_alive() for _ in range(10))


@pytest.mark.parametrize("part", [b"", b"\x16", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00"])
def test_an_unfinished_handshake_blocks_nobody(tls_server: Server, part: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            client = stack.enter_context(closing(tls_server.opened(plain=True)))
            client.sendall(part)

        assert all(tls_server.is_alive() for _ in range(5))


@pytest.mark.parametrize("kind", ["half a head", "half a body", "idle"])
def test_slow_clients_by_tls_block_nobody(tls_server: Server, kind: str) -> None:
    with ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(closing(KINDS[kind](tls_server)))

        assert all(tls_server.is_alive() for _ in range(5))


@pytest.mark.parametrize(
    "kind", sorted(KINDS.keys() - {"reads nothing", "a body that is refused", "an old client"})
)
def test_a_silent_client_is_disconnected(server: Server, kind: str) -> None:
    with closing(KINDS[kind](server)) as client:
        assert b"200 OK" not in received(client)


def test_a_trickle_of_bytes_does_not_extend_the_time(server: Server) -> None:
    with closing(server.opened()) as client:
        client.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
        began, ended = time.monotonic(), False
        while not ended and time.monotonic() - began < 10 * PATIENCE:
            client.settimeout(PATIENCE / 4)
            try:
                client.sendall(b"x")
                ended = client.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True

    assert ended


def test_a_persistent_connection_is_reused(server: Server) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port)) as client:
        for size in (0, 1, 70_000, LARGEST):
            client.request("POST", "/read", body=bytes(size))
            answer = client.getresponse()
            assert answer.read() == str(size).encode()
            assert answer.headers["Connection"] == "keep-alive"


def test_bodies_in_chunks_and_after_a_word_arrive_whole(server: Server) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        chunks = client.post("/read", content=iter([b"a" * 5, b"b" * 80_000]))
        asked = client.post("/read", content=b"c" * 7, headers={"Expect": "100-continue"})

    assert (chunks.text, asked.text) == ("80005", "7")


def test_a_large_response_arrives_whole(server: Server, tls_server: Server) -> None:
    for one in (server, tls_server):
        with closing(one.opened()) as client:
            client.sendall(b"GET /much HTTP/1.0\r\n\r\n")
            assert len(received(client).partition(b"\r\n\r\n")[2]) == MUCH


@pytest.mark.parametrize("size", [10, 70_000, LARGEST - 1, LARGEST + 1, 5 * LARGEST])
def test_an_answer_before_the_body_is_read_never_resets(server: Server, size: int) -> None:
    statuses = []
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
        statuses = [
            client.post("/unread", content=bytes(size)).status_code
            for _ in range(200 if size < LARGEST else 20)
        ]

    assert set(statuses) == {413}


def test_concurrent_bodies_use_bounded_memory(server: Server) -> None:
    """Some of many clients that send nearly all of a large body are disconnected."""
    part = HEAD + b"Content-Length: %d\r\n\r\n" % LARGEST + bytes(LARGEST - 1)
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(server.opened())) for _ in range(10)]
        for client in clients:
            with suppress(OSError):
                client.sendall(part)
        ended = 0
        for client in clients:
            with suppress(OSError):
                client.sendall(b"x")
                ended += received_head(client).startswith(b"HTTP/1.1 200")

        assert 0 < ended < len(clients)
        assert server.is_alive()


def received_head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (part := client.recv(1024)):
        head += part
    return head


def test_a_client_that_expects_100_continue_is_refused_a_large_body_early(server: Server) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
    with closing(server.opened()) as client:
        client.sendall(head + b"Content-Length: %d\r\n\r\n" % (LARGEST + 1))
        assert received(client).startswith(b"HTTP/1.1 413")


def test_the_server_does_not_reveal_its_software(server: Server) -> None:
    for request in (b"GET / HTTP/1.0\r\n\r\n", b"nonsense\r\n\r\n", b"TRACE / HTTP/1.0\r\n\r\n"):
        with closing(server.opened()) as client:
            client.sendall(request)
            head = received(client).partition(b"\r\n\r\n")[0].lower()
        assert b"server:" not in head
        assert b"gunicorn" not in head


def test_one_address_with_many_connections_still_gets_answers(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(closing(server.opened()))

        assert server.is_alive()


def test_paths_outside_of_the_apps_are_not_found(tmp_path: Path) -> None:
    with running(tmp_path, "--env", "SCRIPT_NAME=/faces") as port:
        found = [
            httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False).status_code
            for path in ("/faces/", "/", "/health/live")
        ]

    assert found == [200, 404, 404]
