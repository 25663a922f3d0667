"""gunicorn's threaded worker with buffers: a slow client occupies no compute thread.

Many cheap network threads read whole requests, pass them to a few compute threads, and send the
responses from memory. Timeouts bound handshake, head, body and response. If all network threads are
in use, the connection that has waited longest for its client is aborted.
"""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from errno import EAGAIN, ECONNABORTED, EMFILE, ENFILE, EPIPE, EWOULDBLOCK
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import http, sock, util
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

NETWORK_THREADS = 128
# Timeouts in seconds for handshake or head, body, response, and lingering close. Bodies and
# responses gain time with every LEAST_BYTES_A_SECOND bytes transferred.
HEAD_SECONDS, BODY_SECONDS, SEND_SECONDS, LINGER_SECONDS = 10.0, 20.0, 20.0, 2.0
LEAST_BYTES_A_SECOND = 10_000
# Bound of all buffered bodies together; above it, the connection with the largest is aborted.
HELD_BYTES = 256_000_000
# Buffer of one response; a larger one (an export) is sent while the rest is computed.
RESPONSE_BUFFER_BYTES = 2_000_000
CHUNK_BYTES = 65_536
SERVER_LINE = b"Server: gunicorn\r\n"


class _Reader(SocketUnreader):
    """Reads from a client with a total time budget of `seconds_left`."""

    def __init__(self, client: Any, on_held: Callable[[], None]) -> None:
        super().__init__(client)
        self._on_held = on_held
        self.expect(HEAD_SECONDS)
        self.held = 0

    def expect(self, seconds: float, *, earns: bool = False) -> None:
        """Set the time budget; with `earns`, received bytes extend it."""
        self.seconds_left, self._earns = seconds, earns

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes; empty if the client is gone or too slow."""
        if self.seconds_left <= 0:
            return b""
        began = time.monotonic()
        self.sock.settimeout(self.seconds_left)
        try:
            data = super().chunk(size_hint)
        except TimeoutError:
            data = b""
        self.seconds_left -= time.monotonic() - began
        if not data:
            self.seconds_left = 0
        elif self._earns:
            self.seconds_left += len(data) / LEAST_BYTES_A_SECOND
        self.held += len(data)
        self._on_held()
        return data


class _Connection(TConn):
    """A connection.

    Attributes:
        waiting_since: when it began to wait for its client, by `time.monotonic`; None while the
            response is computed.
        is_aborted: whether `abort` was called.
    """

    def __init__(self, worker: BufferingWorker, client: Any, address: Any, server: Any) -> None:
        self.initialized = False
        self.sock: Any = client
        super().__init__(worker.cfg, client, address, server)
        self.network = worker.network_of(address[0] if isinstance(address, tuple) else None)
        self.waiting_since: float | None = time.monotonic()
        self.is_aborted = False
        self._worker = worker

    def init(self) -> None:
        """Complete the handshake of a new connection and create its parser."""
        if self.initialized:
            return
        self.initialized = True
        if self.cfg.is_ssl:
            self._handshake()
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader = _Reader(self.sock, self._worker.bound_held)

    def expect_head(self) -> None:
        """Start the timeout of the next head."""
        self.waiting_since = time.monotonic()
        if self.parser:
            self.parser.unreader.expect(HEAD_SECONDS)
            self.parser.unreader.held = 0

    @property
    def held(self) -> int:
        """Number of request bytes in memory."""
        return self.parser.unreader.held if self.parser else 0

    def abort(self) -> None:
        """Shut the connection down from another thread; its reads and writes then fail."""
        self.is_aborted = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def send(self, data: bytes) -> None:
        """Send bytes within SEND_SECONDS, extended by LEAST_BYTES_A_SECOND.

        Raises:
            BrokenPipeError: if the client is gone or too slow.
        """
        left = SEND_SECONDS + len(data) / LEAST_BYTES_A_SECOND
        ends_at, rest = time.monotonic() + left, memoryview(data)
        try:
            while rest:
                self.sock.settimeout(max(0.001, ends_at - time.monotonic()))
                rest = rest[self.sock.send(rest[:CHUNK_BYTES]) :]
        except TimeoutError as error:
            raise BrokenPipeError(EPIPE, "the client is too slow") from error

    def linger(self) -> None:
        """Half-close and discard further input: unread bytes would reset the connection."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            seconds_left, bytes_left = LINGER_SECONDS, HELD_BYTES
            while seconds_left > 0 and bytes_left > 0:
                began = time.monotonic()
                self.sock.settimeout(seconds_left)
                data = socket.socket.recv(self.sock, CHUNK_BYTES)
                if not data:
                    return
                bytes_left -= len(data)
                seconds_left += len(data) / LEAST_BYTES_A_SECOND - (time.monotonic() - began)
                seconds_left = min(seconds_left, BODY_SECONDS)

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002
        """Close the socket; a network thread has called `linger` before."""
        self._worker.connections.discard(self)
        util.close(self.sock)

    def _handshake(self) -> None:
        self.sock = sock.ssl_wrap_socket(self.sock, self.cfg)
        self.sock.settimeout(HEAD_SECONDS)
        try:
            self.sock.do_handshake()
        except TimeoutError as error:
            raise http.errors.NoMoreData from error


class _ResponseBuffer:
    """Replaces the socket while a response is computed, and buffers it."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._buffer = io.BytesIO()
        self._has_head = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        """Buffer the next part of the response; the first part is the head."""
        self._buffer.write(data if self._has_head else data.replace(SERVER_LINE, b"", 1))
        self._has_head = True
        if self._buffer.tell() > RESPONSE_BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send the buffered bytes."""
        data, self._buffer = self._buffer.getvalue(), io.BytesIO()
        self._connection.send(data)


class BufferingWorker(ThreadWorker):
    """gunicorn's threaded worker with buffered requests and responses.

    `gunicorn.conf.py` sets the functions of the app after loading it, so that a reload renews them.

    Attributes:
        connections_a_network: open connections of one client network; above it, the one that has
            waited longest is aborted. None behind a proxy.
        largest: returns the maximum body of a request in bytes, from its method, path and media
            type; no more is read before the app decides.
        network_of: returns the client network of an address.
    """

    connections_a_network: int | None = 64
    largest: Callable[[str, str, str], int] = staticmethod(lambda *_request: 1_000_000)
    network_of: Callable[[str | None], str] = staticmethod(str)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[_Connection] = set()
        self._in_network: set[_Connection] = set()

    def init_process(self) -> None:
        """Start the compute threads after the fork."""
        self._computing = ThreadPoolExecutor(self.cfg.threads, "compute")
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Return the network threads."""
        return ThreadPoolExecutor(NETWORK_THREADS, "network")

    def run(self) -> None:
        """Serve until the process stops, then abort all connections."""
        try:
            super().run()
        finally:
            for connection in list(self.connections):
                connection.abort()
            self._computing.shutdown(wait=False)

    def accept(self, listener: Any) -> None:
        """Accept a connection; its first byte gets it a network thread."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {EMFILE, ENFILE}:  # out of file descriptors
                _abort_longest_waiting(self.connections, 0)
            elif error.errno not in {EAGAIN, EWOULDBLOCK, ECONNABORTED}:
                raise
            return
        connection = _Connection(self, client, address, listener.getsockname())
        self.nr_conns += 1
        self.connections.add(connection)
        self._make_room(connection.network)
        connection.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(connection)
        readable = partial(self.on_pending_socket_readable, connection)
        self.poller.register(client, EVENT_READ, readable)

    def enqueue_req(self, conn: _Connection) -> None:
        """Pass a connection to a network thread; free one by aborting the longest wait."""
        self._in_network.add(conn)
        _abort_longest_waiting(self._in_network, NETWORK_THREADS)
        super().enqueue_req(conn)

    def finish_request(self, conn: _Connection, fs: Any) -> None:
        """Take a connection back from its network thread."""
        self._in_network.discard(conn)
        super().finish_request(conn, fs)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that cannot be read; outside of the app's path there is nothing."""
        if isinstance(exc, http.errors.ConfigurationProblem):
            util.write_error(client, 404, "Not Found", "")
            return
        super().handle_error(req, client, addr, exc)

    def handle(self, conn: _Connection) -> Any:
        """Serve one request in a network thread, and linger if the connection ends."""
        conn.expect_head()
        keeps_alive = super().handle(conn)
        conn.waiting_since = time.monotonic()
        if not keeps_alive:
            conn.linger()
        return keeps_alive

    def handle_request(self, req: Any, conn: _Connection) -> bool:
        """Read the body, compute the response in a compute thread, and send it."""
        is_complete = self._read_body(req, conn)
        client, response = conn.sock, _ResponseBuffer(conn)
        conn.sock, conn.waiting_since = response, None
        try:
            keeps_alive = self._computing.submit(super().handle_request, req, conn).result()
        finally:
            conn.sock, conn.waiting_since = client, time.monotonic()
            conn.parser.unreader.held = 0
        response.flush()
        if is_complete:
            req.body = http.body.Body(http.body.LengthReader(conn.parser.unreader, 0))
        return keeps_alive

    def bound_held(self) -> None:
        """Abort the connection with the most buffered bytes if the total exceeds HELD_BYTES."""
        connections = [one for one in list(self.connections) if not one.is_aborted]
        if sum(one.held for one in connections) <= HELD_BYTES:
            return
        waiting = [one for one in connections if one.waiting_since is not None]
        if waiting:
            max(waiting, key=lambda one: one.held).abort()

    def _read_body(self, req: Any, conn: _Connection) -> bool:
        """Read the body up to its bound; return whether it is complete.

        An incomplete body ends the connection after the response.
        """
        conn.parser.unreader.expect(BODY_SECONDS, earns=True)
        headers = dict(req.headers)
        bound = self.largest(req.method, req.path, headers.get("CONTENT-TYPE", ""))
        length = int(headers.get("CONTENT-LENGTH", "0"))
        fits = length <= bound
        if req._expected_100_continue and fits:
            conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        req._expected_100_continue = False  # gunicorn would request a body that the app rejects
        data = req.body.read(bound + 1) if fits else b""
        if fits and len(data) < length:
            raise http.errors.NoMoreData
        if fits and len(data) <= bound:
            req.body = io.BytesIO(data)
            return True
        req.body.buf.write(data)
        req.must_close = True
        return False

    def _make_room(self, network: str) -> None:
        if self.connections_a_network is not None:
            same = [one for one in self.connections if one.network == network]
            _abort_longest_waiting(same, self.connections_a_network)
        _abort_longest_waiting(self.connections, self.worker_connections - 1)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def _abort_longest_waiting(connections: Iterable[_Connection], limit: int) -> None:
    """Above the limit, abort the connection that has waited longest for its client."""
    live = [one for one in connections if not one.is_aborted]
    waiting = {one: at for one in live if (at := one.waiting_since) is not None}
    if len(live) > limit and waiting:
        min(waiting, key=waiting.__getitem__).abort()
