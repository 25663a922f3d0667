"""Detect all faces in a picture, and assess the main one; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from ml import LANDMARK_NAMES, DetectedFace, Quality
from webapp.core.actor import Actor
from webapp.inference.active_model import active_model
from webapp.inference.admission import face_slot


@dataclass(frozen=True)
class Point:
    """A point in a picture, in pixels."""

    x: float
    y: float


@dataclass(frozen=True)
class Box:
    """A rectangle in a picture, in pixels; may extend beyond the edge."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class FoundFace:
    """A detected face; `main` marks the one that would be used."""

    box: Box
    landmarks: dict[str, Point]
    confidence: float
    main: bool


@dataclass(frozen=True)
class Detection:
    """Faces of a picture, and the quality of the main one; None without a face."""

    width: int
    height: int
    faces: tuple[FoundFace, ...]
    quality: Quality | None


def detect(picture: bytes, actor: Actor) -> Detection:
    """Detect every face in a picture, and assess the main one.

    Raises:
        FaceError: if the bytes are not a usable picture. A picture without a face is not an error.
    """
    with face_slot(actor):
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
