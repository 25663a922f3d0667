"""Boxes as rows x1, y1, x2, y2, in pixels, float32."""

from __future__ import annotations

from typing import Literal

import numpy as np

Overlap = Literal["union", "min"]


def suppress(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, overlap: Overlap
) -> np.ndarray:
    """Return the indices of boxes that overlap no better one, best first.

    A suppressed box still suppresses others, as in the `mtcnn` package.

    Args:
        boxes: (n, 4).
        scores: (n,).
        threshold: overlap above which the worse box is suppressed, 0 to 1.
        overlap: "union" for intersection over union, "min" for intersection over the smaller box.
    """
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = boxes[order].T
    areas = (x2 - x1) * (y2 - y1)
    width = np.minimum(x2[:, None], x2) - np.maximum(x1[:, None], x1)
    height = np.minimum(y2[:, None], y2) - np.maximum(y1[:, None], y1)
    shared = np.maximum(width, 0) * np.maximum(height, 0)
    if overlap == "min":
        whole = np.minimum(areas[:, None], areas)
    else:
        whole = areas[:, None] + areas - shared
    dropped = np.triu(shared > threshold * whole, k=1).any(axis=0)
    return order[~dropped]


def squared(boxes: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Return squares around the same centres, `scale` times as long as the longer sides."""
    size = boxes[:, 2:] - boxes[:, :2]
    middle = boxes[:, :2] + size / 2
    half = scale * size.max(axis=1, keepdims=True) / 2
    return np.hstack([middle - half, middle + half])


def regressed(boxes: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Move boxes by offsets (n, 4), in shares of their sides; a side counts both end pixels."""
    size = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + offsets * np.hstack([size, size])
