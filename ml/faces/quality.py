"""Quality of a face: measured values, each with a unit, and coded complaints."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ml.arrays import Chip, Pixels
from ml.faces.align import align
from ml.faces.pose import head_pose
from ml.faces.select import off_centre
from ml.faces.types import DetectedFace, Quality

# The aligned face on which light and sharpness are measured, and its regions.
CHIP_PX, TEMPLATE = 150, "dlib"
SKIN = np.s_[30:125, 32:118]
EYES = (np.s_[40:54, 36:60], np.s_[40:54, 88:112])
MOUTH = np.s_[94:114, 54:94]
CHEEKS = (np.s_[70:125, 34:50], np.s_[70:125, 98:114])
# Luminance gradient of smooth skin and its noise; less on the cheeks counts as this.
FLAT = 0.2
BLACK, BURNT = 8, 248
# Samples along the shorter side for the brightness of the surroundings.
SURROUNDINGS_PX = 64


@dataclass(frozen=True)
class QualityThresholds:
    """Limits beyond which a face gets a complaint; units as in `Quality`.

    The defaults apply to uploaded pictures; nearly all photos from the web pass. Any roll passes,
    because a photo is rotated until its face is upright.
    """

    smallest_face_px: float = 30.0
    smallest_share: float = 0.0
    largest_share: float = 0.95
    largest_offset: float = 0.65
    largest_yaw: float = 54.0
    largest_pitch: float = 40.0
    largest_roll: float = 180.0
    darkest: float = 50.0
    brightest: float = 210.0
    least_contrast: float = 16.0
    most_clipped_dark: float = 0.4
    most_clipped_bright: float = 0.25
    most_back_light: float = 100.0
    least_sharpness: float = 6.0
    least_eye_detail: float = 0.4
    least_mouth_detail: float = 1.3
    least_confidence: float = 0.85


THRESHOLDS = QualityThresholds()
# Stricter limits for a person at the camera, who can follow guidance. 96 % of the LFW people who
# serve as strangers pass without a complaint.
LIVE = QualityThresholds(
    smallest_share=0.3,
    largest_share=0.85,
    largest_offset=0.22,
    largest_yaw=43.0,
    largest_pitch=38.0,
    largest_roll=25.0,
    darkest=55.0,
    brightest=215.0,
    most_back_light=95.0,
    least_sharpness=5.0,
    least_eye_detail=0.5,
)


def assess(rgb: Pixels, face: DetectedFace, thresholds: QualityThresholds = THRESHOLDS) -> Quality:
    """Measure the quality of a face.

    Args:
        rgb: (height, width, 3) uint8, the picture of the face.
        face: the face, in pixels of `rgb`.
        thresholds: limits beyond which the face gets a complaint.
    """
    grey = cv2.cvtColor(align(rgb, face.landmarks, CHIP_PX, TEMPLATE), cv2.COLOR_RGB2GRAY)
    chip = np.asarray(grey, np.uint8)
    skin = chip[SKIN]
    pose = head_pose(face.landmarks)
    measured = Quality(
        face_px=face.box[2],
        face_share=face.box[3] / min(rgb.shape[:2]),
        eye_distance_px=face.eye_distance,
        offset=off_centre(face, rgb.shape[1], rgb.shape[0]),
        yaw=pose.yaw,
        pitch=pose.pitch,
        roll=pose.roll,
        brightness=float(skin.mean()),
        contrast=float(skin.std()),
        clipped_dark=float((skin <= BLACK).mean()),
        clipped_bright=float((skin >= BURNT).mean()),
        back_light=_back_light(rgb, face, float(skin.mean())),
        sharpness=_sharpness(skin),
        eye_detail=_eye_detail(chip),
        mouth_detail=_mouth_detail(chip),
        confidence=face.confidence,
        reasons=(),
    )
    return replace(measured, reasons=_reasons(measured, thresholds))


def is_dark(rgb: Pixels, thresholds: QualityThresholds = THRESHOLDS) -> bool:
    """Return whether a picture, (height, width, 3) uint8, is too dark to detect a face."""
    return float(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).mean()) < thresholds.darkest


def _reasons(q: Quality, t: QualityThresholds) -> tuple[str, ...]:
    complaints = {
        "too_small": q.face_px < t.smallest_face_px or q.face_share < t.smallest_share,
        "too_close": q.face_share > t.largest_share,
        "too_dark": q.brightness < t.darkest or q.clipped_dark > t.most_clipped_dark,
        "too_bright": q.brightness > t.brightest or q.clipped_bright > t.most_clipped_bright,
        "back_lit": q.back_light > t.most_back_light,
        "blurred": q.sharpness < t.least_sharpness,
        "low_contrast": q.contrast < t.least_contrast,
        "turned_left": q.yaw < -t.largest_yaw,
        "turned_right": q.yaw > t.largest_yaw,
        "turned_up": q.pitch > t.largest_pitch,
        "turned_down": q.pitch < -t.largest_pitch,
        "tilted": abs(q.roll) > t.largest_roll,
        "off_centre": q.offset > t.largest_offset,
        "eyes_hidden": q.eye_detail < t.least_eye_detail,
        "mouth_hidden": q.mouth_detail < t.least_mouth_detail,
        "uncertain": q.confidence < t.least_confidence,
    }
    return tuple(reason for reason, applies in complaints.items() if applies)


def _sharpness(skin: Chip) -> float:
    """Return the standard deviation of the Laplacian, in percent of that of the luminance."""
    smooth = cv2.GaussianBlur(skin.astype(np.float32), (0, 0), 1.0)
    spread = float(smooth.std())
    return 100 * float(cv2.Laplacian(smooth, cv2.CV_32F).std()) / spread if spread > 0 else 0.0


def _eye_detail(chip: Chip) -> float:
    """Return the luminance gradient along rows of the eyes, relative to the whole face."""
    smooth = cv2.GaussianBlur(chip.astype(np.float32), (0, 0), 1.0)
    steps = np.abs(np.diff(smooth, axis=1))
    whole = float(steps[SKIN].mean())
    return float(np.mean([steps[eye].mean() for eye in EYES])) / whole if whole > 0 else 0.0


def _mouth_detail(chip: Chip) -> float:
    """Return the luminance gradient down the mouth, relative to that of the cheeks.

    Lips are lines across the face: blurring along rows keeps them, and weakens patterns of a cloth.
    """
    smooth = cv2.GaussianBlur(chip.astype(np.float32), (0, 0), sigmaX=2.0, sigmaY=1.0)
    steps = np.abs(np.diff(smooth, axis=0))
    cheeks = float(np.mean([steps[cheek].mean() for cheek in CHEEKS]))
    return float(steps[MOUTH].mean()) / (cheeks + FLAT)


def _back_light(rgb: Pixels, face: DetectedFace, brightness: float) -> float:
    """Return how much brighter the picture is outside the face's box than in it."""
    step = max(min(rgb.shape[:2]) // SURROUNDINGS_PX, 1)
    grey = cv2.cvtColor(np.ascontiguousarray(rgb[::step, ::step]), cv2.COLOR_RGB2GRAY)
    x, y, width, height = (value / step for value in face.box)
    outside = np.ones(grey.shape, bool)
    outside[max(int(y), 0) : int(y + height) + 1, max(int(x), 0) : int(x + width) + 1] = False
    return float(grey[outside].mean()) - brightness if outside.any() else 0.0
