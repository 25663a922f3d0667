"""Whether the light of the screen comes back from the face.

The page shows soft colours around the oval, one after the other, in an order that the server draws
and reveals colour by colour. A face before the screen takes on a little of each; a film goes on in
the light in which it was made. Light as a challenge: Tang, Zhou, Zhang and Zhang, "Face Flashing: a
secure liveness detection protocol based on light reflections", NDSS 2018; Liu et al., "Aurora
Guard: real-time face anti-spoofing via light reflection", 2019. Both also read the shape of a face
from its reflections; here only their colour is compared, and the movements ask for shape.

Glass mirrors the page, so a film on a screen may seem to follow the colours. But what glass mirrors
is added to all that is seen through it and tells most where that is dark, while skin, brows and
hair each send back their share of what falls on them.

The colours are equally bright, so that nothing flashes: in the terms of WCAG 2.2, 2.3.1, a flash is
a change of relative luminance by a tenth and more. They are changed three times a second at most.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ml.liveness.observation import BLACK, Colour, Observation

# Rose, mint, sky and sand, as a style sheet writes them; relative luminance 0.55.
COLOURS = ("#ffaeb5", "#90d495", "#90c9ff", "#edbc61")
# How long a colour stays: frames, and seconds on the server's clock.
FEWEST_FRAMES = 2
SHORTEST_SECONDS = 0.34
# More than can be shown in the half minute that a challenge has.
DRAWN = 90
# A correlation of fewer changes than these says nothing.
FEWEST_CHANGES = 4
# Where the skin is seen, from the upper to the lower landmark: not the eyes, not the mouth.
CHEEKS = (0.25, 0.8)
# How far the face reaches above and below the landmarks, in their extent; how many pixels of it are
# looked at, each way, and which share of them is darkest.
ABOVE, BELOW = 0.6, 0.5
FACE_SIDE = 32
DARKEST = 0.1


@dataclass(frozen=True)
class Reflection:
    """How changes of colour in a face follow those of the light.

    Attributes:
        skin: how well the skin's do, as a correlation, −1 to 1; near 1 before a page that shines.
        strength: how much they do: change of the skin's logarithms for one of the light.
        mirrored: how well those of what is darkest do, against the skin; near 1 where glass mirrors
            the page.
    """

    skin: float
    strength: float
    mirrored: float


NONE = Reflection(0.0, 0.0, 0.0)


def draw_light(source: random.Random) -> tuple[str, ...]:
    """The colours of one attempt in order, none right after itself."""
    light = [source.choice(COLOURS)]
    while len(light) < DRAWN:
        light.append(source.choice([colour for colour in COLOURS if colour != light[-1]]))
    return tuple(light)


def colour_after(light: Sequence[str], observations: Sequence[Observation]) -> str | None:
    """The colour to show after these frames; None where no light is asked for."""
    return light[min(_places(observations)[-1], len(light) - 1)] if light else None


def face_colours(rgb: np.ndarray, landmarks: np.ndarray) -> tuple[Colour, Colour]:
    """Mean red, green and blue, 0 to 255, of nose and cheeks, and of what is darkest in the face.

    Args:
        rgb: (height, width, 3) uint8.
        landmarks: float32 (5, 2), in pixels.
    """
    return _skin(rgb, landmarks), _darkest(rgb, landmarks)


def _skin(rgb: np.ndarray, landmarks: np.ndarray) -> Colour:
    (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
    rows = [round(top + share * (bottom - top)) for share in CHEEKS]
    y1, y2 = np.clip(rows, 0, len(rgb) - 1)
    x1, x2 = np.clip([round(left), round(right)], 0, rgb.shape[1] - 1)
    red, green, blue, _ = cv2.mean(rgb[y1 : y2 + 1, x1 : x2 + 1])
    return red, green, blue


def _darkest(rgb: np.ndarray, landmarks: np.ndarray) -> Colour:
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    x1, y1 = np.maximum(low - ABOVE * (high - low), 0).astype(int)
    x2, y2 = np.maximum(high + BELOW * (high - low), 0).astype(int)
    face = rgb[y1 : y2 + 1, x1 : x2 + 1]
    if not face.size:
        return BLACK
    pixels = cv2.resize(face, (FACE_SIDE, FACE_SIDE)).reshape(-1, 3)
    grey = pixels.sum(axis=1, dtype=np.int32)
    count = int(DARKEST * len(grey))
    red, green, blue = pixels[np.argpartition(grey, count)[:count]].mean(axis=0).tolist()
    return red, green, blue


def reflection(light: Sequence[str], observations: Sequence[Observation], first: int) -> Reflection:
    """Compare the changes of a face's colour with those of the light.

    What is compared is the change from one colour to the next, in which a camera's slow white
    balance cancels. The first frame of each colour is left out: it may have been taken before the
    screen and the camera had it.

    Args:
        light: the colours that were drawn.
        observations: all frames, in order.
        first: number of the first frame that counts.

    Returns:
        `NONE` if too few changes were seen.
    """
    seen: dict[int, list[np.ndarray]] = {}
    places = _places(observations)
    for before, place, frame in zip(places, places[1:], observations[1:], strict=False):
        if frame.number >= first and place == before:
            colours = _chroma(frame.skin), _chroma(frame.dark)
            seen.setdefault(place, []).append(np.stack(colours))
    changes = [
        np.mean(seen[after], axis=0) - np.mean(seen[before], axis=0)
        for before, after in itertools.pairwise(seen)
    ]
    if len(changes) < FEWEST_CHANGES:
        return NONE
    skin, dark = np.stack(changes, axis=1)
    effects = np.stack([_EFFECT[light[place]] for place in seen])
    screen = np.diff(effects, axis=0)
    strength = float((skin * screen).sum() / (screen * screen).sum())
    return Reflection(_correlation(skin, screen), strength, _correlation(dark - skin, screen))


def _correlation(changes: np.ndarray, others: np.ndarray) -> float:
    length = float(np.linalg.norm(changes) * np.linalg.norm(others))
    return float((changes * others).sum()) / length if length else 0.0


def _places(observations: Sequence[Observation]) -> list[int]:
    """Place in the order of the colour in which each frame was taken, and of the one after them."""
    places, since, frames = [0], 0.0, 0
    for seen in observations:
        frames += 1
        changes = frames >= FEWEST_FRAMES and seen.at - since >= SHORTEST_SECONDS
        places.append(places[-1] + changes)
        if changes:
            since, frames = seen.at, 0
    return places


def _chroma(rgb: Sequence[float]) -> np.ndarray:
    """Red and blue against green, as logarithms: what the brightness doesn't change."""
    red, green, blue = (math.log(max(value, 1.0)) for value in rgb)
    return np.array([red - green, blue - green])


def _effect(colour: str) -> np.ndarray:
    """Which way a little of this light moves the chroma of what it falls on."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return np.array([red - green, blue - green])


def _linear(value: float) -> float:
    """Intensity of a channel of sRGB, 0 to 1 (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


_EFFECT = {colour: _effect(colour) for colour in COLOURS}
