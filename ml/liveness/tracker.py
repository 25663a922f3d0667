"""Tracking of a face from frame to frame with the detector's O-Net alone.

O-Net runs on two windows of slightly different size around the last position, and the results are
averaged. Their landmarks are less noisy than those of one window, at a fifth of a detection's cost.
"""

from __future__ import annotations

import numpy as np

from ml.faces.detector import networks
from ml.faces.detector.boxes import regressed
from ml.faces.detector.coarse import Coarse
from ml.faces.detector.detect import SETTINGS
from ml.faces.detector.networks import NEUTRAL, ONET_SIDE
from ml.faces.types import Box, DetectedFace
from ml.faces.warp import warp

# Sides of the windows, in longer sides of the last box.
WINDOWS = (1.0, 1.15)
# Probability above which the face is still there. It is lower than for a new face: a turned face is
# less certain, and the continuity of its frames is checked anyway.
STILL_THERE = 0.5


class FaceTracker:
    """Tracks a face with O-Net; threads share it."""

    def __init__(self) -> None:
        self._onet = networks.onet()

    def follow(self, rgb: np.ndarray, box: Box) -> DetectedFace | None:
        """Return the face that was at `box` in the last frame, or None if it is lost.

        The picture is (height, width, 3) uint8; landmarks and box are in its coordinates.
        """
        coarse = Coarse.of(rgb, SETTINGS.coarse_side_px)
        windows = coarse.from_full(np.stack([_window(box, scale) for scale in WINDOWS]))
        crops = np.stack([_crop(coarse.pixels, window) for window in windows])
        offsets, shares, probabilities = self._onet(crops)
        if probabilities[:, 1].mean() <= STILL_THERE:
            return None
        points = shares.reshape(-1, 2, 5).transpose(0, 2, 1)
        points = windows[:, None, :2] + points * (windows[:, 2:] - windows[:, :2])[:, None]
        corners = coarse.to_full(regressed(windows, offsets).mean(axis=0))
        x1, y1, x2, y2 = (float(value) for value in corners)
        landmarks = coarse.to_full(points.mean(axis=0)).astype(np.float32)
        return DetectedFace(
            (x1, y1, x2 - x1, y2 - y1), landmarks, float(probabilities[:, 1].mean())
        )


def _window(box: Box, scale: float) -> np.ndarray:
    x, y, width, height = box
    reach = scale * max(width, height) / 2
    middle = np.array([x + width / 2, y + height / 2])
    return np.concatenate([middle - reach, middle + reach])


def _crop(rgb: np.ndarray, window: np.ndarray) -> np.ndarray:
    steps = (ONET_SIDE - 1) / (window[2:] - window[:2])
    shift = -steps * window[:2]
    matrix = np.array([[steps[0], 0, shift[0]], [0, steps[1], shift[1]]])
    return warp(rgb, matrix, ONET_SIDE, NEUTRAL)
