"""Which face a picture is about, and whether another competes with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ml.faces.types import DetectedFace


@dataclass(frozen=True)
class SelectionSettings:
    """How faces compete.

    Attributes:
        off_centre_cost: how much of its size a face at the picture's corner loses in the
            comparison; 0 ignores the place, 1 ignores a face at the corner.
        rival_size: a second face is of comparable size from this share of the main face's size.
    """

    off_centre_cost: float = 0.7
    rival_size: float = 0.5


SELECTION = SelectionSettings()


def main_face(
    faces: Sequence[DetectedFace], width: int, height: int, settings: SelectionSettings = SELECTION
) -> DetectedFace | None:
    """The largest, most central face of a picture of `width` × `height` pixels, if any."""
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
    """The other faces, of a size comparable with the main one's."""
    return [
        face for face in faces if face is not main and face.size >= settings.rival_size * main.size
    ]


def off_centre(face: DetectedFace, width: int, height: int) -> float:
    """Distance of a face from the picture's middle, as a share of half the diagonal."""
    x, y = face.centre
    return math.hypot(x - (width - 1) / 2, y - (height - 1) / 2) / (math.hypot(width, height) / 2)
