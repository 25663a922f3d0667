"""What a model wants to see: one configuration for training, evaluation and serving."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np

from ml.faces.align import TEMPLATES, align

Equalisation = Literal["none", "global", "clahe"]
Colour = Literal["rgb", "grey"]

CLAHE_CLIP_LIMIT = 2.0
CLAHE_TILES = (8, 8)


@dataclass(frozen=True)
class Preprocessing:
    """How a face becomes a model's input; stored in the model's artifact.

    Attributes:
        image_size: side of the chip, in pixels.
        template: where the landmarks lie in it, a name in `ml.faces.align.TEMPLATES`.
        equalise: histogram equalisation of the luminance: none, over the whole chip, or
            contrast-limited by tiles (CLAHE).
        colour: "rgb" or "grey".
    """

    image_size: int
    template: str = "dlib"
    equalise: Equalisation = "none"
    colour: Colour = "rgb"

    def __post_init__(self) -> None:
        if self.image_size < 1:
            raise ValueError(f"image_size must be positive, not {self.image_size}")
        _require(self.template, tuple(TEMPLATES), "template")
        _require(self.equalise, get_args(Equalisation), "equalise")
        _require(self.colour, get_args(Colour), "colour")

    @property
    def channels(self) -> int:
        """Channels of a chip: 3 or 1."""
        return 3 if self.colour == "rgb" else 1

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """The inverse of `to_dict`.

        Raises:
            TypeError: for unknown or missing keys.
            ValueError: for values out of range.
        """
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for TOML or JSON."""
        return asdict(self)

    def apply(self, rgb: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Cut a face out of a picture as the model wants it.

        Args:
            rgb: (height, width, 3) uint8.
            landmarks: (5, 2) pixels.

        Returns:
            (image_size, image_size, channels) uint8.
        """
        return self.finish(align(rgb, landmarks, self.image_size, self.template))

    def finish(self, chip: np.ndarray) -> np.ndarray:
        """Equalise and recolour an aligned (h, w, 3) uint8 chip; (h, w, channels) uint8."""
        if self.colour == "grey":
            grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
            return self._equalised(grey)[..., np.newaxis]
        if self.equalise == "none":
            return chip
        ycrcb = cv2.cvtColor(chip, cv2.COLOR_RGB2YCrCb)
        ycrcb[..., 0] = self._equalised(ycrcb[..., 0])
        return cv2.cvtColor(ycrcb, cv2.COLOR_YCrCb2RGB)

    def _equalised(self, luminance: np.ndarray) -> np.ndarray:
        if self.equalise == "global":
            return cv2.equalizeHist(luminance)
        if self.equalise == "clahe":
            return cv2.createCLAHE(CLAHE_CLIP_LIMIT, CLAHE_TILES).apply(luminance)
        return luminance


def _require(value: str, allowed: tuple[str, ...], name: str) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
