"""An image pyramid laid out in one picture, so that a network sees all scales at once.

The layout of a canvas is fixed; pictures smaller than the canvas leave parts of their slots empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

# what the networks see as zero, as the padding that they were trained with
NEUTRAL = 127


@dataclass(frozen=True)
class Slot:
    """Where one level of the pyramid lies, in pixels; all even."""

    x: int
    y: int
    width: int
    height: int

    def meets(self, other: Slot) -> bool:
        """Whether two slots share pixels."""
        return (
            self.x < other.x + other.width
            and other.x < self.x + self.width
            and self.y < other.y + other.height
            and other.y < self.y + self.height
        )


@dataclass(frozen=True)
class Level:
    """One scale of a picture: its pixels, and the factor from the picture to them."""

    pixels: np.ndarray
    scale: float


@dataclass(frozen=True)
class Mosaic:
    """Slots for the levels of pictures of at most `width` × `height` pixels."""

    width: int
    height: int
    scales: tuple[float, ...]
    slots: tuple[Slot, ...]

    @classmethod
    def of(cls, width: int, height: int, scales: tuple[float, ...]) -> Mosaic:
        """Lay out the levels: each in the topmost, then leftmost free place."""
        slots: list[Slot] = []
        for scale in scales:
            size = _even(width * scale), _even(height * scale)
            slots.append(_free_place(slots, *size))
        return cls(width, height, scales, tuple(slots))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the canvas, in pixels."""
        return (
            max(slot.y + slot.height for slot in self.slots),
            max(slot.x + slot.width for slot in self.slots),
        )

    def levels(self, picture: np.ndarray, shortest_px: int) -> list[Level]:
        """Scale a picture to every level that keeps at least `shortest_px` on its shorter side."""
        height, width = picture.shape[:2]
        return [
            Level(_resized(picture, int(width * scale), int(height * scale)), scale)
            for scale in self.scales
            if int(min(width, height) * scale) >= shortest_px
        ]

    def paint(self, levels: list[Level]) -> np.ndarray:
        """Put levels into their slots; (height, width, 3) uint8."""
        canvas = np.full((*self.shape, 3), NEUTRAL, np.uint8)
        for level, slot in zip(levels, self.slots, strict=False):
            height, width = level.pixels.shape[:2]
            canvas[slot.y : slot.y + height, slot.x : slot.x + width] = level.pixels
        return canvas


def _resized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)


def _even(length: float) -> int:
    return 2 * int(np.ceil(length / 2))


def _free_place(taken: list[Slot], width: int, height: int) -> Slot:
    """The first place, row by row, inside the width of the largest slot."""
    limit = max([width, *(slot.x + slot.width for slot in taken)])
    xs = sorted({0, *(slot.x + slot.width for slot in taken)})
    ys = sorted({0, *(slot.y + slot.height for slot in taken)})
    for y, x in product(ys, xs):
        place = Slot(x, y, width, height)
        if x + width <= limit and not any(place.meets(slot) for slot in taken):
            return place
    raise AssertionError("the place below all others is always free")
