"""Change of a head's pose, from the position of its nose between eyes and mouth.

Eyes and mouth corners define a frame of reference. The nose of a flat picture stays in place in it,
however the picture is held: exactly under a homography, nearly under an affine map, where only
perspective moves it. The nose of a head is about 28 mm in front of that plane and moves by the
tangent of the turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ml.arrays import Landmarks
from ml.faces.pose import MEAN_HEAD_MM

EYE_DISTANCE_MM = float(MEAN_HEAD_MM[1, 0] - MEAN_HEAD_MM[0, 0])
# The frame of reference: eyes and mouth corners of the mean face, in eye distances.
PLANE = MEAN_HEAD_MM[[0, 1, 3, 4], :2] / EYE_DISTANCE_MM
NOSE_HEIGHT = float(MEAN_HEAD_MM[2, 2] - MEAN_HEAD_MM[[0, 1, 3, 4], 2].mean()) / EYE_DISTANCE_MM
# Lower bound of the distances between the eyes, and from eyes to mouth.
SMALLEST_PX = 1e-3
_CORNERS = [0, 1, 3, 4]
_NOSE = 2
_PLANE = PLANE.tolist()
_PLANE_MIDDLE = PLANE.mean(axis=0).tolist()


@dataclass(frozen=True)
class Shape:
    """Measures of a face that a turn changes.

    Attributes:
        nose: x and y in the affine frame of reference, in eye distances.
        eyes: distance between the eyes, in pixels.
        height: distance between the centres of the eyes and of the mouth, in pixels.
    """

    nose: tuple[float, float]
    eyes: float
    height: float

    @classmethod
    def of(cls, landmarks: Landmarks) -> Shape:
        """Measure landmarks (5, 2), in pixels."""
        left, right, _, left_corner, right_corner = landmarks.tolist()
        height = math.dist(_between(left, right), _between(left_corner, right_corner))
        eyes = math.dist(left, right)
        nose = nose_in_affine_frame(landmarks)
        return cls(nose, max(eyes, SMALLEST_PX), max(height, SMALLEST_PX))


@dataclass(frozen=True)
class Turn:
    """Change of a face from the same person's frontal one.

    Attributes:
        yaw: degrees, positive towards the picture's right, which is the person's left.
        pitch: degrees, positive upwards.
        growth: factor by which the face is larger.
        narrowing: eye distance relative to the face's height, as a factor; 0.9 for a plane turned
            sideways by 26°, above 1 for one turned up or down.
    """

    yaw: float
    pitch: float
    growth: float
    narrowing: float

    @classmethod
    def between(cls, neutral: Shape, now: Shape) -> Turn:
        """Measure the change from `neutral` to `now`."""
        across = (now.nose[0] - neutral.nose[0]) / NOSE_HEIGHT
        along = (now.nose[1] - neutral.nose[1]) / NOSE_HEIGHT
        eyes, height = now.eyes / neutral.eyes, now.height / neutral.height
        return cls(
            math.degrees(math.atan(across)),
            math.degrees(math.atan(-along)),
            max(eyes, height),
            eyes / height,
        )

    def towards(self, kind: str) -> float:
        """Return the turn in degrees, or the growth factor, in the direction of a kind of step."""
        ways = {
            "turn_left": self.yaw,
            "turn_right": -self.yaw,
            "turn_up": self.pitch,
            "turn_down": -self.pitch,
            "come_closer": self.growth,
        }
        return ways[kind]

    def foreshortening(self, kind: str) -> float:
        """Return the factor by which a turn of this kind shortens the face, at most 1."""
        shorter = 1 / self.narrowing if kind in ("turn_up", "turn_down") else self.narrowing
        return min(shorter, 1.0)


def nose_in_affine_frame(landmarks: Landmarks) -> tuple[float, float]:
    """Map the nose by the affine least-squares map of eyes and mouth corners onto `PLANE`.

    Plain numbers instead of arrays: every new frame measures all frames of the attempt again, and
    for four points arrays take ten times as long.
    """
    points = landmarks.tolist()
    corners = [points[corner] for corner in _CORNERS]
    middle_x, middle_y = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
    spread = [(x - middle_x, y - middle_y) for x, y in corners]
    across, along = sum(x * x for x, _ in spread), sum(y * y for _, y in spread)
    both = sum(x * y for x, y in spread)
    # On landmarks in one line there is no such map, and no turn to measure.
    area = across * along - both**2
    if area <= 1e-9 * (across + along) ** 2:
        return 0.0, 0.0
    nose_x, nose_y = points[_NOSE][0] - middle_x, points[_NOSE][1] - middle_y
    weight_x = (nose_x * along - nose_y * both) / area
    weight_y = (nose_y * across - nose_x * both) / area
    weights = [weight_x * x + weight_y * y for x, y in spread]
    pairs = list(zip(weights, _PLANE, strict=True))
    return (
        sum(weight * x for weight, (x, _) in pairs) + _PLANE_MIDDLE[0],
        sum(weight * y for weight, (_, y) in pairs) + _PLANE_MIDDLE[1],
    )


def _between(a: list[float], b: list[float]) -> list[float]:
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]


def nose_by_homography(landmarks: Landmarks) -> tuple[float, float]:
    """Map the nose by the homography of eyes and mouth corners onto `PLANE`.

    The result is equal for all views of a flat picture, even in perspective, but noisier than
    that of the affine map.
    """
    source = landmarks[_CORNERS].astype(np.float32)
    homography = cv2.getPerspectiveTransform(source, PLANE.astype(np.float32))
    x, y, w = homography @ np.append(landmarks[_NOSE], 1.0)
    return float(x / w), float(y / w)
