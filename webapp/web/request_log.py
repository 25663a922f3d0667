"""The app's log: one line for each request and event, with the request's id.

It never contains faces, names, identifiers, embeddings, tokens, or paths with tokens. Rows appear
by id.
"""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, has_request_context, request

FORMAT = "%(asctime)s %(levelname)s %(request_id)s %(name)s %(message)s"
ROOT = "webapp"
log = logging.getLogger(f"{ROOT}.requests")
failures = logging.getLogger(f"{ROOT}.failures")


class RequestId(logging.Filter):
    """Adds the id of the current request to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id; let every record pass."""
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
        return True


def set_up_logs(app: Flask, level: str) -> None:
    """Log to standard error, and give every request an id."""
    logger = logging.getLogger(ROOT)
    logger.setLevel(level)
    logger.propagate = False  # libraries add their own handlers to the root logger
    if not any(type(handler) is logging.StreamHandler for handler in logger.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(FORMAT))
        handler.addFilter(RequestId())
        logger.addHandler(handler)
    app.log_exception = _log_failure  # type: ignore[assignment, method-assign]
    app.before_request(_begin)
    app.after_request(_end)


def _log_failure(failure: Any) -> None:
    """Log where the app failed; the exception's text may name somebody."""
    kind, _error, trace = failure
    places = (f"{Path(at.filename).name}:{at.lineno}" for at in traceback.extract_tb(trace))
    failures.error("%s at %s", kind.__name__, " > ".join(places))


def _begin() -> None:
    g.request_id = uuid4().hex[:16]
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if request.endpoint != "static":
        milliseconds = (time.perf_counter() - g.started) * 1000
        log.info(
            "%s %s %d %.0f ms", request.method, request.endpoint, response.status_code, milliseconds
        )
    return response
