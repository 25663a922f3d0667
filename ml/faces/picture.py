"""The stored photo: the upright face with its surroundings, without the file's metadata."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from ml.arrays import Pixels
from ml.faces.rotation import upright
from ml.faces.types import DetectedFace


@dataclass(frozen=True)
class PictureSettings:
    """Crop and compression of a stored photo.

    Attributes:
        margin: added on every side of the face's box, as a share of its longer side.
        longest_side_px: larger crops are scaled down to this length.
        jpeg_quality: 1 to 95, without chroma subsampling.
    """

    margin: float = 1.0
    longest_side_px: int = 800
    jpeg_quality: int = 92


PICTURE = PictureSettings()


def crop_picture(rgb: Pixels, face: DetectedFace, settings: PictureSettings = PICTURE) -> bytes:
    """Cut a face out, upright, with a wide margin and return a JPEG without metadata.

    Args:
        rgb: (height, width, 3) uint8, the picture of the face.
        face: the face, in pixels of `rgb`.
        settings: margin, size and quality.
    """
    rgb, face = upright(rgb, face)
    height, width = rgb.shape[:2]
    x, y = face.centre
    reach = max(face.box[2:]) * (0.5 + settings.margin)
    left, right = max(int(x - reach), 0), min(int(x + reach) + 1, width)
    top, bottom = max(int(y - reach), 0), min(int(y + reach) + 1, height)
    crop = rgb[top:bottom, left:right]
    scale = settings.longest_side_px / max(crop.shape[:2])
    if scale < 1:
        small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        crop = np.asarray(small, np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(crop)).save(
        out, "JPEG", quality=settings.jpeg_quality, subsampling=0
    )
    return out.getvalue()
