"""The client: one method a call of the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import httpx

from siamese_faces.results import (
    Anchor,
    Asked,
    Attempt,
    Challenge,
    Comparison,
    Detection,
    Health,
    Identification,
    Person,
    PersonThreshold,
    Problem,
    Thresholds,
    Unanswered,
    Verification,
)

BASE = "/api/v1"
TRIES = 3
LONGEST_SECONDS = 75.0
# While the first try is still at work, its answer is asked for after these waits, in seconds. They
# are longer together than the two minutes for which a try that died counts as at work.
WAITS = (1, 2, 4, 8, 16, 32, 64)
AT_WORK = "answered_elsewhere"
# What a proxy says that lost whom it had passed the request on to.
NO_ANSWER = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
JSON, MEDIA_TYPE = "application/json", "application/problem+json"


class Client:
    """Somebody who holds a key to the API."""

    def __init__(
        self,
        url: str,
        key: str = "",
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client.

        Args:
            url: where the app is, without `/api/v1`.
            key: as an administrator made it.
            transport: of httpx, for proxies and tests.
            wait: lets so many seconds pass.
        """
        self.wait = wait
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(
            base_url=url.rstrip("/") + BASE,
            headers=headers,
            transport=transport,
            timeout=LONGEST_SECONDS,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self.http.close()

    def people(
        self, q: str = "", identifier: str | None = None, limit: int = 50
    ) -> Iterator[Person]:
        """Everybody, in the order of their enrolment, or those who fit.

        Args:
            q: a part of identifier or name.
            identifier: the whole of it; None for everybody's, while an empty one is refused.
            limit: so many are fetched at a time.
        """
        query: dict[str, Any] = {"q": q, "limit": limit, "cursor": ""}
        query |= _given(identifier=identifier)
        while query["cursor"] is not None:
            page = self._ask("GET", "/people", params=query).json()
            yield from map(Person.read, page["items"])
            query["cursor"] = page["next"]

    def person(self, person_id: str) -> Person:
        """One person."""
        return Person.read(self._ask("GET", _person(person_id)).json())

    def enrol(
        self,
        identifier: str,
        name: str,
        pictures: Sequence[bytes],
        *,
        consent: bool,
        accept_doubts: bool = False,
        idempotency_key: str | None = None,
    ) -> Person:
        """Enrol somebody who agreed, with one to ten pictures; whole or not at all."""
        fields = {
            "identifier": identifier,
            "name": name,
            "consent": _switch(consent),
            "accept_doubts": _switch(accept_doubts),
        }
        files = _files("pictures", pictures)
        answer = self._once("POST", "/people", idempotency_key, data=fields, files=files)
        return Person.read(answer.json())

    def rename(
        self, person_id: str, identifier: str | None = None, name: str | None = None
    ) -> None:
        """Give a person another identifier or name, or both."""
        sent = _given(identifier=identifier, name=name)
        self._ask("PATCH", _person(person_id), json=sent)

    def delete(self, person_id: str) -> None:
        """Delete a person and the only key to their data."""
        self._ask("DELETE", _person(person_id))

    def anchors(self, person_id: str) -> list[Anchor]:
        """A person's stored pictures, oldest first."""
        return _anchors(self._ask("GET", f"{_person(person_id)}/anchors"))

    def add_anchors(
        self,
        person_id: str,
        pictures: Sequence[bytes],
        *,
        accept_doubts: bool = False,
        idempotency_key: str | None = None,
    ) -> list[Anchor]:
        """Add pictures to a person, all or none; returns the new ones."""
        fields, files = {"accept_doubts": _switch(accept_doubts)}, _files("pictures", pictures)
        path = f"{_person(person_id)}/anchors"
        return _anchors(self._once("POST", path, idempotency_key, data=fields, files=files))

    def anchor(self, person_id: str, anchor_id: str) -> Anchor:
        """One stored picture."""
        return Anchor.read(self._ask("GET", _anchor(person_id, anchor_id)).json())

    def picture(self, person_id: str, anchor_id: str) -> bytes:
        """The picture itself, JPEG; the audit log keeps each look."""
        return self._ask("GET", f"{_anchor(person_id, anchor_id)}/picture").content

    def delete_anchor(self, person_id: str, anchor_id: str) -> None:
        """Delete a picture of a person who has others in use."""
        self._ask("DELETE", _anchor(person_id, anchor_id))

    def verify(
        self, identifier: str, pictures: Sequence[bytes], *, idempotency_key: str | None = None
    ) -> Verification:
        """Is this the person they claim to be? One to five pictures of one moment."""
        fields, files = {"identifier": identifier}, _files("pictures", pictures)
        answer = self._once("POST", "/verify", idempotency_key, data=fields, files=files)
        return Verification.read(answer.json())

    def verify_live(
        self,
        identifier: str,
        next_frame: Callable[[Asked], bytes],
        *,
        idempotency_key: str | None = None,
    ) -> Verification:
        """Verify somebody who does before a camera what the server asks for.

        Args:
            identifier: whom they claim to be.
            next_frame: shows what is asked for, its message and its light, and answers with the
                next frame, JPEG, some four a second.
            idempotency_key: for the verdict.

        Raises:
            Problem: `challenge_failed` where it was not confirmed that they are there.
        """
        begun = self._once("POST", "/challenges", None, json={"identifier": identifier})
        challenge = Challenge.read(begun.json())
        path, asked = f"/challenges/{challenge.id}", challenge.asked
        while asked.instruction != "done":
            fields, files = {"number": str(asked.frame)}, _files("picture", [next_frame(asked)])
            answer = self._ask("POST", f"{path}/frames", data=fields, files=files)
            asked = Asked.read(answer.json())
        claim = {"identifier": identifier}
        answer = self._once("POST", f"{path}/verdict", idempotency_key, json=claim)
        return Verification.read(answer.json())

    def identify(self, pictures: Sequence[bytes], top: int = 5) -> Identification:
        """Whose face is this? At most `top` people are named."""
        fields, files = {"top": str(top)}, _files("pictures", pictures)
        answer = self._ask("POST", "/identify", data=fields, files=files)
        return Identification.read(answer.json())

    def compare(self, first: bytes, second: bytes) -> Comparison:
        """Do two pictures show the same person? Nothing is stored."""
        files = [*_files("first", [first]), *_files("second", [second])]
        return Comparison.read(self._ask("POST", "/compare", files=files).json())

    def detect(self, picture: bytes) -> Detection:
        """Which faces stand in a picture? Nothing is stored."""
        files = _files("picture", [picture])
        return Detection.read(self._ask("POST", "/detect", files=files).json())

    def thresholds(self) -> Thresholds:
        """What decides a match now."""
        return Thresholds.read(self._ask("GET", "/thresholds").json())

    def set_verification_threshold(
        self,
        score: float,
        reason: str,
        *,
        rule: str | None = None,
        based_on: int | None = None,
        confirm: bool = False,
        idempotency_key: str | None = None,
    ) -> Thresholds:
        """Set everybody's threshold; `based_on` is the number of the change last seen.

        Raises:
            Problem: `confirmation_needed` where it is dangerous and `confirm` is not set.
        """
        sent = _given(
            score=score, reason=reason, rule=rule, based_on=based_on, confirm=confirm or None
        )
        answer = self._once("PUT", "/thresholds/verification", idempotency_key, json=sent)
        return Thresholds.read(answer.json())

    def set_search_threshold(
        self,
        fpir: float,
        margin: float,
        reason: str,
        *,
        based_on: int | None = None,
        confirm: bool = False,
        idempotency_key: str | None = None,
    ) -> Thresholds:
        """Set how a search decides; `based_on` is the number of the change last seen."""
        sent = _given(
            fpir=fpir, margin=margin, reason=reason, based_on=based_on, confirm=confirm or None
        )
        answer = self._once("PUT", "/thresholds/search", idempotency_key, json=sent)
        return Thresholds.read(answer.json())

    def person_threshold(self, person_id: str) -> PersonThreshold:
        """One person's threshold, and what it comes from."""
        return PersonThreshold.read(self._ask("GET", f"{_person(person_id)}/threshold").json())

    def set_person_threshold(
        self,
        person_id: str,
        points: float,
        reason: str,
        *,
        based_on: int | None = None,
        confirm: bool = False,
        idempotency_key: str | None = None,
    ) -> PersonThreshold:
        """Set one person's threshold apart from everybody's; 0 points take it back."""
        sent = _given(points=points, reason=reason, based_on=based_on, confirm=confirm or None)
        path = f"{_person(person_id)}/threshold"
        return PersonThreshold.read(self._once("PUT", path, idempotency_key, json=sent).json())

    def attempts(self, since: str = "", limit: int = 50) -> tuple[list[Attempt], str]:
        """What was attempted since a cursor, oldest first, and the cursor to ask with next."""
        page = self._ask("GET", "/attempts", params={"since": since, "limit": limit}).json()
        return [Attempt.read(one) for one in page["items"]], page["next"] or ""

    def health(self) -> Health:
        """Whether the app can serve, and what stands in the way."""
        response = self.http.get("/health")
        if not response.headers.get("Content-Type", "").startswith(JSON):
            raise _problem(response)
        return Health.read(response.json())

    def _once(
        self, method: str, path: str, idempotency_key: str | None, **options: Any
    ) -> httpx.Response:
        """Ask for what must be done once; again, where no answer comes, by the same key."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
        for _ in range(TRIES - 1):
            with suppress(httpx.TransportError, Unanswered):
                return self._answered(method, path, headers=headers, **options)
        return self._answered(method, path, headers=headers, **options)

    def _answered(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask, and wait for the answer while an earlier try is still at work on it."""
        for seconds in WAITS:
            try:
                return self._ask(method, path, **options)
            except Problem as problem:
                if problem.code != AT_WORK:
                    raise
            self.wait(seconds)
        return self._ask(method, path, **options)

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        response = self.http.request(method, path, **options)
        if response.is_success:
            return response
        raise _problem(response)


def _problem(response: httpx.Response) -> Problem:
    kind = Unanswered if response.status_code in NO_ANSWER else Problem
    if not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        return kind(response.status_code, "failed", response.reason_phrase, {})
    more = response.json()
    return kind(more.pop("status"), more.pop("code"), more.pop("detail"), more)


def _person(person_id: str) -> str:
    """Where a person stands; a text that is no id raises ValueError and reaches no other place."""
    return f"/people/{UUID(person_id)}"


def _anchor(person_id: str, anchor_id: str) -> str:
    return f"{_person(person_id)}/anchors/{UUID(anchor_id)}"


def _anchors(response: httpx.Response) -> list[Anchor]:
    return [Anchor.read(one) for one in response.json()["items"]]


def _files(field: str, pictures: Sequence[bytes]) -> list[tuple[str, tuple[str, bytes]]]:
    return [(field, (f"{number}.jpg", picture)) for number, picture in enumerate(pictures)]


def _switch(value: bool) -> str:
    return "true" if value else "false"


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
