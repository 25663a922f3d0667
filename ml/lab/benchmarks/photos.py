"""Photos for timing: webcam frames, 12-megapixel photos and group photos.

They are made from LFW portraits if `../shared/data` exists, else from the portraits in scikit-image
and matplotlib. They serve for timing only, never for accuracy.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data
from PIL import Image

from ml.lab.evaluation.protocols.photos import SHARED

LFW = SHARED / "lfw"
WEBCAM, MEGAPIXELS_12 = (640, 480), (4000, 3000)
GROUP_COLUMNS, GROUP_ROWS, GROUP_TILE_PX = 4, 2, 400
NOISE = 4.0
SEED = 3


def portraits(count: int) -> list[np.ndarray]:
    """Return `count` photos of different people, (height, width, 3) uint8."""
    if not LFW.is_dir():
        path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
        hopper = np.asarray(Image.open(path).convert("RGB"))
        return [(skimage.data.astronaut()[:300, 60:400], hopper)[n % 2] for n in range(count)]
    people = sorted(LFW.glob("*/*_0001.jpg"))
    chosen = np.random.default_rng(SEED).choice(len(people), count, replace=False)
    return [np.asarray(Image.open(people[index]).convert("RGB")) for index in chosen]


def webcam_frames(count: int) -> list[bytes]:
    """Return 640×480 JPEGs like those of a browser, with one face each."""
    return [_jpeg(_filled(photo, WEBCAM), quality=85) for photo in portraits(count)]


def large_photos(count: int) -> list[bytes]:
    """Return 12-megapixel JPEGs with one face each, and sensor noise for realistic decoding."""
    noise = np.random.default_rng(SEED).normal(0, NOISE, (*MEGAPIXELS_12[::-1], 1))
    return [
        _jpeg(np.clip(_filled(photo, MEGAPIXELS_12) + noise, 0, 255).astype(np.uint8), quality=90)
        for photo in portraits(count)
    ]


def group_photos(count: int) -> list[bytes]:
    """Return 1600×800 JPEGs of eight people each."""
    size = GROUP_COLUMNS * GROUP_ROWS
    everyone = portraits(count * size)
    return [
        _jpeg(_group(everyone[start : start + size]), quality=90)
        for start in range(0, len(everyone), size)
    ]


def _filled(photo: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a photo to a frame's height and replicate its edges to the sides."""
    width, height = size
    scale = height / photo.shape[0]
    scaled = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    missing = max(width - scaled.shape[1], 0)
    left = missing // 2
    wide = cv2.copyMakeBorder(scaled, 0, 0, left, missing - left, cv2.BORDER_REPLICATE)
    start = (wide.shape[1] - width) // 2
    return wide[:height, start : start + width]


def _group(people: Sequence[np.ndarray]) -> np.ndarray:
    tiles = [cv2.resize(_square(photo), (GROUP_TILE_PX, GROUP_TILE_PX)) for photo in people]
    rows = [
        np.hstack(tiles[start : start + GROUP_COLUMNS])
        for start in range(0, len(tiles), GROUP_COLUMNS)
    ]
    return np.vstack(rows)


def _square(photo: np.ndarray) -> np.ndarray:
    side = min(photo.shape[:2])
    left = (photo.shape[1] - side) // 2
    return photo[:side, left : left + side]


def _jpeg(rgb: np.ndarray, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(out, "JPEG", quality=quality)
    return out.getvalue()
