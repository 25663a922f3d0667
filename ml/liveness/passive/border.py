"""Long straight edges beside a face: those of a sheet or a screen that is held into the camera.

Segments are found by von Gioi, Jakubowicz, Morel and Randall, "LSD: A Fast Line Segment Detector
with a False Detection Control", IEEE PAMI 32(4), 2010.
"""

from __future__ import annotations

import cv2
import numpy as np

# Where an edge is looked for: from the middle of the face, in its eye-to-mouth heights.
NEAREST, FARTHEST = 1.2, 4.0
LARGEST_ANGLE = 20.0  # to the side of the face, degrees
SIDES = 4


def border(grey: np.ndarray, landmarks: np.ndarray) -> float:
    """How long the edges are that stand around a face, on two of its four sides at least.

    Args:
        grey: the frame, uint8 (height, width).
        landmarks: (5, 2), in its pixels.

    Returns:
        Length of the second longest side's edge, in heights of the face from eyes to mouth.
    """
    found = cv2.createLineSegmentDetector().detect(grey)[0]
    if found is None:
        return 0.0
    middle, axes, height = _face_axes(landmarks)
    ends = (found.reshape(-1, 2, 2) - middle) @ axes.T / height
    along = ends[:, 1] - ends[:, 0]
    lengths = np.linalg.norm(along, axis=1)
    centres = ends.mean(axis=1)
    longest = [
        _longest_on(side, centres, along, lengths) for side in ((0, -1), (0, 1), (1, -1), (1, 1))
    ]
    return sorted(longest)[-2]


def _face_axes(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Middle of a face, its directions across and along (2, 2), and its height in pixels."""
    eyes, mouth = landmarks[:2].mean(axis=0), landmarks[3:].mean(axis=0)
    height = max(float(np.linalg.norm(mouth - eyes)), 1.0)
    down = (mouth - eyes) / height
    return (eyes + mouth) / 2, np.array([[down[1], -down[0]], down]), height


def _longest_on(
    side: tuple[int, int], centres: np.ndarray, along: np.ndarray, lengths: np.ndarray
) -> float:
    """The longest edge on one side: the axis that it crosses, and which end of it."""
    axis, sign = side
    away = sign * centres[:, axis]
    tilt = np.degrees(np.arctan2(np.abs(along[:, axis]), np.abs(along[:, 1 - axis])))
    here = (away > NEAREST) & (away < FARTHEST) & (tilt < LARGEST_ANGLE)
    return float(lengths[here].max(initial=0.0))
