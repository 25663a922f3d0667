"""Face alignment: a similarity transform from five landmarks to a template.

The least-squares solution is Umeyama's (IEEE PAMI 13(4), 1991), without reflection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Landmarks, Pixels, Reals
from ml.faces.warp import warp


@dataclass(frozen=True)
class Template:
    """Positions of the five landmarks in a square chip of `side` pixels."""

    side: int
    points: tuple[tuple[float, float], ...]

    def scaled(self, size: int) -> Reals:
        """Return the points in a chip of `size` pixels, (5, 2) float64."""
        return np.asarray(self.points) * (size / self.side)


TEMPLATES = {
    # mean face with 25 % padding, on which dlib's face network was trained
    "dlib": Template(
        150, ((47.5, 46.6), (100.5, 46.6), (74.0, 76.6), (50.4, 103.0), (97.6, 103.0))
    ),
    # standard chip of ArcFace and related networks
    "arcface": Template(
        112,
        (
            (38.2946, 51.6963),
            (73.5318, 51.5014),
            (56.0252, 71.7366),
            (41.5493, 92.3655),
            (70.7299, 92.2041),
        ),
    ),
    # contains both other chips: ArcFace's, enlarged by what dlib's shows below the chin
    "wide": Template(
        180, ((64.3, 75.87), (115.38, 75.59), (90.0, 104.92), (69.01, 134.83), (111.31, 134.59))
    ),
}


def similarity_transform(source: Reals | Landmarks, target: Reals) -> Reals:
    """Return the rotation, uniform scale and shift that map `source` closest to `target`.

    Args:
        source, target: (n, 2) points.

    Returns:
        (2, 3) float64, by least squares. Coinciding points give scale 0.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    middle, goal = source.mean(axis=0), target.mean(axis=0)
    a, b = source - middle, target - goal
    spread = (a**2).sum()
    if spread == 0:
        return np.array([[0, 0, goal[0]], [0, 0, goal[1]]])
    along = (a * b).sum() / spread
    across = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / spread
    rotation = np.array([[along, -across], [across, along]])
    return np.column_stack([rotation, goal - rotation @ middle])


def align(rgb: Pixels, landmarks: Landmarks, size: int, template: str) -> Pixels:
    """Cut an upright face out of a picture.

    Args:
        rgb: (height, width, 3) uint8.
        landmarks: (5, 2), in pixels.
        size: side of the chip, in pixels.
        template: a name in `TEMPLATES`.

    Returns:
        (size, size, 3) uint8; black where the chip extends beyond the picture's edge.
    """
    return warp(rgb, similarity_transform(landmarks, TEMPLATES[template].scaled(size)), size)
