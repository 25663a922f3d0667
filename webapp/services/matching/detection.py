"""Which faces stand in a picture, where, and how usable the main one is; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from ml import LANDMARK_NAMES, DetectedFace, Quality
from webapp.inference.active_model import active_model
from webapp.inference.admission import turn


@dataclass(frozen=True)
class Point:
    """A point of a picture, in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class Box:
    """A rectangle of a picture, in pixels; it may reach over the edge."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class FoundFace:
    """A face; `main` is the one that would be used."""

    box: Box
    landmarks: dict[str, Point]
    confidence: float
    main: bool


@dataclass(frozen=True)
class Detection:
    """The faces of a picture, and the quality of the main one, if there is any."""

    width: int
    height: int
    faces: tuple[FoundFace, ...]
    quality: Quality | None


def detect(picture: bytes) -> Detection:
    """Find every face of a picture, and judge the main one.

    Raises:
        FaceError: if the bytes are no usable picture; no face is no error.
    """
    with turn():
        seen = active_model().engine.inspect(picture, thorough=True)
    return Detection(
        width=seen.width,
        height=seen.height,
        faces=tuple(_found(face, face is seen.main) for face in seen.faces),
        quality=seen.quality and seen.quality.with_rivals(seen.rivals),
    )


def _found(face: DetectedFace, main: bool) -> FoundFace:
    points = zip(LANDMARK_NAMES, face.landmarks.tolist(), strict=True)
    return FoundFace(
        box=Box(*face.box),
        landmarks={name: Point(x, y) for name, (x, y) in points},
        confidence=face.confidence,
        main=main,
    )
