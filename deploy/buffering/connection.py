"""A client's connection: its handshake, its timeouts, and the buffers of request and response."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Callable, Iterable
from errno import EPIPE
from typing import TYPE_CHECKING, Any

from gunicorn import http, sock, util
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

from deploy.buffering import limits

if TYPE_CHECKING:
    from deploy.buffering.worker import BufferingWorker


class Reader(SocketUnreader):
    """Reads from a client with a total time budget of `seconds_left`."""

    def __init__(self, client: Any, on_held: Callable[[], None]) -> None:
        super().__init__(client)
        self._on_held = on_held
        self.expect(limits.HEAD_SECONDS)
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
            self.seconds_left += len(data) / limits.LEAST_BYTES_A_SECOND
        self.held += len(data)
        self._on_held()
        return data


class Connection(TConn):
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
        self.parser.unreader = Reader(self.sock, self._worker.bound_held)

    def expect_head(self) -> None:
        """Start the timeout of the next head."""
        self.waiting_since = time.monotonic()
        if self.parser:
            self.parser.unreader.expect(limits.HEAD_SECONDS)
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
        left = limits.SEND_SECONDS + len(data) / limits.LEAST_BYTES_A_SECOND
        ends_at, rest = time.monotonic() + left, memoryview(data)
        try:
            while rest:
                self.sock.settimeout(max(0.001, ends_at - time.monotonic()))
                rest = rest[self.sock.send(rest[: limits.CHUNK_BYTES]) :]
        except TimeoutError as error:
            raise BrokenPipeError(EPIPE, "the client is too slow") from error

    def linger(self) -> None:
        """Half-close and discard further input: unread bytes would reset the connection."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            seconds_left, bytes_left = limits.LINGER_SECONDS, limits.HELD_BYTES
            while seconds_left > 0 and bytes_left > 0:
                began = time.monotonic()
                self.sock.settimeout(seconds_left)
                data = socket.socket.recv(self.sock, limits.CHUNK_BYTES)
                if not data:
                    return
                bytes_left -= len(data)
                seconds_left += len(data) / limits.LEAST_BYTES_A_SECOND - (time.monotonic() - began)
                seconds_left = min(seconds_left, limits.BODY_SECONDS)

    def close(self, graceful: bool = False) -> None:  # noqa: ARG002
        """Close the socket; a network thread has called `linger` before."""
        self._worker.connections.discard(self)
        util.close(self.sock)

    def _handshake(self) -> None:
        self.sock = sock.ssl_wrap_socket(self.sock, self.cfg)
        self.sock.settimeout(limits.HEAD_SECONDS)
        try:
            self.sock.do_handshake()
        except TimeoutError as error:
            raise http.errors.NoMoreData from error


class ResponseBuffer:
    """Replaces the socket while a response is computed, and buffers it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._buffer = io.BytesIO()
        self._has_head = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def sendall(self, data: bytes) -> None:
        """Buffer the next part of the response; the first part is the head."""
        self._buffer.write(data if self._has_head else data.replace(limits.SERVER_LINE, b"", 1))
        self._has_head = True
        if self._buffer.tell() > limits.RESPONSE_BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Send the buffered bytes."""
        data, self._buffer = self._buffer.getvalue(), io.BytesIO()
        self._connection.send(data)


def abort_longest_waiting(connections: Iterable[Connection], limit: int) -> None:
    """Above the limit, abort the connection that has waited longest for its client."""
    live = [one for one in connections if not one.is_aborted]
    waiting = {one: at for one in live if (at := one.waiting_since) is not None}
    if len(live) > limit and waiting:
        min(waiting, key=waiting.__getitem__).abort()
