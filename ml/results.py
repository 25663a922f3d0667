"""Results of an engine, as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from ml.arrays import Chip, Embedding
from ml.faces.types import DetectedFace, Quality


@dataclass(frozen=True)
class Face:
    """The main face of a picture, ready for comparison.

    Attributes:
        detected: box, landmarks and confidence, in pixels of the picture.
        quality: measured quality of the face.
        chip: the aligned face, uint8 (size, size, channels).
        embedding: float32 (d,), of unit length.
        picture: JPEG of the face with a wide margin, without metadata; a later model can embed it.
    """

    detected: DetectedFace
    quality: Quality
    chip: Chip
    embedding: Embedding
    picture: bytes


@dataclass(frozen=True)
class Comparison:
    """Comparison of two faces: similarity and threshold are -1 to 1, the score is 0 to 100."""

    similarity: float
    score: float
    threshold: float
    match: bool
