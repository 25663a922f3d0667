"""Shapes in millimetres: a generic head, a flat picture, a bent one.

A shape is a height field over the plane of eyes and mouth. Each of its points shows a position in
the photo. The frame is that of the mean head: x to the picture's right, y down, z towards the
camera, origin between the eyes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ml.faces.align import similarity_transform
from ml.faces.pose import MEAN_HEAD_MM

STEP_MM = 2.0
# Half axes and centre of the head's ellipsoid.
HALF_WIDTH_MM, HALF_HEIGHT_MM, HALF_DEPTH_MM = 76.0, 118.0, 90.0
MIDDLE_Y_MM, MIDDLE_Z_MM = 25.0, -85.0
# Hair, neck and ears extend to this distance from the centre, in half axes.
SHELL = 1.4
# Bumps and hollows: x, y, height, and spread across and along, all in mm.
FEATURES_MM = (
    (0.0, 39.0, 17.0, 10.0, 11.0),  # tip of the nose
    (0.0, 20.0, 9.0, 7.0, 14.0),  # its bridge
    (-31.5, 0.0, -4.0, 14.0, 9.0),  # eyes
    (31.5, 0.0, -4.0, 14.0, 9.0),
    (0.0, -16.0, 4.0, 40.0, 9.0),  # brow
    (-36.0, 34.0, 4.0, 16.0, 14.0),  # cheeks
    (36.0, 34.0, 4.0, 16.0, 14.0),
    (0.0, 66.0, 6.0, 20.0, 10.0),  # lips
    (0.0, 98.0, 8.0, 18.0, 12.0),  # chin
)
NOSE_FEATURES = 2


@dataclass(frozen=True)
class Surface:
    """A height field over a grid of `STEP_MM`.

    Attributes:
        left, top: position of the grid's first point, in mm.
        height: float32 (rows, columns), in mm.
        across, along: float32, same shape: position in the flat picture of each point, in mm.
        opacity: float32, same shape, 0 to 1.
        turns_about: centre of rotation, in mm.
    """

    left: float
    top: float
    height: np.ndarray
    across: np.ndarray
    along: np.ndarray
    opacity: np.ndarray
    turns_about: tuple[float, float, float]


@dataclass(frozen=True)
class HeadShape:
    """Differences from the generic head, as factors."""

    nose: float = 1.0
    depth: float = 1.0


def head(shape: HeadShape) -> Surface:
    """Return a head: an ellipsoid with a face; hair and neck are behind it, as in the photo."""
    x, y = _grid(-108, 108, -142, 192)
    inside = 1 - (x / HALF_WIDTH_MM) ** 2 - ((y - MIDDLE_Y_MM) / HALF_HEIGHT_MM) ** 2
    depth = HALF_DEPTH_MM * shape.depth
    front = HALF_DEPTH_MM + MIDDLE_Z_MM
    height = front - depth + depth * np.sqrt(np.maximum(inside, 0))
    for number, (middle, level, out, wide, high) in enumerate(FEATURES_MM):
        factor = shape.nose if number < NOSE_FEATURES else 1.0
        height += factor * out * np.exp(-(((x - middle) / wide) ** 2 + ((y - level) / high) ** 2))
    beyond = np.sqrt(1 - np.minimum(inside, 0))
    height -= 40.0 * (beyond - 1)
    opacity = np.clip((SHELL - beyond) / 0.05, 0, 1)
    return _surface(x, y, height, x, opacity, (0.0, 70.0, -85.0))


def flat(box_mm: tuple[float, float, float, float]) -> Surface:
    """Return a flat sheet; the box is its left, right, top and bottom, in mm."""
    x, y = _grid(*box_mm)
    return _surface(x, y, np.zeros_like(x), x, np.ones_like(x), (0.0, 35.0, 0.0))


def bent(box_mm: tuple[float, float, float, float], radius_mm: float, *, upright: bool) -> Surface:
    """Return a sheet bent around an upright or lying cylinder, its middle towards the camera."""
    x, y = _grid(*box_mm)
    along = x if upright else y - 35.0
    share = np.clip(along / radius_mm, -0.98, 0.98)
    height = radius_mm * (np.sqrt(1 - share**2) - 1)
    rolled = radius_mm * np.arcsin(share)
    opacity = (np.abs(along) < 0.97 * radius_mm).astype(np.float32)
    surface = _surface(x, y, height, rolled if upright else x, opacity, (0.0, 35.0, -radius_mm / 2))
    if not upright:
        return replace(surface, along=(rolled + 35.0).astype(np.float32))
    return surface


def photo_frame(landmarks: np.ndarray) -> np.ndarray:
    """Return the map (2, 3) from mm on the plane to pixels of a photo with these landmarks."""
    return similarity_transform(MEAN_HEAD_MM[:, :2], landmarks)


def _grid(left: float, right: float, top: float, bottom: float) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(left, right + 1, STEP_MM), np.arange(top, bottom + 1, STEP_MM))
    return x, y


def _surface(
    x: np.ndarray,
    y: np.ndarray,
    height: np.ndarray,
    across: np.ndarray,
    opacity: np.ndarray,
    turns_about: tuple[float, float, float],
) -> Surface:
    return Surface(
        left=float(x[0, 0]),
        top=float(y[0, 0]),
        height=height.astype(np.float32),
        across=across.astype(np.float32),
        along=y.astype(np.float32),
        opacity=opacity.astype(np.float32),
        turns_about=turns_about,
    )
