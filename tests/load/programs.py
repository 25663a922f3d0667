"""Programs that verify one after the other, and what they were answered."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import httpx
import numpy as np

VERIFY = "/api/v1/verify"
NO_ANSWER = 0
SECONDS_TO_ANSWER = 90.0


@dataclass(frozen=True)
class Answer:
    """One answer: its status, `NO_ANSWER` where the connection broke; times in seconds."""

    status: int
    began: float
    seconds: float
    match: bool | None = None


@dataclass(frozen=True)
class Target:
    """Whom programs ask, and what they send."""

    url: str
    key: str
    identifier: str
    picture: bytes
    trust: ssl.SSLContext | bool = True

    def client(self) -> httpx.Client:
        """A program with a connection of its own."""
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.key}"},
            verify=self.trust,
            timeout=SECONDS_TO_ANSWER,
            trust_env=False,
        )

    def verify(self, client: httpx.Client) -> Answer:
        """Ask once."""
        began = time.monotonic()
        files = {"pictures": ("face.jpg", self.picture, "image/jpeg")}
        try:
            answer = client.post(VERIFY, data={"identifier": self.identifier}, files=files)
        except httpx.TransportError:
            return Answer(NO_ANSWER, began, time.monotonic() - began)
        match = answer.json()["match"] if answer.is_success else None
        return Answer(answer.status_code, began, time.monotonic() - began, match)


@dataclass
class Load:
    """Programs at work."""

    answers: list[Answer] = field(default_factory=list)

    def wait_for(self, wanted: Callable[[Answer], bool], how_many: int = 1) -> None:
        """Wait until so many more such answers came."""
        seen = len(self.answers)
        while sum(map(wanted, self.answers[seen:])) < how_many:
            Event().wait(0.02)


@contextmanager
def steady(target: Target, programs: int) -> Iterator[Load]:
    """So many programs ask, each again as soon as it is answered."""
    load, over = Load(), Event()

    def ask() -> None:
        with target.client() as client:
            while not over.is_set():
                load.answers.append(target.verify(client))

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
    """What steady programs are answered in so many seconds."""
    with steady(target, programs) as load:
        Event().wait(seconds)
    return load.answers


def at_rate(target: Target, rate: float, seconds: float, programs: int = 64) -> Sequence[Answer]:
    """What programs are answered that come at a rate, a second, whether others wait or not."""
    clients = [target.client() for _ in range(programs)]
    start = time.monotonic()

    def ask(number: int) -> Answer:
        return target.verify(clients[number % programs])

    with ThreadPoolExecutor(programs) as pool:
        asked = []
        for number in range(int(rate * seconds)):
            Event().wait(max(0.0, start + number / rate - time.monotonic()))
            asked.append(pool.submit(ask, number))
        answers = [one.result() for one in asked]
    for client in clients:
        client.close()
    return answers


def accepted(answers: Sequence[Answer]) -> list[Answer]:
    """Those that were answered, not refused."""
    return [answer for answer in answers if answer.status == httpx.codes.OK]


def percentile(answers: Sequence[Answer], share: float) -> float:
    """Seconds within which such a share was answered, 0 to 100."""
    return float(np.percentile([answer.seconds for answer in answers], share))
