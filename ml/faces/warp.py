"""Resampling of a picture through an affine map without aliasing."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ml.arrays import Pixels, Reals

MARGIN_PX = 2


def warp(rgb: Pixels, matrix: Reals, size: int, border: int = 0) -> Pixels:
    """Resample a square of `size` pixels from a picture, with area averaging where it shrinks.

    A source region at least twice as large as its image is first reduced by area averaging, so that
    bilinear interpolation does not skip pixels.

    Args:
        rgb: (height, width, 3) uint8.
        matrix: (2, 3), maps source pixels to pixels of the square; pixel centres are integers.
        size: side of the square, in pixels.
        border: value, 0 to 255, of pixels outside the picture.

    Returns:
        (size, size, 3) uint8.
    """
    (a, b), (c, d) = matrix[:, :2].tolist()
    scale = math.sqrt(abs(a * d - b * c))
    factor = int(1 / scale) if scale > 0 else 1
    if factor >= 2:
        rgb, matrix = _reduce(rgb, matrix, size, factor)
    return sample(rgb, matrix, size, border)


def sample(rgb: Pixels, matrix: Reals, size: int, border: int = 0) -> Pixels:
    """Resample as `warp`, by bilinear interpolation alone, which aliases where it shrinks."""
    square = cv2.warpAffine(
        rgb,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(border, border, border),
    )
    return np.asarray(square, np.uint8)


def reduced(rgb: Pixels, factor: int) -> Pixels:
    """Average a picture over squares of `factor` pixels; incomplete squares are cut off."""
    rows, columns = rgb.shape[0] // factor, rgb.shape[1] // factor
    whole = rgb[: rows * factor, : columns * factor]
    average = cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(average, np.uint8)


def _reduce(rgb: Pixels, matrix: Reals, size: int, factor: int) -> tuple[Pixels, Reals]:
    left, top, right, bottom = _source_region(rgb, matrix, size, factor)
    middle = (factor - 1) / 2
    to_source = np.array([[factor, 0, left + middle], [0, factor, top + middle], [0, 0, 1]])
    return reduced(rgb[top:bottom, left:right], factor), matrix @ to_source


def _source_region(rgb: Pixels, matrix: Reals, size: int, factor: int) -> tuple[int, int, int, int]:
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
    """Return the part of [low, high) inside a side of `length`, at least one factor long."""
    start = min(max(low, 0), max(length - factor, 0))
    return start, max(min(high, length), min(start + factor, length))
