"""What the stages hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

Box = tuple[float, float, float, float]

SEVERAL_FACES = "several_faces"  # the complaint that another face of comparable size is there

LANDMARK_NAMES = ("left_eye", "right_eye", "nose", "left_mouth_corner", "right_mouth_corner")


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face in a picture; pixel (0, 0) is the middle of the top left pixel.

    Attributes:
        box: x, y of the top left corner, width and height, in pixels; may reach over the edge.
        landmarks: (5, 2) float32, x and y in pixels, in the order of `LANDMARK_NAMES`;
            left is the left of the picture, for an upright face.
        confidence: the detector's, 0 to 1.
    """

    box: Box
    landmarks: np.ndarray
    confidence: float

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box, in pixels."""
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
        """Return the face in a picture with `along_x` by `along_y` pixels for one of this one."""
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
    """How usable a face is: what was measured, and the codes of what is wrong with it.

    Attributes:
        face_px: width of the face's box, in pixels.
        face_share: the box's height as a share of the picture's shorter side.
        eye_distance_px: distance between the eyes, in pixels.
        offset: the face's distance from the picture's middle, as a share of half the diagonal.
        yaw, pitch, roll: head pose estimated from the landmarks, in degrees. Yaw is positive
            when the nose points to the picture's right, pitch when it points up, roll when the
            head is turned clockwise.
        brightness: mean luminance of the aligned face, 0 to 255.
        contrast: standard deviation of that luminance, 0 to 127.
        clipped_dark, clipped_bright: share of the face's pixels that are black or burnt out.
        back_light: how much brighter the picture around the face is, in steps of 255.
        sharpness: fine detail of the aligned face relative to its contrast, in percent.
        eye_detail: how much the luminance changes across the eyes, as a share of what it does over
            the whole face; about 1.3 for eyes that can be seen, 0.2 behind dark glasses.
        confidence: the detector's, 0 to 1.
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
    confidence: float
    reasons: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with the face."""
        return not self.reasons

    def scaled(self, scale: float) -> Quality:
        """Return what would be measured in a picture `scale` times as large."""
        return replace(
            self, face_px=self.face_px * scale, eye_distance_px=self.eye_distance_px * scale
        )

    def with_rivals(self, rivals: int) -> Quality:
        """Return the quality with the complaint that the face is not the only one, if it is not."""
        return replace(self, reasons=(SEVERAL_FACES, *self.reasons)) if rivals else self


@dataclass(frozen=True)
class Inspection:
    """What stands in a picture, usable or not: for guidance, and for counting faces.

    `rivals` counts the faces beside the main one of a size comparable with it. `dark` says that the
    whole picture is too dark to find a face in.
    """

    faces: tuple[DetectedFace, ...]
    main: DetectedFace | None
    quality: Quality | None
    rivals: int
    dark: bool
    width: int
    height: int


class FaceDetector(Protocol):
    """What finds faces: ours, or the `mtcnn` package's own driver in comparisons."""

    def detect(self, rgb: np.ndarray, *, thorough: bool = True) -> list[DetectedFace]:
        """Find all faces in (height, width, 3) uint8; `thorough` looks twice before "none"."""
