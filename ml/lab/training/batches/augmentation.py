"""Augmentation: make one chip look like other pictures of the same face.

An augmentation is a small function, registered by name. Geometric ones return an affine map; all
maps of a chip are applied in one resampling of its wide version. Photometric ones change pixels.
`strength` 1 is common for webcams and phones; 0 changes nothing. All randomness comes from the
generator argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ml.faces.align import TEMPLATES, similarity_transform
from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.chips import margin_px


@dataclass(frozen=True)
class Augmentation:
    """One item of the list in a configuration.

    Attributes:
        name: a key of `GEOMETRIC` or `PHOTOMETRIC`.
        probability: probability that a chip is augmented, 0 to 1.
        strength: factor of the effect, about 0 to 2; see the function.
        enabled: false disables the item without deleting its line.
    """

    name: str
    probability: float = 0.5
    strength: float = 1.0
    enabled: bool = True

    def __post_init__(self) -> None:
        if self.name not in GEOMETRIC and self.name not in PHOTOMETRIC:
            known = ", ".join([*GEOMETRIC, *PHOTOMETRIC])
            raise ValueError(f"unknown augmentation {self.name!r}; known are {known}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability of {self.name} must be 0 to 1, not {self.probability}")
        if self.strength < 0:
            raise ValueError(f"strength of {self.name} must not be negative")


class Augmenter:
    """Applies a list of augmentations to wide chips and finishes them as served."""

    def __init__(self, items: Sequence[Augmentation], preprocessing: Preprocessing) -> None:
        """Take the enabled items; geometric ones come first, then the others in order."""
        self._preprocessing = preprocessing
        enabled = [item for item in items if item.enabled]
        self._geometric = [item for item in enabled if item.name in GEOMETRIC]
        self._photometric = [item for item in enabled if item.name in PHOTOMETRIC]

    def __call__(self, wide: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Augment a wide chip, uint8 (side, side, 3), to a chip, uint8 (size, size, channels)."""
        chip = self._cropped(wide, generator)
        for item in self._photometric:
            if generator.random() < item.probability:
                chip = PHOTOMETRIC[item.name](chip, generator, item.strength)
        return self._preprocessing.finish(chip)

    def _cropped(self, wide: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        size, margin = self._preprocessing.image_size, margin_px(self._preprocessing)
        crop = np.array([[1.0, 0, -margin], [0, 1, -margin], [0, 0, 1]])
        matrix = crop
        for item in self._geometric:
            if generator.random() < item.probability:
                change = GEOMETRIC[item.name](self._preprocessing, generator, item.strength)
                matrix = change @ matrix
        if matrix is crop:
            inner = wide[margin : margin + size, margin : margin + size]
            return np.ascontiguousarray(inner)
        warped = cv2.warpAffine(
            wide, matrix[:2], (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(warped)


Geometric = Callable[[Preprocessing, np.random.Generator, float], np.ndarray]
Photometric = Callable[[np.ndarray, np.random.Generator, float], np.ndarray]


def mirror(
    preprocessing: Preprocessing, _generator: np.random.Generator, _strength: float
) -> np.ndarray:
    """Flip horizontally."""
    return np.array([[-1.0, 0, preprocessing.image_size - 1], [0, 1, 0], [0, 0, 1]])


def crop_and_shift(
    preprocessing: Preprocessing, generator: np.random.Generator, strength: float
) -> np.ndarray:
    """Scale by up to 8 %, shift by up to 4 % of the side in each direction."""
    size = preprocessing.image_size
    scale = 1 + generator.uniform(-0.08, 0.08) * strength
    shift = generator.uniform(-0.04, 0.04, 2) * strength * size
    middle = (size - 1) / 2
    offset = middle * (1 - scale) + shift
    return np.array([[scale, 0, offset[0]], [0, scale, offset[1]], [0, 0, 1]])


def misalignment(
    preprocessing: Preprocessing, generator: np.random.Generator, strength: float
) -> np.ndarray:
    """Misplace landmarks by 1.5 % of the side (standard deviation), as detectors do."""
    points = TEMPLATES[preprocessing.template].scaled(preprocessing.image_size)
    found = points + generator.normal(0, 0.015 * strength * preprocessing.image_size, points.shape)
    return np.vstack([similarity_transform(found, points), [0, 0, 1]])


def colour(chip: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Change the white balance by up to 15 % a channel, the saturation by up to 40 %."""
    gains = 1 + generator.uniform(-0.15, 0.15, 3) * strength
    saturation = 1 + generator.uniform(-0.4, 0.4) * strength
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)[..., np.newaxis].astype(np.float32)
    return _clipped((grey + (chip - grey) * saturation) * gains)


def light(chip: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Change the brightness by a gamma of up to 1.6, and add light from one side."""
    gamma = np.exp(generator.uniform(-0.47, 0.47) * strength)
    angle = generator.uniform(0, 2 * np.pi)
    slope = generator.uniform(0, 0.35) * strength
    axis = np.linspace(-1, 1, chip.shape[0])
    lamp = 1 + slope * (np.cos(angle) * axis[None, :] + np.sin(angle) * axis[:, None])
    levels = (255 * (np.arange(256) / 255) ** gamma).astype(np.float32)
    return _clipped(levels[chip] * lamp[..., np.newaxis])


def blur(chip: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Defocus by up to 1.5 % of the side, or blur by motion of up to 6 % in any direction."""
    side = chip.shape[0]
    if generator.random() < 0.5:
        sigma = generator.uniform(0.003, 0.015) * strength * side
        return cv2.GaussianBlur(chip, (0, 0), max(sigma, 1e-3))
    length = max(generator.uniform(0.01, 0.06) * strength * side, 1)
    return cv2.filter2D(chip, -1, motion_kernel(length, generator.uniform(0, np.pi)))


def jpeg(chip: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Compress as JPEG of quality 90 down to 20 at strength 1, lower beyond."""
    quality = int(np.clip(90 - generator.uniform(0, 70) * strength, 5, 95))
    bgr = cv2.cvtColor(chip, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


def low_resolution(chip: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Reduce the resolution to as little as a third of the width."""
    factor = 1 + generator.uniform(0, 2) * strength
    small = max(round(chip.shape[0] / factor), 8)
    shrunk = cv2.resize(chip, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, chip.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def occlusion(chip: np.ndarray, generator: np.random.Generator, strength: float) -> np.ndarray:
    """Cover one rectangle of up to 45 % by 45 % of the side, like a hand, a mask or glasses."""
    side = chip.shape[0]
    width, height = (generator.uniform(0.1, 0.45, 2) * min(strength, 2.0) * side).astype(int)
    x, y = generator.integers(0, side - width // 2), generator.integers(0, side - height // 2)
    covered = chip.copy()
    covered[y : y + height, x : x + width] = generator.integers(0, 256, 3)
    return covered


def motion_kernel(length: float, angle: float) -> np.ndarray:
    """Return the kernel of a line of `length` pixels at `angle` radians; float32, sum 1."""
    reach = int(np.ceil(length / 2))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    along = np.linspace(-length / 2, length / 2, 4 * reach + 1)
    columns = np.rint(reach + along * np.cos(angle)).astype(int)
    rows = np.rint(reach + along * np.sin(angle)).astype(int)
    np.add.at(kernel, (rows, columns), 1)
    normalised: np.ndarray = kernel / kernel.sum()
    return normalised


def _clipped(values: np.ndarray) -> np.ndarray:
    pixels: np.ndarray = np.clip(values, 0, 255).astype(np.uint8)
    return pixels


GEOMETRIC: dict[str, Geometric] = {
    "mirror": mirror,
    "crop_and_shift": crop_and_shift,
    "misalignment": misalignment,
}
PHOTOMETRIC: dict[str, Photometric] = {
    "colour": colour,
    "light": light,
    "blur": blur,
    "jpeg": jpeg,
    "low_resolution": low_resolution,
    "occlusion": occlusion,
}
