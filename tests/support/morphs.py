"""Synthetic people for tests: morphs of two public-domain portraits.

A person is a seed. It selects a portrait, a share of the other one's face, the positions and sizes
of eyes, nose, mouth and jaw, and a complexion. A photo of that person varies expression, turn,
position and light. `tests/integration/ml/test_morphs.py` verifies that the default model
distinguishes these people and matches the photos of each.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

# Eight of about 270 seeds: the default model distinguishes them, and their own photos reach scores
# of 70 to 95. The first has every fault of light that the guidance knows.
SEEDS = (203, 168, 29, 59, 72, 184, 188, 254)

SIDE_PX = 400
EYE_DISTANCE_PX = 72.0
BETWEEN_EYES_PX = (200.0, 185.0)


class Source(NamedTuple):
    """A portrait in an installed package, and the positions of its eyes, in pixels."""

    package: str
    path: str
    eyes: tuple[tuple[float, float], tuple[float, float]]


# Both by NASA and the US Navy, in the public domain.
COLLINS = Source("skimage", "data/astronaut.png", ((203.9, 101.0), (246.1, 103.4)))
HOPPER = Source(
    "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", ((221.9, 193.8), (307.8, 188.6))
)
SOURCES = (COLLINS, HOPPER)


class Feature(NamedTuple):
    """A part of the face that is moved or scaled.

    Lengths are in eye distances from the point between the eyes, x to the picture's right, y down.

    Attributes:
        middles: its centre, or one centre for each side.
        reach: standard deviations across and along of its weight.
        move: displacement for an amount of 1; outwards on both sides.
        scale: growth across and along for an amount of 1.
        person: largest amount by which people differ.
        photo: largest amount by which the photos of one person differ.
    """

    middles: tuple[tuple[float, float], ...]
    reach: tuple[float, float]
    move: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (0.0, 0.0)
    person: float = 0.0
    photo: float = 0.0


EYES = ((-0.5, 0.0), (0.5, 0.0))
FEATURES = (
    Feature(EYES, (0.33, 0.33), move=(1, 0), person=0.115),
    Feature(EYES, (0.33, 0.33), move=(0, 1), person=0.115),
    Feature(EYES, (0.22, 0.22), scale=(1, 1), person=0.4),
    Feature(EYES, (0.22, 0.22), scale=(0, 1), person=0.46, photo=0.4),
    Feature(((-0.75, 0), (0.75, 0)), (0.2, 0.2), move=(0, 1), person=0.09),
    Feature(((-0.5, -0.33), (0.5, -0.33)), (0.35, 0.15), move=(0, 1), person=0.14, photo=0.12),
    Feature(((0, 0.55),), (0.3, 0.25), move=(0, 1), person=0.15),
    Feature(((0, 0.55),), (0.25, 0.3), scale=(1, 0), person=0.5),
    Feature(((0, 0.95),), (0.5, 0.22), move=(0, 1), person=0.15),
    Feature(((0, 0.92),), (0.5, 0.25), scale=(1, 0), person=0.4, photo=0.3),
    Feature(((0, 0.92),), (0.5, 0.2), scale=(0, 1), person=0.5, photo=0.4),
    Feature(((0, 1.2),), (0.9, 0.5), scale=(1, 0), person=0.35),
    Feature(((0, 0.4),), (1.0, 0.6), scale=(1, 0), person=0.25),
    Feature(((0, 0.4),), (1.4, 1.2), scale=(0, 1), person=0.23),
    Feature(((0, 1.5),), (0.5, 0.3), move=(0, 1), person=0.23, photo=0.12),
    Feature(((0, -0.7),), (1.0, 0.5), scale=(1, 1), person=0.35),
    # A turning head: protruding parts move more.
    Feature(((0, 0.5),), (0.6, 0.8), move=(1, 0), photo=0.14),
    Feature(((0, 0.5),), (0.6, 0.8), move=(0, 1), photo=0.08),
)


class Morph(NamedTuple):
    """A synthetic person.

    Attributes:
        base: number of the portrait that gives hair, clothes and background.
        share: share of the other portrait's face, 0 to 1.
        amounts: float (features,), difference of each feature from the portrait's.
        gain: factors of red, green and blue.
        gamma: exponent of the brightness.
    """

    base: int
    share: float
    amounts: np.ndarray
    gain: np.ndarray
    gamma: float


def portrait(source: Source) -> np.ndarray:
    """Read a portrait, RGB uint8 (height, width, 3), without importing its package."""
    spec = find_spec(source.package)
    assert spec is not None
    assert spec.origin is not None
    return np.asarray(Image.open(Path(spec.origin).parent / source.path).convert("RGB"))


def photos(seed: int, count: int) -> list[np.ndarray]:
    """Draw photos of the person of a seed, RGB uint8 (400, 400, 3)."""
    person = _person(np.random.default_rng(seed))
    moments = [np.random.default_rng((seed, number)) for number in range(1, count)]
    varied = [_photo(person, moment, mirrored=n % 2 == 0) for n, moment in enumerate(moments)]
    return [_drawn(person), *varied]


def _person(random: np.random.Generator) -> Morph:
    base, share = int(random.integers(2)), float(random.choice([0, 0.4, 0.6, 0.85]))
    amounts = random.uniform(-1, 1, len(FEATURES)) * [feature.person for feature in FEATURES]
    tone = random.uniform(0.8, 1.05)
    gain = tone * np.array([1, random.uniform(0.82, 1.02), random.uniform(0.7, 1.05)])
    return Morph(base, share, amounts, gain, float(random.uniform(0.85, 1.15)))


def _photo(person: Morph, random: np.random.Generator, *, mirrored: bool) -> np.ndarray:
    """Draw a photo: expression, turn, light and position of the camera."""
    varied = random.uniform(-1, 1, len(FEATURES)) * [feature.photo for feature in FEATURES]
    light = random.uniform(0.85, 1.1) + random.uniform(-0.3, 0.3) * _units()[0] / 2
    seen = person._replace(amounts=person.amounts + varied)
    lit = np.clip(_drawn(seen) * light[..., None], 0, 255).astype(np.uint8)
    middle, size = (SIDE_PX / 2, SIDE_PX / 2), (SIDE_PX, SIDE_PX)
    held = cv2.getRotationMatrix2D(middle, random.uniform(-8, 8), random.uniform(0.8, 1.1))
    photo = cv2.warpAffine(lit, held, size, borderMode=cv2.BORDER_REPLICATE)
    return np.ascontiguousarray(photo[:, ::-1]) if mirrored else photo


def _drawn(person: Morph) -> np.ndarray:
    face = _blended(person.base, person.share)
    across, along = _moved(person.amounts)
    warped = cv2.remap(face, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shades = (np.arange(256)[:, None] / 255) ** person.gamma * 255 * person.gain
    return cv2.LUT(warped, np.clip(shades, 0, 255).astype(np.uint8)[None])


def _moved(amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the position in the portrait of each pixel of the morph, two arrays in pixels."""
    x, y = _units()
    across, along = np.zeros((2, SIDE_PX, SIDE_PX), np.float32)
    for feature, amount in zip(FEATURES, amounts, strict=True):
        for middle in feature.middles:
            dx, dy = x - middle[0], y - middle[1]
            weight = np.float32(amount) * _bell(dx, feature.reach[0]) * _bell(dy, feature.reach[1])
            outwards = np.sign(middle[0]) or 1.0
            across += weight * (outwards * feature.move[0] + dx * feature.scale[0])
            along += weight * (feature.move[1] + dy * feature.scale[1])
    left, top = BETWEEN_EYES_PX
    return left + EYE_DISTANCE_PX * (x - across), top + EYE_DISTANCE_PX * (y - along)


def _bell(distance: np.ndarray, reach: float) -> np.ndarray:
    return np.exp(-((distance / np.float32(reach)) ** 2) / 2)


@cache
def _units() -> tuple[np.ndarray, np.ndarray]:
    """Return the positions of a photo's pixels in eye distances: across (1, n), along (n, 1)."""
    pixels = np.arange(SIDE_PX, dtype=np.float32)
    across = (pixels - BETWEEN_EYES_PX[0]) / EYE_DISTANCE_PX
    along = (pixels - BETWEEN_EYES_PX[1]) / EYE_DISTANCE_PX
    return across[None], along[:, None]


@cache
def _blended(base: int, share: float) -> np.ndarray:
    """Return a portrait with a share of the other one's face, in its own colours."""
    own, other = (_aligned(SOURCES[number]).astype(np.float32) for number in (base, 1 - base))
    x, y = _units()
    face = (x / 0.7) ** 2 + ((y - 0.5) / 0.9) ** 2 < 1
    spread = own[face].std(axis=0) / other[face].std(axis=0)
    toned = (other - other[face].mean(axis=0)) * spread + own[face].mean(axis=0)
    oval = np.clip(1.9 - 1.6 * ((x / 0.95) ** 2 + ((y - 0.5) / 1.15) ** 2), 0, 1)
    weight = share * cv2.GaussianBlur(oval, None, 5)[..., None]
    return np.clip(own * (1 - weight) + toned * weight, 0, 255).astype(np.uint8)


@cache
def _aligned(source: Source) -> np.ndarray:
    """Return a portrait, rotated and scaled to the common positions of the eyes."""
    (left, top), (right, bottom) = source.eyes
    angle = np.degrees(np.arctan2(bottom - top, right - left))
    scale = EYE_DISTANCE_PX / np.hypot(right - left, bottom - top)
    between = ((left + right) / 2, (top + bottom) / 2)
    placed = cv2.getRotationMatrix2D(between, angle, scale)
    placed[:, 2] += np.subtract(BETWEEN_EYES_PX, between)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (SIDE_PX, SIDE_PX)
    return cv2.warpAffine(
        portrait(source), placed, size, flags=method, borderMode=cv2.BORDER_REPLICATE
    )
