"""Load generators: programs that verify repeatedly, and their answers."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import SimpleQueue
from threading import Event, Thread
from urllib.parse import urlsplit

import httpx
import numpy as np

VERIFY = "/api/v1/verify"
NO_ANSWER = 0
SECONDS_TO_ANSWER = 90.0


@dataclass(frozen=True)
class Answer:
    """An answer: status, `NO_ANSWER` for a broken connection, and times in seconds."""

    status: int
    began: float
    seconds: float
    match: bool | None = None


class Program:
    """A connection that repeats one request.

    It is plain and encodes its request once, so that the load is on the server.
    """

    def __init__(self, connection: HTTPConnection, request: httpx.Request) -> None:
        self._connection = connection
        self._body, self._headers = request.content, dict(request.headers)

    def verify(self) -> Answer:
        """Send the request once."""
        began = time.monotonic()
        try:
            self._connection.request("POST", VERIFY, self._body, self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, HTTPException):
            self.close()
            return Answer(NO_ANSWER, began, time.monotonic() - began)
        match = json.loads(body)["match"] if answer.status == HTTPStatus.OK else None
        return Answer(answer.status, began, time.monotonic() - began, match)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        self._connection.close()


@dataclass(frozen=True)
class Target:
    """The server and the request of the programs."""

    url: str
    key: str
    identifier: str
    picture: bytes
    trust: ssl.SSLContext | None = None

    def program(self) -> Program:
        """Return a program with a separate connection."""
        url = urlsplit(self.url)
        if url.scheme == "https":
            connection: HTTPConnection = HTTPSConnection(
                url.netloc, timeout=SECONDS_TO_ANSWER, context=self.trust
            )
        else:
            connection = HTTPConnection(url.netloc, timeout=SECONDS_TO_ANSWER)
        return Program(connection, self._request)

    @cached_property
    def _request(self) -> httpx.Request:
        files = {"pictures": ("face.jpg", self.picture, "image/jpeg")}
        headers = {"Authorization": f"Bearer {self.key}"}
        data = {"identifier": self.identifier}
        request = httpx.Request("POST", self.url + VERIFY, headers=headers, data=data, files=files)
        request.read()
        return request


@dataclass
class Load:
    """The answers of running programs."""

    answers: list[Answer] = field(default_factory=list)

    def wait_for(self, wanted: Callable[[Answer], bool], how_many: int = 1) -> None:
        """Wait for `how_many` more answers that meet a condition."""
        seen = len(self.answers)
        while sum(map(wanted, self.answers[seen:])) < how_many:
            Event().wait(0.02)


@contextmanager
def steady(target: Target, programs: int) -> Iterator[Load]:
    """Run programs that each send the next request right after an answer (closed loop)."""
    load, over = Load(), Event()

    def ask() -> None:
        with closing(target.program()) as program:
            while not over.is_set():
                load.answers.append(program.verify())

    threads = [Thread(target=ask, daemon=True) for _ in range(programs)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        over.set()
        for thread in threads:
            thread.join()


def for_a_while(target: Target, programs: int, seconds: float) -> Sequence[Answer]:
    """Return the answers of steady programs within `seconds`."""
    with steady(target, programs) as load:
        Event().wait(seconds)
    return load.answers


def at_rate(target: Target, rate: float, seconds: float, programs: int = 64) -> Sequence[Answer]:
    """Return the answers of requests sent at a fixed rate per second (open loop)."""
    free: SimpleQueue[Program] = SimpleQueue()
    for _ in range(programs):
        free.put(target.program())
    start = time.monotonic()

    def ask() -> Answer:
        program = free.get()
        try:
            return program.verify()
        finally:
            free.put(program)

    with ThreadPoolExecutor(programs) as pool:
        asked = []
        for number in range(int(rate * seconds)):
            Event().wait(max(0.0, start + number / rate - time.monotonic()))
            asked.append(pool.submit(ask))
        answers = [one.result() for one in asked]
    while not free.empty():
        free.get().close()
    return answers


def accepted(answers: Sequence[Answer]) -> list[Answer]:
    """Return the successful answers."""
    return [answer for answer in answers if answer.status == HTTPStatus.OK]


def percentile(answers: Sequence[Answer], share: float) -> float:
    """Return a percentile of the response times in seconds; `share` is 0 to 100."""
    return float(np.percentile([answer.seconds for answer in answers], share))
