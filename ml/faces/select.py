"""Selection of the main face, and of the faces that compete with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml.faces.types import DetectedFace


@dataclass(frozen=True)
class SelectionSettings:
    """Weights of the selection.

    Attributes:
        off_centre_cost: share of its size that a face at the picture's corner loses in the
            comparison; 0 ignores the position, 1 ignores a face at the corner.
        rival_size: share of the main face's size from which another face is comparable.
    """

    off_centre_cost: float = 0.7
    rival_size: float = 0.5


SELECTION = SelectionSettings()


def main_face(
    faces: Sequence[DetectedFace], width: int, height: int, settings: SelectionSettings = SELECTION
) -> DetectedFace | None:
    """Return the largest, most central face of a picture of `width` × `height` pixels, or None."""
    if not faces:
        return None
    return max(
        faces,
        key=lambda face: (
            face.size * (1 - settings.off_centre_cost * off_centre(face, width, height))
        ),
    )


def rivals(
    faces: Sequence[DetectedFace], main: DetectedFace, settings: SelectionSettings = SELECTION
) -> list[DetectedFace]:
    """Return the other faces whose size is comparable with the main face's."""
    return [
        face for face in faces if face is not main and face.size >= settings.rival_size * main.size
    ]


def off_centre(face: DetectedFace, width: int, height: int) -> float:
    """Return the distance of a face from the picture's centre, as a share of half the diagonal."""
    x, y = face.centre
    return math.hypot(x - (width - 1) / 2, y - (height - 1) / 2) / (math.hypot(width, height) / 2)
