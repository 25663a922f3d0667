"""Orientation of a face: YuNet scores the face's surroundings at several rotations.

Both networks read a turned face as an upright one, with the mouth for eyes. YuNet scores such a
reading lower than the right one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ml.arrays import Pixels, Reals
from ml.faces.detector.networks import NEUTRAL
from ml.faces.detector.yunet import YuNet
from ml.faces.pose import head_pose
from ml.faces.rotation import rotation_about, upright_angle
from ml.faces.types import DetectedFace
from ml.faces.warp import warp

QUARTERS = (0, 90, 180, 270)
EIGHTHS = (*QUARTERS, 45, 135, 225, 315)


@dataclass(frozen=True)
class OrientationSettings:
    """Settings of the search for the orientation of a face.

    Attributes:
        certain_score: YuNet's score from which its reading is kept. None of 428 photos rotated by
            180° reached it, and nine in ten upright ones.
        window: side of the scored square, in longer sides of the face's box.
        side_px: side of that square as YuNet's input.
        lead: lead in YuNet's score above which another rotation is chosen, in a live frame.
        photo_lead: the same in a photo. Of 1,354 photos of `celeba_wild/train` turned by 145° to
            215°, 6 stay misread, and 12 by the lead of a live frame.
    """

    certain_score: float = 0.91
    window: float = 2.0
    side_px: int = 160
    lead: float = 0.02
    photo_lead: float = 0.005


SETTINGS = OrientationSettings()


class Orientation:
    """The rotations that make faces upright, in degrees anticlockwise, 0 to 360."""

    def __init__(self, yunet: YuNet, settings: OrientationSettings = SETTINGS) -> None:
        self._yunet = yunet
        self._settings = settings

    def quarter(self, rgb: Pixels, face: DetectedFace) -> float:
        """Return a multiple of 90° for a face that YuNet found in `rgb`."""
        return self._best(rgb, face, QUARTERS, self._settings.lead)[0]

    def exact(self, rgb: Pixels, face: DetectedFace) -> float:
        """Return any angle for a face that YuNet found in `rgb`; see `upright_angle`."""
        angle, reading = self._best(rgb, face, EIGHTHS, self._settings.photo_lead)
        return upright_angle(angle + head_pose(reading.landmarks).roll)

    def _best(
        self, rgb: Pixels, face: DetectedFace, angles: Iterable[int], lead: float
    ) -> tuple[int, DetectedFace]:
        """Return the rotation with YuNet's highest score, and its reading of the rotated face."""
        if face.confidence >= self._settings.certain_score:
            return 0, face
        readings = {angle: self._reading(rgb, face, angle) for angle in angles}
        scores = {angle: one.confidence for angle, one in readings.items() if one}
        best = max(scores, key=scores.__getitem__, default=0)
        if scores.get(best, 0) - scores.get(0, 0) <= lead:
            return 0, face
        return best, readings[best] or face

    def _reading(self, rgb: Pixels, face: DetectedFace, angle: int) -> DetectedFace | None:
        """Return YuNet's surest face in the surroundings of a face, rotated by `angle`."""
        side = self._settings.side_px
        crop = warp(rgb, _to_window(face, self._settings.window, side, angle), side, NEUTRAL)
        return max(self._yunet(crop), key=lambda one: one.confidence, default=None)


def _to_window(face: DetectedFace, window: float, side: int, angle: float) -> Reals:
    """Return the map from the picture to the square of a face, rotated about its centre."""
    scale = (side - 1) / (window * max(face.box[2:]))
    return rotation_about(face.centre, ((side - 1) / 2, (side - 1) / 2), angle, scale)
