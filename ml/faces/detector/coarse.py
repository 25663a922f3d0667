"""Reduction of a large picture where detection does not need its full size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.arrays import Pixels
from ml.faces.warp import reduced


@dataclass(frozen=True)
class Coarse:
    """A picture averaged over squares of `factor` × `factor` pixels."""

    pixels: Pixels
    factor: int

    @classmethod
    def of(cls, rgb: Pixels, side_px: int) -> Coarse:
        """Reduce a picture, keeping its longest side at `side_px` pixels or more."""
        factor = max(max(rgb.shape[:2]) // side_px, 1)
        return cls(rgb if factor == 1 else reduced(rgb, factor), factor)

    def to_full(self, coordinates: np.ndarray) -> np.ndarray:
        """Map coordinates in the reduced picture to the picture; pixel centres are integers."""
        return coordinates * self.factor + (self.factor - 1) / 2

    def from_full(self, coordinates: np.ndarray) -> np.ndarray:
        """Map coordinates in the picture to the reduced one; inverse of `to_full`."""
        return (coordinates - (self.factor - 1) / 2) / self.factor
