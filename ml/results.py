"""What an engine answers: plain values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.faces.types import DetectedFace, Quality


@dataclass(frozen=True)
class Face:
    """The main face of a picture, ready to be compared.

    Attributes:
        detected: box, landmarks and confidence in the picture.
        quality: what was measured of it.
        chip: the aligned face, uint8 (size, size, channels).
        embedding: float32 (d,), of unit length.
        picture: JPEG of the face with a wide margin and no metadata; it can be analysed again.
    """

    detected: DetectedFace
    quality: Quality
    chip: np.ndarray
    embedding: np.ndarray
    picture: bytes


@dataclass(frozen=True)
class Comparison:
    """Two faces compared: similarity and threshold as cosine, score 0 to 100 for people."""

    similarity: float
    score: float
    threshold: float
    match: bool
