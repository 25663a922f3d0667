"""What the API answers, typed. Fields that a later version adds are passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self


class Problem(Exception):
    """The API did not do what was asked.

    Attributes:
        status: of HTTP.
        code: stable, as `duplicate_identifier`.
        detail: words for people.
        more: what else is known: `errors` by field, `pictures` with a code each, `seconds` to wait.
    """

    def __init__(self, status: int, code: str, detail: str, more: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail, self.more = status, code, detail, more


class Unanswered(Problem):
    """A proxy lost whoever worked on it: it may be done, or not."""


class _Read:
    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in answer.items() if name in known})


@dataclass(frozen=True)
class PersonLabel(_Read):
    """A person as results name them."""

    id: str
    identifier: str
    name: str


@dataclass(frozen=True)
class Person(_Read):
    """Somebody enrolled; `pictures` counts those that are compared."""

    id: str
    identifier: str
    name: str
    pictures: int
    created_at: datetime
    consent_version: str
    consent_at: datetime

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read({**answer, **_times(answer, "created_at", "consent_at")})


@dataclass(frozen=True)
class Anchor(_Read):
    """A stored picture: codes of what is wrong with it, and why it may do harm."""

    id: str
    created_at: datetime
    retired_at: datetime | None
    reasons: list[str]
    doubts: list[str]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read({**answer, **_times(answer, "created_at", "retired_at")})


@dataclass(frozen=True)
class VerificationDetails(_Read):
    """What a verification rests on."""

    similarity: float
    rule: str
    person: PersonLabel | None
    compared: int

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read({**answer, "person": _label(answer["person"])})


@dataclass(frozen=True)
class Verification(_Read):
    """Match or no match; `details` are for keys with the scope `read`."""

    match: bool
    score: float
    threshold_score: float
    milliseconds: float
    reasons: list[str]
    notes: list[str]
    details: VerificationDetails | None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        details = answer["details"]
        read = VerificationDetails.read(details) if details else None
        return super().read({**answer, "details": read})


@dataclass(frozen=True)
class Asked(_Read):
    """What is asked for now of whoever is before the camera; after "done" ask for the verdict.

    `frame` is the number of the next frame, `share` how much is done, `message` what to show.
    `light` is a colour, "#rrggbb", to fill the screen with around the face; None for none.
    """

    frame: int
    step: int
    of: int
    instruction: str
    message: str
    share: float
    hint: str | None
    light: str | None = None


@dataclass(frozen=True)
class Challenge(_Read):
    """A challenge that was begun, and how many seconds it may take."""

    id: str
    seconds: int
    asked: Asked

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read({**answer, "asked": Asked.read(answer["asked"])})


@dataclass(frozen=True)
class Candidate(_Read):
    """Somebody near to the face."""

    person: PersonLabel
    score: float

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read({**answer, "person": PersonLabel.read(answer["person"])})


@dataclass(frozen=True)
class Identification(_Read):
    """Whose face it is, or nobody's."""

    match: bool
    score: float
    threshold_score: float
    milliseconds: float
    person: PersonLabel | None
    candidates: list[Candidate]
    rivals: list[PersonLabel]
    compared: int
    reasons: list[str]
    notes: list[str]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read(
            {
                **answer,
                "person": _label(answer["person"]),
                "candidates": [Candidate.read(one) for one in answer["candidates"]],
                "rivals": [PersonLabel.read(one) for one in answer["rivals"]],
            }
        )


@dataclass(frozen=True)
class Comparison(_Read):
    """Whether two pictures show the same person."""

    match: bool
    score: float
    threshold_score: float
    similarity: float
    model_id: str
    reasons: list[list[str]]


@dataclass(frozen=True)
class Point(_Read):
    """A point, in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class Box(_Read):
    """A rectangle, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DetectedFace(_Read):
    """A face in a picture; `main` is the one that would be used."""

    box: Box
    landmarks: dict[str, Point]
    confidence: float
    main: bool

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        points = {name: Point.read(point) for name, point in answer["landmarks"].items()}
        return super().read({**answer, "box": Box.read(answer["box"]), "landmarks": points})


@dataclass(frozen=True)
class Detection(_Read):
    """The faces of a picture; `quality` is that of the main one, as numbers and `reasons`."""

    width: int
    height: int
    faces: list[DetectedFace]
    quality: dict[str, Any] | None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        faces = [DetectedFace.read(one) for one in answer["faces"]]
        return super().read({**answer, "faces": faces})


@dataclass(frozen=True)
class VerificationThreshold(_Read):
    """From which score on a verification matches."""

    score: float
    similarity: float
    rule: str
    number: int


@dataclass(frozen=True)
class SearchThreshold(_Read):
    """How a search among everybody decides."""

    fpir: float
    margin: float
    number: int


@dataclass(frozen=True)
class Thresholds(_Read):
    """What decides a match."""

    model_id: str
    rules: list[str]
    verification: VerificationThreshold
    search: SearchThreshold

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read(
            {
                **answer,
                "verification": VerificationThreshold.read(answer["verification"]),
                "search": SearchThreshold.read(answer["search"]),
            }
        )


@dataclass(frozen=True)
class PersonThreshold(_Read):
    """One person's threshold, `points` above everybody's."""

    score: float
    everybodys_score: float
    lowest_score: float
    points: float
    number: int


@dataclass(frozen=True)
class Attempt(_Read):
    """One attempt to verify or identify."""

    id: str
    created_at: datetime
    kind: str
    match: bool
    identifier: str | None
    score: float | None
    threshold_score: float | None
    similarity: float
    rule: str
    model_id: str
    compared: int
    milliseconds: float
    reasons: list[str]
    asked_by: str | None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Take the known fields of an answer."""
        return super().read({**answer, **_times(answer, "created_at")})


@dataclass(frozen=True)
class Health(_Read):
    """Whether the app can serve, and what stands in the way; while it warms up, how far it is."""

    ready: bool
    obstacles: list[str]
    anchors: int | None = None
    anchors_read: int | None = None


def _label(answer: Mapping[str, Any] | None) -> PersonLabel | None:
    return PersonLabel.read(answer) if answer else None


def _times(answer: Mapping[str, Any], *names: str) -> dict[str, datetime | None]:
    return {name: datetime.fromisoformat(answer[name]) if answer[name] else None for name in names}
