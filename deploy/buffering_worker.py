"""gunicorn's threaded worker with buffers: a slow client holds no thread that computes.

Network threads read a request whole, hand it to the few threads that compute, and send the answer
from memory. They are many and cheap. How long a client may keep one waiting is bounded for each
handshake, head, body and answer; where all are in use, the client that kept one longest is cut off.
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
# Seconds that a client may keep us waiting for: a handshake or head, the start of a body, and the
# end of an answer. Bodies and answers earn more time by the bytes that came through.
HEAD_SECONDS, BODY_SECONDS, SEND_SECONDS, LINGER_SECONDS = 10.0, 20.0, 20.0, 2.0
LEAST_BYTES_A_SECOND = 10_000
# Of all bodies together; the connection that holds most is cut off beyond it.
HELD_BYTES = 256_000_000
# Of one answer; more goes out while the rest is computed, as large exports do.
ANSWER_BYTES = 2_000_000
PIECE = 65_536
SERVER_LINE = b"Server: gunicorn\r\n"


class _Reader(SocketUnreader):
    """Reads from a client that may keep us waiting for `patience` seconds in total."""

    def __init__(self, client: Any, on_held: Callable[[], None]) -> None:
        super().__init__(client)
        self._on_held = on_held
        self.expect(HEAD_SECONDS)
        self.held = 0

    def expect(self, patience: float, *, earns: bool = False) -> None:
        """Give the client its time; bytes earn more where `earns`."""
        self.patience, self._earns = patience, earns

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes; none where the client is gone or too slow."""
        if self.patience <= 0:
            return b""
        began = time.monotonic()
        self.sock.settimeout(self.patience)
        try:
            data = super().chunk(size_hint)
        except TimeoutError:
            data = b""
        self.patience -= time.monotonic() - began
        if not data:
            self.patience = 0
        elif self._earns:
            self.patience += len(data) / LEAST_BYTES_A_SECOND
        self.held += len(data)
        self._on_held()
        return data


class _Connection(TConn):
    """A connection; `waiting_since` is when it began to wait for its client, None while we work."""

    def __init__(self, worker: BufferingWorker, client: Any, address: Any, server: Any) -> None:
        self.initialized = False
        self.sock: Any = client
        super().__init__(worker.cfg, client, address, server)
        self.network = worker.network_of(address[0] if isinstance(address, tuple) else None)
        self.waiting_since: float | None = time.monotonic()
        self.is_cut = False
        self._worker = worker

    def init(self) -> None:
        """Make the parser of a new connection, after its handshake."""
        if self.initialized:
            return
        self.initialized = True
        if self.cfg.is_ssl:
            self._shake_hands()
        self.parser = http.get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader = _Reader(self.sock, self._worker.bound_held)

    def expect_head(self) -> None:
        """Give the client its time for the next head."""
        self.waiting_since = time.monotonic()
        if self.parser:
            self.parser.unreader.expect(HEAD_SECONDS)
            self.parser.unreader.held = 0

    @property
    def held(self) -> int:
        """Return how many bytes of a request are in memory."""
        return self.parser.unreader.held if self.parser else 0

    def cut(self) -> None:
        """End the connection from another thread: whoever reads or sends finds it closed."""
        self.is_cut = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def send(self, data: bytes) -> None:
        """Send bytes within the time that they earn.

        Raises:
            BrokenPipeError: if the client is gone or too slow.
        """
        left = SEND_SECONDS + len(data) / LEAST_BYTES_A_SECOND
        ends_at, rest = time.monotonic() + left, memoryview(data)
        try:
            while rest:
                self.sock.settimeout(max(0.001, ends_at - time.monotonic()))
                rest = rest[self.sock.send(rest[:PIECE]) :]
        except TimeoutError as error:
            raise BrokenPipeError(EPIPE, "the client is too slow") from error

    def linger(self) -> None:
        """Send the end, and discard what still comes: unread bytes would reset the connection."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            patience, left = LINGER_SECONDS, HELD_BYTES
            while patience > 0 and left > 0:
                began = time.monotonic()
                self.sock.settimeout(patience)
                taken = socket.socket.recv(self.sock, PIECE)
                if not taken:
                    return
                left -= len(taken)
                patience += len(taken) / LEAST_BYTES_A_SECOND - (time.monotonic() - began)
                patience = min(patience, BODY_SECONDS)

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002
        """Close the socket; `linger` came before, in a network thread."""
        self._worker.connections.discard(self)
        util.close(self.sock)

    def _shake_hands(self) -> None:
        self.sock = sock.ssl_wrap_socket(self.sock, self.cfg)
        self.sock.settimeout(HEAD_SECONDS)
        try:
            self.sock.do_handshake()
        except TimeoutError as error:
            raise http.errors.NoMoreData from error


class _Outbox:
    """Stands in for a socket while an answer is computed, and keeps what is to be sent."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._kept = io.BytesIO()
        self._begun = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        """Keep the next part of an answer, whose first part is its head."""
        self._kept.write(data if self._begun else data.replace(SERVER_LINE, b"", 1))
        self._begun = True
        if self._kept.tell() > ANSWER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send what is kept."""
        kept, self._kept = self._kept.getvalue(), io.BytesIO()
        self._connection.send(kept)


class BufferingWorker(ThreadWorker):
    """The worker.

    What it has to know of the app is set once that is loaded, so that a reload loads it again.

    Attributes:
        connections_a_network: that one network of clients may hold open; the one that waits longest
            is cut off beyond it. None where all come through a proxy.
        largest: the largest body that a request may have, by its method, path and media type; no
            more of it is read before the app decides.
        network_of: the network of clients that an address belongs to.
    """

    connections_a_network: int | None = 64
    largest: Callable[[str, str, str], int] = staticmethod(lambda *_request: 1_000_000)
    network_of: Callable[[str | None], str] = staticmethod(str)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connections: set[_Connection] = set()
        self._in_network: set[_Connection] = set()

    def init_process(self) -> None:
        """Start the threads that compute, after the fork."""
        self._computing = ThreadPoolExecutor(self.cfg.threads, "compute")
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Return the network threads."""
        return ThreadPoolExecutor(NETWORK_THREADS, "network")

    def run(self) -> None:
        """Serve until the process is to stop."""
        try:
            super().run()
        finally:
            for connection in list(self.connections):
                connection.cut()
            self._computing.shutdown(wait=False)

    def accept(self, listener: Any) -> None:
        """Accept a connection, which gets a thread with its first byte."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in {EMFILE, ENFILE}:  # no file is left for it
                _cut_longest(self.connections, 0)
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
        """Hand a connection to a network thread, of which one is always free."""
        self._in_network.add(conn)
        _cut_longest(self._in_network, NETWORK_THREADS)
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
        """Read, answer and, at the end of the connection, linger: all of it in a network thread."""
        conn.expect_head()
        kept_open = super().handle(conn)
        conn.waiting_since = time.monotonic()
        if not kept_open:
            conn.linger()
        return kept_open

    def handle_request(self, req: Any, conn: _Connection) -> bool:
        """Read the body, compute the answer in another thread, and send it."""
        is_whole = self._read_body(req, conn)
        real, outbox = conn.sock, _Outbox(conn)
        conn.sock, conn.waiting_since = outbox, None
        try:
            kept_open = self._computing.submit(super().handle_request, req, conn).result()
        finally:
            conn.sock, conn.waiting_since = real, time.monotonic()
            conn.parser.unreader.held = 0
        outbox.flush()
        if is_whole:
            req.body = http.body.Body(http.body.LengthReader(conn.parser.unreader, 0))
        return kept_open

    def bound_held(self) -> None:
        """Cut off the client that makes us hold most, where all of them make us hold too much."""
        connections = [one for one in list(self.connections) if not one.is_cut]
        if sum(one.held for one in connections) <= HELD_BYTES:
            return
        waiting = [one for one in connections if one.waiting_since is not None]
        if waiting:
            max(waiting, key=lambda one: one.held).cut()

    def _read_body(self, req: Any, conn: _Connection) -> bool:
        """Read what the app may take; whether that is all. What is left closes the connection."""
        conn.parser.unreader.expect(BODY_SECONDS, earns=True)
        headers = dict(req.headers)
        bound = self.largest(req.method, req.path, headers.get("CONTENT-TYPE", ""))
        length = int(headers.get("CONTENT-LENGTH", "0"))
        is_short = length <= bound
        if req._expected_100_continue and is_short:
            conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        req._expected_100_continue = False  # gunicorn would ask for a body that is to be refused
        data = req.body.read(bound + 1) if is_short else b""
        if is_short and len(data) < length:
            raise http.errors.NoMoreData
        if is_short and len(data) <= bound:
            req.body = io.BytesIO(data)
            return True
        req.body.buf.write(data)
        req.must_close = True
        return False

    def _make_room(self, network: str) -> None:
        if self.connections_a_network is not None:
            same = [one for one in self.connections if one.network == network]
            _cut_longest(same, self.connections_a_network)
        _cut_longest(self.connections, self.worker_connections - 1)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)


def _cut_longest(connections: Iterable[_Connection], most: int) -> None:
    """Where there are more than so many, cut off the one that waits for its client longest."""
    whole = [one for one in connections if not one.is_cut]
    waiting = {one: at for one in whole if (at := one.waiting_since) is not None}
    if len(whole) > most and waiting:
        min(waiting, key=waiting.__getitem__).cut()
