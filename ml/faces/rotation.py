"""Rotation of pictures whose face is not upright."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ml.arrays import Pixels, Reals
from ml.faces.pose import head_pose
from ml.faces.types import DetectedFace

# Largest roll, in degrees, of a face that counts as upright: heads tilt that far.
LEAN = 20.0
QUARTER = 90

Point = tuple[float, float]


@dataclass(frozen=True)
class RotatedPicture:
    """A rotated picture, and the maps between it and the unrotated one.

    Attributes:
        pixels: (height, width, 3) uint8; the whole picture, black beside it.
        angle: rotation in degrees, anticlockwise.
        there, back: (2, 3) float64, map pixels to the rotated picture and from it.
    """

    pixels: Pixels
    angle: float
    there: Reals
    back: Reals

    @classmethod
    def of(cls, rgb: Pixels, angle: float) -> RotatedPicture:
        """Rotate a picture by `angle` degrees anticlockwise; quarter turns keep every pixel."""
        height, width = rgb.shape[:2]
        cos, sin = np.abs(_cos_sin(angle))
        size = round(width * cos + height * sin), round(width * sin + height * cos)
        there = rotation_about(_middle(width, height), _middle(*size), angle)
        if angle % QUARTER:
            pixels = np.asarray(cv2.warpAffine(rgb, there, size), np.uint8)
        else:
            pixels = np.ascontiguousarray(np.rot90(rgb, int(angle // QUARTER) % 4))
        back = np.asarray(cv2.invertAffineTransform(there), np.float64)
        return cls(pixels, angle, there, back)

    def face_there(self, face: DetectedFace) -> DetectedFace:
        """Return a face of the unrotated picture in the rotated one."""
        return self._moved(face, self.there)

    def face_back(self, face: DetectedFace) -> DetectedFace:
        """Return a face of the rotated picture in the unrotated one."""
        return self._moved(face, self.back)

    def _moved(self, face: DetectedFace, matrix: Reals) -> DetectedFace:
        """Map a face; its box stays parallel to the picture, its sides swap about a quarter on."""
        x, y = matrix[:, :2] @ face.centre + matrix[:, 2]
        width, height = face.box[2:]
        if round(self.angle / QUARTER) % 2:
            width, height = height, width
        landmarks = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
        return replace(
            face,
            box=(float(x) - width / 2, float(y) - height / 2, width, height),
            landmarks=landmarks.astype(np.float32),
        )


def upright(rgb: Pixels, face: DetectedFace) -> tuple[Pixels, DetectedFace]:
    """Return the picture rotated so that the face is upright, and the face in it."""
    angle = upright_angle(head_pose(face.landmarks).roll)
    if not angle:
        return rgb, face
    rotated = RotatedPicture.of(rgb, angle)
    return rotated.pixels, rotated.face_there(face)


def upright_angle(roll: float) -> float:
    """Return the anticlockwise rotation, 0 to 360°, that makes a face of this roll upright.

    A multiple of 90° where that brings the face within LEAN of upright: it keeps every pixel.
    """
    quarter = QUARTER * round(roll / QUARTER)
    return (quarter if abs(roll - quarter) <= LEAN else roll) % 360


def rotation_about(centre: Point, target: Point, angle: float, scale: float = 1.0) -> Reals:
    """Return the map (2, 3) that rotates by `angle` degrees anticlockwise and scales.

    It maps the point `centre` to `target`, both x and y in pixels.
    """
    cos, sin = scale * _cos_sin(angle)
    turn = np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([turn, target - turn @ centre])


def _cos_sin(angle: float) -> Reals:
    """Return cosine and sine of an angle in degrees, exact for multiples of 90°."""
    values = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    return values if angle % QUARTER else np.round(values)


def _middle(width: int, height: int) -> Point:
    return (width - 1) / 2, (height - 1) / 2
