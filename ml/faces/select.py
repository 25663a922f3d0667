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
    faces: Sequence[DetectedFace], shape: tuple[int, ...], settings: SelectionSettings = SELECTION
) -> DetectedFace | None:
    """The largest, most central face, if any, of a picture of `shape` (height, width, …)."""
    if not faces:
        return None
    return max(
        faces,
        key=lambda face: face.size * (1 - settings.off_centre_cost * off_centre(face, shape)),
    )


def has_rival(
    faces: Sequence[DetectedFace], main: DetectedFace, settings: SelectionSettings = SELECTION
) -> bool:
    """Whether another face is of a size comparable with the main one's."""
    return any(face is not main and face.size >= settings.rival_size * main.size for face in faces)


def off_centre(face: DetectedFace, shape: tuple[int, ...]) -> float:
    """Distance of a face from the picture's middle, as a share of half the diagonal."""
    height, width = shape[:2]
    x, y = face.centre
    return math.hypot(x - (width - 1) / 2, y - (height - 1) / 2) / (math.hypot(width, height) / 2)
