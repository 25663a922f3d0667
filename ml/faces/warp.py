"""Sampling a picture through an affine map without aliasing."""

from __future__ import annotations

import math

import cv2
import numpy as np

MARGIN_PX = 2


def warp(rgb: np.ndarray, matrix: np.ndarray, size: int, border: int = 0) -> np.ndarray:
    """Sample a square of `size` pixels from a picture, smoothing where it gets smaller.

    Where a source region is at least twice as large as its image, it is first reduced by area
    averaging, so that bilinear sampling does not skip pixels.

    Args:
        rgb: (height, width, 3) uint8.
        matrix: (2, 3), maps source pixels to pixels of the square, pixel middles at integers.
        size: side of the square, in pixels.
        border: the value, 0 to 255, of what lies outside the picture.

    Returns:
        (size, size, 3) uint8.
    """
    (a, b), (c, d) = matrix[:, :2].tolist()
    scale = math.sqrt(abs(a * d - b * c))
    factor = int(1 / scale) if scale > 0 else 1
    if factor >= 2:
        rgb, matrix = _reduce(rgb, matrix, size, factor)
    return sample(rgb, matrix, size, border)


def sample(rgb: np.ndarray, matrix: np.ndarray, size: int, border: int = 0) -> np.ndarray:
    """As `warp`, by bilinear interpolation alone, which skips pixels where it gets smaller."""
    return cv2.warpAffine(
        rgb,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(border, border, border),
    )


def reduced(rgb: np.ndarray, factor: int) -> np.ndarray:
    """A picture averaged over squares of `factor` pixels; what is left over at the end is cut."""
    rows, columns = rgb.shape[0] // factor, rgb.shape[1] // factor
    whole = rgb[: rows * factor, : columns * factor]
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)


def _reduce(
    rgb: np.ndarray, matrix: np.ndarray, size: int, factor: int
) -> tuple[np.ndarray, np.ndarray]:
    left, top, right, bottom = _source_region(rgb, matrix, size, factor)
    middle = (factor - 1) / 2
    to_source = np.array([[factor, 0, left + middle], [0, factor, top + middle], [0, 0, 1]])
    return reduced(rgb[top:bottom, left:right], factor), matrix @ to_source


def _source_region(
    rgb: np.ndarray, matrix: np.ndarray, size: int, factor: int
) -> tuple[int, int, int, int]:
    inverse = cv2.invertAffineTransform(matrix)
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], dtype=np.float64)
    reach = corners @ inverse[:, :2].T + inverse[:, 2]
    margin = MARGIN_PX * factor
    low = np.floor(reach.min(axis=0)).astype(int) - margin
    high = np.ceil(reach.max(axis=0)).astype(int) + margin
    height, width = rgb.shape[:2]
    left, right = _span(low[0], high[0], width, factor)
    top, bottom = _span(low[1], high[1], height, factor)
    return left, top, right, bottom


def _span(low: int, high: int, length: int, factor: int) -> tuple[int, int]:
    """The part of [low, high) inside a side of `length`, at least one factor long."""
    start = min(max(low, 0), max(length - factor, 0))
    return start, max(min(high, length), min(start + factor, length))
