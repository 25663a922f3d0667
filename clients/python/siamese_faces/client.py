"""The client: one method for each call of the API."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import UUID

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
    Verification,
)
from siamese_faces.thresholds import PersonThreshold, Thresholds
from siamese_faces.transport import Transport


class Client:
    """Calls the API with one key. Methods raise `Problem` for every refused request.

    Attributes:
        http: the httpx client, for requests without a method here.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make a client.

        Args:
            url: the app's address, without `/api/v1`.
            key: the API key that an administrator made.
            transport: an httpx transport, for proxies and tests.
            wait: sleeps for a number of seconds.
        """
        self._api = Transport(url, key, transport, wait)
        self.http = self._api.http

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
        """Close the connections."""
        self._api.close()

    def people(
        self, q: str = "", identifier: str | None = None, limit: int = 50
    ) -> Iterator[Person]:
        """Yield people in the order of their enrolment.

        Args:
            q: part of an identifier or a name; empty for everybody.
            identifier: a whole identifier; None for everybody. The API refuses an empty one.
            limit: people a request.
        """
        query: dict[str, Any] = {"q": q, "limit": limit, "cursor": ""}
        query |= _given(identifier=identifier)
        while query["cursor"] is not None:
            page = self._api.send("GET", "/people", params=query).json()
            yield from map(Person.read, page["items"])
            query["cursor"] = page["next"]

    def person(self, person_id: str) -> Person:
        """Return one person."""
        return Person.read(self._api.send("GET", _person(person_id)).json())

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
        """Enrol a person who agreed, with one to ten photos: all of them, or nobody."""
        fields = {
            "identifier": identifier,
            "name": name,
            "consent": _switch(consent),
            "accept_doubts": _switch(accept_doubts),
        }
        files = _files("pictures", pictures)
        answer = self._api.send_once("POST", "/people", idempotency_key, data=fields, files=files)
        return Person.read(answer.json())

    def rename(
        self, person_id: str, identifier: str | None = None, name: str | None = None
    ) -> None:
        """Change a person's identifier, name or both."""
        sent = _given(identifier=identifier, name=name)
        self._api.send("PATCH", _person(person_id), json=sent)

    def delete(self, person_id: str) -> None:
        """Delete a person and the only key to their data."""
        self._api.send("DELETE", _person(person_id))

    def anchors(self, person_id: str) -> list[Anchor]:
        """Return a person's anchors, oldest first."""
        return _anchors(self._api.send("GET", f"{_person(person_id)}/anchors"))

    def add_anchors(
        self,
        person_id: str,
        pictures: Sequence[bytes],
        *,
        accept_doubts: bool = False,
        idempotency_key: str | None = None,
    ) -> list[Anchor]:
        """Add photos to a person, all or none, and return the new anchors."""
        fields, files = {"accept_doubts": _switch(accept_doubts)}, _files("pictures", pictures)
        path = f"{_person(person_id)}/anchors"
        answer = self._api.send_once("POST", path, idempotency_key, data=fields, files=files)
        return _anchors(answer)

    def anchor(self, person_id: str, anchor_id: str) -> Anchor:
        """Return one anchor."""
        return Anchor.read(self._api.send("GET", _anchor(person_id, anchor_id)).json())

    def picture(self, person_id: str, anchor_id: str) -> bytes:
        """Return an anchor's photo, JPEG. The audit log records each access."""
        return self._api.send("GET", f"{_anchor(person_id, anchor_id)}/picture").content

    def delete_anchor(self, person_id: str, anchor_id: str) -> None:
        """Delete an anchor of a person who has other active anchors."""
        self._api.send("DELETE", _anchor(person_id, anchor_id))

    def verify(
        self, identifier: str, pictures: Sequence[bytes], *, idempotency_key: str | None = None
    ) -> Verification:
        """Compare one to five photos of one moment with a claimed person (1:1)."""
        fields, files = {"identifier": identifier}, _files("pictures", pictures)
        answer = self._api.send_once("POST", "/verify", idempotency_key, data=fields, files=files)
        return Verification.read(answer.json())

    def verify_live(
        self,
        identifier: str,
        next_frame: Callable[[Asked], bytes],
        *,
        idempotency_key: str | None = None,
    ) -> Verification:
        """Verify a live person, who follows the server's prompts on camera.

        Args:
            identifier: the claimed identity.
            next_frame: displays a prompt's message and light, and returns the next frame as
                JPEG, about four a second.
            idempotency_key: of the verdict's request.

        Raises:
            Problem: `challenge_failed` if the person did not pass the liveness check.
        """
        begun = self._api.send_once("POST", "/challenges", None, json={"identifier": identifier})
        challenge = Challenge.read(begun.json())
        path, asked = f"/challenges/{challenge.id}", challenge.asked
        while asked.instruction != "done":
            fields, files = {"number": str(asked.frame)}, _files("picture", [next_frame(asked)])
            answer = self._api.send("POST", f"{path}/frames", data=fields, files=files)
            asked = Asked.read(answer.json())
        claim = {"identifier": identifier}
        answer = self._api.send_once("POST", f"{path}/verdict", idempotency_key, json=claim)
        return Verification.read(answer.json())

    def identify(self, pictures: Sequence[bytes], top: int = 5) -> Identification:
        """Compare photos of one moment with everybody (1:N); return `top` candidates at most."""
        fields, files = {"top": str(top)}, _files("pictures", pictures)
        answer = self._api.send("POST", "/identify", data=fields, files=files)
        return Identification.read(answer.json())

    def compare(self, first: bytes, second: bytes) -> Comparison:
        """Compare two photos with each other; the server stores nothing."""
        files = [*_files("first", [first]), *_files("second", [second])]
        return Comparison.read(self._api.send("POST", "/compare", files=files).json())

    def detect(self, picture: bytes) -> Detection:
        """Return the faces of a photo; the server stores nothing."""
        files = _files("picture", [picture])
        return Detection.read(self._api.send("POST", "/detect", files=files).json())

    def thresholds(self) -> Thresholds:
        """Return the current thresholds."""
        return Thresholds.read(self._api.send("GET", "/thresholds").json())

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
        """Set everybody's verification threshold; `based_on` is the last change's number.

        Raises:
            Problem: `confirmation_needed` if the score is dangerous and `confirm` is False.
        """
        sent = _given(
            score=score, reason=reason, rule=rule, based_on=based_on, confirm=confirm or None
        )
        answer = self._api.send_once("PUT", "/thresholds/verification", idempotency_key, json=sent)
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
        """Set the identification threshold, as `set_verification_threshold`."""
        sent = _given(
            fpir=fpir, margin=margin, reason=reason, based_on=based_on, confirm=confirm or None
        )
        answer = self._api.send_once("PUT", "/thresholds/search", idempotency_key, json=sent)
        return Thresholds.read(answer.json())

    def person_threshold(self, person_id: str) -> PersonThreshold:
        """Return one person's threshold and its parts."""
        return PersonThreshold.read(self._api.send("GET", f"{_person(person_id)}/threshold").json())

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
        """Set one person's points above everybody's threshold; 0 removes them."""
        sent = _given(points=points, reason=reason, based_on=based_on, confirm=confirm or None)
        path = f"{_person(person_id)}/threshold"
        answer = self._api.send_once("PUT", path, idempotency_key, json=sent)
        return PersonThreshold.read(answer.json())

    def attempts(self, since: str = "", limit: int = 50) -> tuple[list[Attempt], str]:
        """Return the attempts since a cursor, oldest first, and the next cursor."""
        page = self._api.send("GET", "/attempts", params={"since": since, "limit": limit}).json()
        return [Attempt.read(one) for one in page["items"]], page["next"] or ""

    def health(self) -> Health:
        """Return whether the app can serve, and its obstacles."""
        return Health.read(self._api.health())


def _person(person_id: str) -> str:
    """Return a person's path. Raise ValueError for a text that could lead elsewhere."""
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
