"""A large picture at a fraction of its size, where a search does not need more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.faces.warp import reduced


@dataclass(frozen=True)
class Coarse:
    """A picture averaged over squares of `factor` × `factor` pixels."""

    pixels: np.ndarray
    factor: int

    @classmethod
    def of(cls, rgb: np.ndarray, side_px: int) -> Coarse:
        """Reduce a picture as far as its longest side stays at least `side_px` pixels."""
        factor = max(max(rgb.shape[:2]) // side_px, 1)
        return cls(rgb if factor == 1 else reduced(rgb, factor), factor)

    def to_full(self, coordinates: np.ndarray) -> np.ndarray:
        """Coordinates in the picture, of pixel middles in the coarse one."""
        return coordinates * self.factor + (self.factor - 1) / 2

    def from_full(self, coordinates: np.ndarray) -> np.ndarray:
        """The inverse of `to_full`."""
        return (coordinates - (self.factor - 1) / 2) / self.factor
