"""gunicorn's threaded worker with buffers: a slow client occupies no compute thread.

Many cheap network threads read whole requests, pass them to a few compute threads, and send the
responses from memory. Timeouts bound handshake, head, body and response. If all network threads are
in use, the connection that has waited longest for its client is aborted.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from errno import EAGAIN, ECONNABORTED, EMFILE, ENFILE, EWOULDBLOCK
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import http, util
from gunicorn.workers.gthread import ThreadWorker

from deploy.buffering import limits
from deploy.buffering.connection import Connection, ResponseBuffer, abort_longest_waiting


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
        self.connections: set[Connection] = set()
        self._in_network: set[Connection] = set()

    def init_process(self) -> None:
        """Start the compute threads after the fork."""
        self._computing = ThreadPoolExecutor(self.cfg.threads, "compute")
        super().init_process()

    def get_thread_pool(self) -> ThreadPoolExecutor:
        """Return the network threads."""
        return ThreadPoolExecutor(limits.NETWORK_THREADS, "network")

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
                abort_longest_waiting(self.connections, 0)
            elif error.errno not in {EAGAIN, EWOULDBLOCK, ECONNABORTED}:
                raise
            return
        connection = Connection(self, client, address, listener.getsockname())
        self.nr_conns += 1
        self.connections.add(connection)
        self._make_room(connection.network)
        connection.timeout = time.monotonic() + limits.HEAD_SECONDS
        self.pending_conns.append(connection)
        readable = partial(self.on_pending_socket_readable, connection)
        self.poller.register(client, EVENT_READ, readable)

    def enqueue_req(self, conn: Connection) -> None:
        """Pass a connection to a network thread; free one by aborting the longest wait."""
        self._in_network.add(conn)
        abort_longest_waiting(self._in_network, limits.NETWORK_THREADS)
        super().enqueue_req(conn)

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Take a connection back from its network thread."""
        self._in_network.discard(conn)
        super().finish_request(conn, fs)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that cannot be read; outside of the app's path there is nothing."""
        if isinstance(exc, http.errors.ConfigurationProblem):
            util.write_error(client, 404, "Not Found", "")
            return
        super().handle_error(req, client, addr, exc)

    def handle(self, conn: Connection) -> Any:
        """Serve one request in a network thread, and linger if the connection ends."""
        conn.expect_head()
        keeps_alive = super().handle(conn)
        conn.waiting_since = time.monotonic()
        if not keeps_alive:
            conn.linger()
        return keeps_alive

    def handle_request(self, req: Any, conn: Connection) -> bool:
        """Read the body, compute the response in a compute thread, and send it."""
        is_complete = self._read_body(req, conn)
        client, response = conn.sock, ResponseBuffer(conn)
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
        if sum(one.held for one in connections) <= limits.HELD_BYTES:
            return
        waiting = [one for one in connections if one.waiting_since is not None]
        if waiting:
            max(waiting, key=lambda one: one.held).abort()

    def _read_body(self, req: Any, conn: Connection) -> bool:
        """Read the body up to its bound; return whether it is complete.

        An incomplete body ends the connection after the response.
        """
        conn.parser.unreader.expect(limits.BODY_SECONDS, earns=True)
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
            abort_longest_waiting(same, self.connections_a_network)
        abort_longest_waiting(self.connections, self.worker_connections - 1)

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)
