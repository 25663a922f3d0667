"""Degradations of a photo: small, compressed, dark, blurred, or with a covered face.

Each change is a function of the whole photo, (height, width, 3) uint8 RGB, and the landmarks of its
face, (5, 2) pixels. It returns another photo and does not modify its argument.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ml.arrays import Pixels
from ml.faces.align import TEMPLATES, similarity_transform
from ml.lab.training.batches.augmentation import motion_kernel

# Shapes are drawn in this frame: landmarks of an upright face in a square.
FRAME = TEMPLATES["dlib"]


@dataclass(frozen=True)
class DegradationSettings:
    """Strength of the degradations.

    Attributes:
        face_px: width of the face in the small picture; smaller faces do not change.
        face_width: width of a face, in eye distances.
        jpeg_quality: 1 to 100.
        light: remaining share of the light.
        motion: length of the motion blur, as a share of the face's width.
        motion_angle: direction of the motion, in radians.
    """

    face_px: float = 40.0
    face_width: float = 2.2
    jpeg_quality: int = 20
    light: float = 0.5
    motion: float = 0.1
    motion_angle: float = 0.5


SETTINGS = DegradationSettings()
FINGERPRINT_DIGITS = 8
# Gamma of pixel values over linear light, close to that of sRGB.
GAMMA = 2.2

# Shapes in the frame's pixels, and their colours.
LENSES = ((47.5, 48.0), (100.5, 48.0))
LENS_AXES = (21.0, 16.0)
BRIDGE = ((60.0, 44.0), (88.0, 44.0), (88.0, 49.0), (60.0, 49.0))
GLASSES_COLOUR = (25, 25, 28)
MASK = ((22, 74), (50, 70), (74, 62), (98, 70), (126, 74), (120, 118), (74, 146), (28, 118))
MASK_COLOUR = (150, 185, 205)

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


def small(rgb: Pixels, landmarks: np.ndarray) -> np.ndarray:
    """Reduce the picture until the face is `face_px` wide."""
    scale = SETTINGS.face_px / face_width(landmarks)
    if scale >= 1:
        return rgb
    return cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def compressed(rgb: Pixels, _landmarks: np.ndarray) -> np.ndarray:
    """Compress as JPEG of `jpeg_quality`."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, SETTINGS.jpeg_quality]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def half_light(rgb: Pixels, _landmarks: np.ndarray) -> np.ndarray:
    """Halve the light."""
    darker = np.rint(rgb * SETTINGS.light ** (1 / GAMMA))
    return np.asarray(darker, np.uint8)


def motion_blur(rgb: Pixels, landmarks: np.ndarray) -> np.ndarray:
    """Blur by a motion of a tenth of the face's width."""
    length = max(SETTINGS.motion * face_width(landmarks), 1)
    return cv2.filter2D(rgb, -1, motion_kernel(length, SETTINGS.motion_angle))


def glasses(rgb: Pixels, landmarks: np.ndarray) -> np.ndarray:
    """Draw dark glasses over the eyes."""
    worn = rgb.copy()
    for centre in LENSES:
        outline = np.array(cv2.ellipse2Poly((0, 0), (1000, 1000), 0, 0, 360, 10)) / 1000
        _fill(worn, landmarks, outline * np.array(LENS_AXES) + np.array(centre), GLASSES_COLOUR)
    _fill(worn, landmarks, np.array(BRIDGE), GLASSES_COLOUR)
    return worn


def mask(rgb: Pixels, landmarks: np.ndarray) -> np.ndarray:
    """Draw a mask over nose, mouth and chin."""
    worn = rgb.copy()
    _fill(worn, landmarks, np.array(MASK, np.float64), MASK_COLOUR)
    return worn


CHANGES: dict[str, Change] = {
    "face of 40 pixels": small,
    "JPEG quality 20": compressed,
    "half the light": half_light,
    "motion blur": motion_blur,
    "glasses": glasses,
    "mask": mask,
}


def face_width(landmarks: np.ndarray) -> float:
    """Return the width of a face in pixels, from all five landmarks (5, 2), in any pose."""
    scale = np.linalg.norm(_from_frame(landmarks)[:, 0])
    eyes = np.subtract(FRAME.points[1], FRAME.points[0])
    return float(SETTINGS.face_width * np.linalg.norm(eyes) * scale)


@cache
def fingerprint() -> str:
    """Return a fingerprint of this module, for caches of degraded photos."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:FINGERPRINT_DIGITS]


def _from_frame(landmarks: np.ndarray) -> np.ndarray:
    """Return the map (2, 3) from the frame to the picture with these landmarks."""
    return similarity_transform(FRAME.scaled(FRAME.side), landmarks)


def _fill(
    rgb: Pixels, landmarks: np.ndarray, outline: np.ndarray, colour: tuple[int, int, int]
) -> None:
    """Fill a shape, given in the frame, in the picture."""
    matrix = _from_frame(landmarks)
    points = outline @ matrix[:, :2].T + matrix[:, 2]
    cv2.fillPoly(rgb, [np.rint(points).astype(np.int32)], colour, cv2.LINE_AA)
