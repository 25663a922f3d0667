"""Sample photos: two public-domain portraits in installed packages, in versions."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data
from PIL import Image

GREY = 0.299, 0.587, 0.114


def sample_photos() -> list[list[np.ndarray]]:
    """Return photos (height, width, 3) uint8 of two people, four of each."""
    path = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    hopper = np.asarray(Image.open(path).convert("RGB"))
    return [list(_versions(portrait)) for portrait in (skimage.data.astronaut(), hopper)]


def _versions(portrait: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the portrait, then smaller, darker, and less saturated versions."""
    yield portrait
    yield cv2.resize(portrait, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    yield (portrait * 0.7).astype(np.uint8)
    grey = (portrait @ np.array(GREY))[..., None]
    yield (0.6 * portrait + 0.4 * grey).astype(np.uint8)
