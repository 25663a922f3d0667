"""Colour reflection: does the face reflect the colours that the screen shows?

The page shows soft colours around the oval, in an order that the server draws and reveals one by
one. A face in front of the screen reflects a little of each; a video keeps the light in which it
was recorded. Light as a challenge: Tang, Zhou, Zhang and Zhang, "Face Flashing: a secure liveness
detection protocol based on light reflections", NDSS 2018; Liu et al., "Aurora Guard: real-time face
anti-spoofing via light reflection", 2019. Both also reconstruct the shape of the face from its
reflections. Here only colours are compared; the movements test the shape.

Glass mirrors the page, so a video on a screen can seem to follow the colours. But a mirror image
adds equally to bright and dark parts and is strongest, relatively, in the dark ones. Skin, brows
and hair reflect in proportion to their own brightness.

The colours have equal luminance, so that the page never flashes: WCAG 2.2, 2.3.1, defines a flash
as a change of relative luminance by 0.1 or more. Colours change at most three times a second.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ml.arrays import Landmarks, Pixels, Reals
from ml.liveness.observation import BLACK, Colour, Observation

# Rose, mint, sky and sand, in CSS notation; relative luminance 0.55.
COLOURS = ("#ffaeb5", "#90d495", "#90c9ff", "#edbc61")
# Shortest display of a colour: frames, and seconds by the server's clock.
FEWEST_FRAMES = 2
SHORTEST_SECONDS = 0.34
# More colours than a challenge of 30 seconds can show.
DRAWN = 90
# A correlation of fewer changes is noise.
FEWEST_CHANGES = 4
# Rows of the skin, as shares of the way from the upper to the lower landmark: no eyes, no mouth.
CHEEKS = (0.25, 0.8)
# Extent of the face above and below the landmarks, in heights of the landmarks; side of the sampled
# face, in pixels; share of these pixels that counts as dark.
ABOVE, BELOW = 0.6, 0.5
FACE_SIDE = 32
DARKEST = 0.1


@dataclass(frozen=True)
class Reflection:
    """Relation between the colour changes of a face and those of the light.

    Attributes:
        skin: correlation of the skin's changes with the light's, −1 to 1; near 1 for a face in
            front of a bright page.
        strength: slope: log-chroma change of the skin for one unit of the light's change.
        mirrored: correlation of the changes of the darkest parts, minus the skin's, with the
            light's; near 1 where glass mirrors the page.
    """

    skin: float
    strength: float
    mirrored: float


NONE = Reflection(0.0, 0.0, 0.0)


def draw_light(source: random.Random) -> tuple[str, ...]:
    """Draw the colours of one attempt, in order, without immediate repetition."""
    light = [source.choice(COLOURS)]
    while len(light) < DRAWN:
        light.append(source.choice([colour for colour in COLOURS if colour != light[-1]]))
    return tuple(light)


def colour_after(light: Sequence[str], observations: Sequence[Observation]) -> str | None:
    """Return the colour to show after these frames; None without a light check."""
    return light[min(_colour_indices(observations)[-1], len(light) - 1)] if light else None


def face_colours(rgb: Pixels, landmarks: Landmarks) -> tuple[Colour, Colour]:
    """Return the mean colours of nose and cheeks and of the face's darkest part, 0 to 255.

    Args:
        rgb: (height, width, 3) uint8.
        landmarks: float32 (5, 2), in pixels.
    """
    return _skin(rgb, landmarks), _darkest(rgb, landmarks)


def _skin(rgb: Pixels, landmarks: Landmarks) -> Colour:
    (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
    rows = [round(top + share * (bottom - top)) for share in CHEEKS]
    y1, y2 = np.clip(rows, 0, len(rgb) - 1)
    x1, x2 = np.clip([round(left), round(right)], 0, rgb.shape[1] - 1)
    red, green, blue, _ = cv2.mean(rgb[y1 : y2 + 1, x1 : x2 + 1])
    return red, green, blue


def _darkest(rgb: Pixels, landmarks: Landmarks) -> Colour:
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
    """Compare the colour changes of a face with those of the light.

    Changes from one colour to the next are compared, because slow white balance of the camera
    cancels in them. The first frame of each colour is ignored: screen and camera may lag.

    Args:
        light: the colours drawn for the attempt.
        observations: all frames, in order.
        first: number of the first frame that counts.

    Returns:
        `NONE` if there are fewer than FEWEST_CHANGES changes.
    """
    chroma: dict[int, list[Reals]] = {}
    indices = _colour_indices(observations)
    for before, index, frame in zip(indices, indices[1:], observations[1:], strict=False):
        if frame.number >= first and index == before:
            colours = _chroma(frame.skin), _chroma(frame.dark)
            chroma.setdefault(index, []).append(np.stack(colours))
    changes = [
        np.mean(chroma[after], axis=0) - np.mean(chroma[before], axis=0)
        for before, after in itertools.pairwise(chroma)
    ]
    if len(changes) < FEWEST_CHANGES:
        return NONE
    skin, dark = np.stack(changes, axis=1)
    effects = np.stack([_EFFECT[light[index]] for index in chroma])
    screen = np.diff(effects, axis=0)
    strength = float((skin * screen).sum() / (screen * screen).sum())
    return Reflection(_correlation(skin, screen), strength, _correlation(dark - skin, screen))


def _correlation(changes: Reals, others: Reals) -> float:
    length = float(np.linalg.norm(changes) * np.linalg.norm(others))
    return float((changes * others).sum()) / length if length else 0.0


def _colour_indices(observations: Sequence[Observation]) -> list[int]:
    """Return the index of the colour shown in each frame, and of the one shown next."""
    indices, since, frames = [0], 0.0, 0
    for seen in observations:
        frames += 1
        changes = frames >= FEWEST_FRAMES and seen.at - since >= SHORTEST_SECONDS
        indices.append(indices[-1] + changes)
        if changes:
            since, frames = seen.at, 0
    return indices


def _chroma(rgb: Sequence[float]) -> Reals:
    """Return log ratios of red and blue to green, which do not depend on brightness."""
    red, green, blue = (math.log(max(value, 1.0)) for value in rgb)
    return np.array([red - green, blue - green])


def _effect(colour: str) -> Reals:
    """Return the direction in which this light shifts the chroma of what it falls on."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return np.array([red - green, blue - green])


def _linear(value: float) -> float:
    """Return the linear intensity of an sRGB channel, 0 to 1 (IEC 61966-2-1)."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


_EFFECT = {colour: _effect(colour) for colour in COLOURS}
