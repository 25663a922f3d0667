"""Detail that repeats itself, as where the grid of a screen meets the one of a camera.

Faces have no period: their spectrum falls off smoothly. Moiré stands out of it as single peaks
(Patel, Han, Jain and Ott, "Live face video vs. spoof face video: Use of moiré patterns to detect
replay video attacks", ICB 2015; Garcia and de Queiroz, "Face-spoofing 2D-detection based on
Moiré-pattern analysis", IEEE TIFS 10(4), 2015). It is looked for in the frame as it came: an
aligned face has been resampled, which moves and weakens peaks.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 96  # of the square that is looked at, in pixels of the frame
# Period from which on a face may repeat itself, in pixels: brows, lips, teeth.
LONGEST_PERIOD = 9.0
# JPEG's blocks repeat themselves, too, along rows and columns.
BLOCK = 8
AROUND = 9  # bins of the spectrum among which a peak stands out
STEPS_A_DECIBEL = 2


def moire(grey: np.ndarray, landmarks: np.ndarray) -> float:
    """How far the highest peak of a face's spectrum stands out of its surroundings.

    Args:
        grey: the frame, uint8 (height, width).
        landmarks: (5, 2), in its pixels.

    Returns:
        Decibels.
    """
    x, y = landmarks.mean(axis=0).tolist()
    patch = cv2.getRectSubPix(grey, (SIDE, SIDE), (x, y)).astype(np.float32)
    waves = np.fft.fftshift(np.fft.fft2((patch - patch.mean()) * _WINDOW))
    level = 10 * np.log10(cv2.blur(np.abs(waves) ** 2, (3, 3)) + 1)
    coarse = np.clip(level * STEPS_A_DECIBEL, 0, 255).astype(np.uint8)
    usual = cv2.medianBlur(coarse, AROUND).astype(np.float32) / STEPS_A_DECIBEL
    return float((level - usual)[_LOOKED_AT].max())


def _looked_at() -> np.ndarray:
    """Bins of the spectrum, bool (side, side), but for slow waves and those of JPEG's blocks."""
    away = np.abs(np.arange(SIDE) - SIDE // 2)
    across, along = np.meshgrid(away, away)
    fast = np.hypot(across, along) >= SIDE / LONGEST_PERIOD
    of_blocks = (across + 1) % (SIDE // BLOCK) <= 2
    blocks = (of_blocks & (along <= 2)) | (of_blocks.T & (across <= 2))
    return fast & ~blocks


_WINDOW = np.outer(np.hanning(SIDE), np.hanning(SIDE)).astype(np.float32)
_LOOKED_AT = _looked_at()
