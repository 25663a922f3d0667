"""Requests to the API, with exceptions for problems and retries by idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx

from siamese_faces.problems import Problem, Unanswered

BASE = "/api/v1"
TRIES = 3
LONGEST_SECONDS = 75.0
# Seconds between the retries while the server still works on the first try. Their sum exceeds the
# two minutes for which a crashed try counts as running.
WAITS = (1, 2, 4, 8, 16, 32, 64)
RUNNING = "answered_elsewhere"
# Answers of a proxy that lost its connection to the app.
NO_ANSWER = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
JSON, MEDIA_TYPE = "application/json", "application/problem+json"


class Transport:
    """Connections to one app, with one key."""

    def __init__(
        self,
        url: str,
        key: str,
        transport: httpx.BaseTransport | None,
        wait: Callable[[float], None],
    ) -> None:
        """Make a transport; see `Client` for its arguments."""
        self._wait = wait
        self.http = httpx.Client(
            base_url=url.rstrip("/") + BASE,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            transport=transport,
            timeout=LONGEST_SECONDS,
        )

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request once. Raise Problem if it is refused."""
        response = self.http.request(method, path, **options)
        if response.is_success:
            return response
        raise _problem(response)

    def send_once(
        self, method: str, path: str, idempotency_key: str | None, **options: Any
    ) -> httpx.Response:
        """Send a request with an idempotency key, TRIES times at most while no answer arrives."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        for _ in range(TRIES - 1):
            with suppress(httpx.TransportError, Unanswered):
                return self._send_while_running(method, path, headers=headers, **options)
        return self._send_while_running(method, path, headers=headers, **options)

    def health(self) -> Any:
        """Return the app's health, parsed from JSON, whatever the status."""
        response = self.http.get("/health")
        if not response.headers.get("Content-Type", "").startswith(JSON):
            raise _problem(response)
        return response.json()

    def _send_while_running(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, and wait while the server still works on an earlier try of it."""
        for seconds in WAITS:
            try:
                return self.send(method, path, **options)
            except Problem as problem:
                if problem.code != RUNNING:
                    raise
            self._wait(seconds)
        return self.send(method, path, **options)


def _problem(response: httpx.Response) -> Problem:
    kind = Unanswered if response.status_code in NO_ANSWER else Problem
    if not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return kind(response.status_code, "failed", response.reason_phrase, {})
    more = response.json()
    return kind(more.pop("status"), more.pop("code"), more.pop("detail"), more)
