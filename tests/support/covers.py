"""Covers of mouth and nose, drawn over the face of a photo."""

from __future__ import annotations

import cv2
import numpy as np

from ml.faces.align import TEMPLATES, similarity_transform
from ml.faces.types import DetectedFace

# Outlines in pixels of the chip in which the quality is measured.
COVERS = {
    "mask": ((22, 74), (50, 70), (74, 62), (98, 70), (126, 74), (120, 118), (74, 146), (28, 118)),
    "scarf": ((4, 64), (74, 58), (144, 64), (150, 160), (-2, 160)),
    "cup": ((34, 100), (50, 76), (74, 68), (98, 76), (114, 100), (98, 132), (74, 142), (50, 132)),
}


def covered(
    portrait: np.ndarray, face: DetectedFace, outline: str, cloth: np.ndarray
) -> np.ndarray:
    """A cloth, (150, 150, 3), warped onto the face within an outline."""
    to_picture = similarity_transform(TEMPLATES["dlib"].scaled(150), face.landmarks)
    shape = np.zeros((150, 150), np.float32)
    cv2.fillPoly(shape, [np.array(COVERS[outline])], 1.0)
    size = portrait.shape[1::-1]
    share = cv2.warpAffine(shape, to_picture, size)[..., None]
    worn = cv2.warpAffine(cloth.astype(np.float32), to_picture, size)
    return (portrait * (1 - share) + worn * share).astype(np.uint8)


def cloth_of(colour: tuple[int, int, int], pattern: str) -> np.ndarray:
    """A cloth with folds down the sides, and a pattern."""
    rows, columns = np.mgrid[:150, :150]
    cloth = np.full((150, 150, 3), colour, np.float32)
    if pattern == "folds":
        cloth *= (1 - 0.3 * ((columns - 75) / 75) ** 2)[..., None]
    if pattern == "stripes":
        cloth[(rows + columns) % 24 < 12] *= 0.5
    return cloth
