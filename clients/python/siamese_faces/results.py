"""Answers of the API, as dataclasses. Fields that a later version adds are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self


class Answer:
    """Base of all answers."""

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in answer.items() if name in known})


@dataclass(frozen=True)
class PersonLabel(Answer):
    """A person's names in a result."""

    id: str
    identifier: str
    name: str


@dataclass(frozen=True)
class Person(Answer):
    """An enrolled person; `pictures` is the number of active anchors."""

    id: str
    identifier: str
    name: str
    pictures: int
    created_at: datetime
    consent_version: str
    consent_at: datetime

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        return super().read({**answer, **_times(answer, "created_at", "consent_at")})


@dataclass(frozen=True)
class Anchor(Answer):
    """A stored photo: `reasons` are codes of its faults, `doubts` codes of warnings."""

    id: str
    created_at: datetime
    retired_at: datetime | None
    reasons: list[str]
    doubts: list[str]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        return super().read({**answer, **_times(answer, "created_at", "retired_at")})


@dataclass(frozen=True)
class VerificationDetails(Answer):
    """Details of a verification."""

    similarity: float
    rule: str
    person: PersonLabel | None
    compared: int

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        return super().read({**answer, "person": _label(answer["person"])})


@dataclass(frozen=True)
class Verification(Answer):
    """Match or no match; `details` is None for keys without the scope `read`."""

    match: bool
    score: float
    threshold_score: float
    milliseconds: float
    reasons: list[str]
    notes: list[str]
    details: VerificationDetails | None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        details = answer["details"]
        read = VerificationDetails.read(details) if details else None
        return super().read({**answer, "details": read})


@dataclass(frozen=True)
class Asked(Answer):
    """The next prompt of a challenge.

    Attributes:
        frame: number of the next frame.
        instruction: a code. After "done", request the verdict.
        message: the text to display.
        share: progress of the instruction, 0 to 1.
        light: colour that fills the screen around the face, "#rrggbb"; None for none.
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
class Challenge(Answer):
    """A started challenge; it expires after `seconds`."""

    id: str
    seconds: int
    asked: Asked

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        return super().read({**answer, "asked": Asked.read(answer["asked"])})


@dataclass(frozen=True)
class Candidate(Answer):
    """A person whose anchors are similar to the probe."""

    person: PersonLabel
    score: float

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        return super().read({**answer, "person": PersonLabel.read(answer["person"])})


@dataclass(frozen=True)
class Identification(Answer):
    """The identified person, or None, and the candidates."""

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
        """Return the answer's known fields."""
        return super().read(
            {
                **answer,
                "person": _label(answer["person"]),
                "candidates": [Candidate.read(one) for one in answer["candidates"]],
                "rivals": [PersonLabel.read(one) for one in answer["rivals"]],
            }
        )


@dataclass(frozen=True)
class Comparison(Answer):
    """Similarity of two photos, and whether they match."""

    match: bool
    score: float
    threshold_score: float
    similarity: float
    model_id: str
    reasons: list[list[str]]


@dataclass(frozen=True)
class Point(Answer):
    """A point, in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class Box(Answer):
    """A rectangle, in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class DetectedFace(Answer):
    """A face in a photo; `main` marks the one that the app compares."""

    box: Box
    landmarks: dict[str, Point]
    confidence: float
    main: bool

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        points = {name: Point.read(point) for name, point in answer["landmarks"].items()}
        return super().read({**answer, "box": Box.read(answer["box"]), "landmarks": points})


@dataclass(frozen=True)
class Detection(Answer):
    """The faces of a photo; `quality` describes the main one by numbers and `reasons`."""

    width: int
    height: int
    faces: list[DetectedFace]
    quality: dict[str, Any] | None

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Self:
        """Return the answer's known fields."""
        faces = [DetectedFace.read(one) for one in answer["faces"]]
        return super().read({**answer, "faces": faces})


@dataclass(frozen=True)
class Attempt(Answer):
    """One verification or identification."""

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
        """Return the answer's known fields."""
        return super().read({**answer, **_times(answer, "created_at")})


@dataclass(frozen=True)
class Health(Answer):
    """Whether the app can serve, its obstacles, and its progress while it loads anchors."""

    ready: bool
    obstacles: list[str]
    anchors: int | None = None
    anchors_read: int | None = None


def _label(answer: Mapping[str, Any] | None) -> PersonLabel | None:
    return PersonLabel.read(answer) if answer else None


def _times(answer: Mapping[str, Any], *names: str) -> dict[str, datetime | None]:
    return {name: datetime.fromisoformat(answer[name]) if answer[name] else None for name in names}
