"""Validation of the path prefix that a proxy forwards, such as /faces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "HTTP_X_FORWARDED_PREFIX"
# Plain names between slashes: none that a browser takes for a host or for the parent folder.
PATH = re.compile(r"(/(?!\.{1,2}(/|$))[\w.~-]+)+/?", re.ASCII)


class PlainPrefix:
    """WSGI middleware that drops a forwarded prefix unless it is a plain path: redirects use it."""

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Handle a request."""
        if not PATH.fullmatch(environ.get(HEADER, "")):
            environ.pop(HEADER, None)
        return self.app(environ, start)
