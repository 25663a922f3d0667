"""Types that the stages of face detection exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ml.arrays import Landmarks, Pixels

Box = tuple[float, float, float, float]

SEVERAL_FACES = "several_faces"  # complaint about another face of comparable size
# Complaints about faces that are covered or hardly seen: they resemble each other.
COVERED = ("eyes_hidden", "mouth_hidden", "uncertain")

LANDMARK_NAMES = ("left_eye", "right_eye", "nose", "left_mouth_corner", "right_mouth_corner")


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face in a picture; pixel (0, 0) is the centre of the top left pixel.

    Attributes:
        box: x, y of the top left corner, width and height, in pixels; may cross the edge.
        landmarks: (5, 2) float32, x and y in pixels, in the order of `LANDMARK_NAMES`. Left is the
            left of the picture, for an upright face.
        confidence: probability of a face by the detector, 0 to 1.
    """

    box: Box
    landmarks: Landmarks
    confidence: float

    @property
    def centre(self) -> tuple[float, float]:
        """Centre of the box, in pixels."""
        x, y, width, height = self.box
        return x + width / 2, y + height / 2

    @property
    def size(self) -> float:
        """Side of the square with the box's area, in pixels."""
        return float(np.sqrt(self.box[2] * self.box[3]))

    @property
    def eye_distance(self) -> float:
        """Distance between the eyes, in pixels."""
        return float(np.linalg.norm(self.landmarks[1] - self.landmarks[0]))

    def scaled(self, along_x: float, along_y: float) -> DetectedFace:
        """Return the face in a picture resampled by the factors `along_x` and `along_y`."""
        scale = np.array([along_x, along_y], np.float32)
        x, y, width, height = self.box
        corner = (x + 0.5) * along_x - 0.5, (y + 0.5) * along_y - 0.5
        return replace(
            self,
            box=(*corner, width * along_x, height * along_y),
            landmarks=(self.landmarks + np.float32(0.5)) * scale - np.float32(0.5),
        )


@dataclass(frozen=True)
class Quality:
    """Quality of a face: measured values and coded complaints.

    Attributes:
        face_px: width of the face's box, in pixels.
        face_share: height of the box as a share of the picture's shorter side.
        eye_distance_px: distance between the eyes, in pixels.
        offset: distance of the face from the picture's centre, as a share of half the diagonal.
        yaw, pitch, roll: head pose estimated from the landmarks, in degrees. Yaw is positive
            when the nose points to the picture's right, pitch when it points up, roll when the
            head is rotated clockwise.
        brightness: mean luminance of the aligned face, 0 to 255.
        contrast: standard deviation of that luminance, 0 to 127.
        clipped_dark, clipped_bright: share of the face's pixels that are black or overexposed.
        back_light: brightness around the face minus brightness of the face, -255 to 255.
        sharpness: fine detail of the aligned face relative to its contrast, in percent.
        eye_detail: luminance gradient across the eyes, relative to that of the whole face; about
            1.3 for visible eyes, 0.2 behind dark glasses.
        mouth_detail: luminance gradient down the mouth, relative to that of the cheeks; about 3.5
            for a visible mouth, 0.6 behind a mask.
        confidence: probability of a face by the detector, 0 to 1.
        reasons: coded complaints, the most important first; empty for a good face.
    """

    face_px: float
    face_share: float
    eye_distance_px: float
    offset: float
    yaw: float
    pitch: float
    roll: float
    brightness: float
    contrast: float
    clipped_dark: float
    clipped_bright: float
    back_light: float
    sharpness: float
    eye_detail: float
    mouth_detail: float
    confidence: float
    reasons: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether the face has no complaint."""
        return not self.reasons

    def scaled(self, scale: float) -> Quality:
        """Return the quality of the same face in a picture `scale` times as large."""
        return replace(
            self, face_px=self.face_px * scale, eye_distance_px=self.eye_distance_px * scale
        )

    def with_rivals(self, rivals: int) -> Quality:
        """Return the quality with the complaint SEVERAL_FACES, if there are rivals."""
        return replace(self, reasons=(SEVERAL_FACES, *self.reasons)) if rivals else self


@dataclass(frozen=True)
class Inspection:
    """Faces of a picture, usable or not: for guidance, and for counting faces.

    Attributes:
        faces: all faces, in pixels of the file.
        main: the largest, most central face; None without a face.
        quality: quality of the main face.
        rivals: number of other faces of comparable size.
        dark: whether the whole picture is too dark to detect a face.
        width, height: size of the upright picture in the file, in pixels.
    """

    faces: tuple[DetectedFace, ...]
    main: DetectedFace | None
    quality: Quality | None
    rivals: int
    dark: bool
    width: int
    height: int


class FaceDetector(Protocol):
    """A face detector: ours, or the driver of the `mtcnn` package in comparisons."""

    def detect(self, rgb: Pixels, *, thorough: bool = True) -> list[DetectedFace]:
        """Return all faces in (height, width, 3) uint8; `thorough` repeats an empty detection."""
