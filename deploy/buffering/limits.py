"""Timeouts and sizes of the buffering worker."""

from __future__ import annotations

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
