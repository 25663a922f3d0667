"""Input of a model: one configuration for training, evaluation and serving."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import cv2
import numpy as np

from ml.arrays import Chip, Landmarks, Pixels
from ml.faces.align import TEMPLATES, align

Equalisation = Literal["none", "global", "clahe"]
Colour = Literal["rgb", "grey"]

CLAHE_CLIP_LIMIT = 2.0
CLAHE_TILES = (8, 8)


@dataclass(frozen=True)
class Preprocessing:
    """Steps from a face to a model's input; stored in the model's artifact.

    Attributes:
        image_size: side of the chip, in pixels.
        template: positions of the landmarks in the chip, a name in `ml.faces.align.TEMPLATES`.
        equalise: histogram equalisation of the luminance: "none", "global" over the whole chip, or
            "clahe", contrast-limited by tiles.
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
        """Number of channels of a chip: 3 or 1."""
        return 3 if self.colour == "rgb" else 1

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """Read the values of `to_dict`.

        Raises:
            TypeError: for unknown or missing keys.
            ValueError: for values out of range.
        """
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for TOML or JSON."""
        return asdict(self)

    def apply(self, rgb: Pixels, landmarks: Landmarks) -> Chip:
        """Cut a face out of a picture in the form that the model expects.

        Args:
            rgb: (height, width, 3) uint8.
            landmarks: (5, 2), in pixels.

        Returns:
            (image_size, image_size, channels) uint8.
        """
        return self.finish(align(rgb, landmarks, self.image_size, self.template))

    def finish(self, chip: Pixels) -> Chip:
        """Equalise an aligned (h, w, 3) uint8 chip and convert it to (h, w, channels) uint8."""
        if self.colour == "grey":
            grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
            return self._equalised(grey)[..., np.newaxis]
        if self.equalise == "none":
            return chip
        ycrcb = cv2.cvtColor(chip, cv2.COLOR_RGB2YCrCb)
        ycrcb[..., 0] = self._equalised(ycrcb[..., 0])
        return np.asarray(cv2.cvtColor(ycrcb, cv2.COLOR_YCrCb2RGB), np.uint8)

    def _equalised(self, luminance: cv2.typing.MatLike) -> Chip:
        if self.equalise == "global":
            return np.asarray(cv2.equalizeHist(luminance), np.uint8)
        if self.equalise == "clahe":
            clahe = cv2.createCLAHE(CLAHE_CLIP_LIMIT, CLAHE_TILES)
            return np.asarray(clahe.apply(luminance), np.uint8)
        return np.asarray(luminance, np.uint8)


def _require(value: str, allowed: tuple[str, ...], name: str) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
