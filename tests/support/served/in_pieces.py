"""A small WSGI app for tests of the server: it answers, reads the body, or sends a large one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

MUCH = 1_500_000
LARGEST = 1_000_000


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer by the path: `much` sends MUCH bytes, `read` counts the body, `unread` ignores it."""
    path = environ["PATH_INFO"]
    if path == "/much":
        body = bytes(MUCH)
    elif path == "/read":
        body = str(len(environ["wsgi.input"].read())).encode()
    else:
        body = b"alive"
    status = "413 Content Too Large" if path == "/unread" else "200 OK"
    start_response(status, [("Content-Length", str(len(body)))])
    return [body]
