"""Synthetic faces: any number of people and of views of each, with their landmarks.

For lessons and fast tests, which need no real people. A person is a set of proportions and colours.
A view rotates, lights and moves that face, and changes its expression. The unit of length is half
the head's height; x points to the picture's right, y down, z to the viewer.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ml.faces.preprocess import Preprocessing
from ml.lab.datasets.chips import Chips, wide_chip

CANVAS_PX = 160
# Drawn at this multiple of the size and reduced, for smooth edges.
OVERSAMPLING = 2
# Half the head's height, as a share of the canvas.
HEAD = 0.36

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class SyntheticPerson:
    """Properties of a person in every view; lengths in units of half the head's height."""

    skin: Colour
    hair: Colour
    iris: Colour
    lips: Colour
    head_width: float
    jaw_width: float
    hairline: float
    eye_distance: float
    eye_height: float
    eye_size: float
    brow_height: float
    brow_thickness: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    mouth_height: float
    mouth_width: float
    lip_thickness: float
    mole_x: float
    mole_y: float
    beard: bool


@dataclass(frozen=True)
class SyntheticView:
    """Properties of one view; angles in radians, shifts as shares of the canvas."""

    yaw: float
    roll: float
    scale: float
    shift_x: float
    shift_y: float
    smile: float
    eyes_open: float
    brightness: float
    side_light: float
    background: Colour
    noise: float


def draw_person(generator: np.random.Generator) -> SyntheticPerson:
    """Draw a person at random."""
    uniform = generator.uniform
    tone = uniform(0.4, 1.0)
    skin = (235 * tone, (150 + 45 * uniform()) * tone, (110 + 50 * uniform()) * tone)
    return SyntheticPerson(
        skin=skin,
        hair=_colour(uniform(10, 200), uniform(5, 130), uniform(0, 70)),
        iris=_colour(uniform(20, 120), uniform(40, 150), uniform(20, 200)),
        lips=_colour(skin[0] * 0.85, skin[1] * uniform(0.4, 0.75), skin[2] * uniform(0.5, 0.8)),
        head_width=uniform(0.66, 0.86),
        jaw_width=uniform(0.4, 0.72),
        hairline=uniform(-0.8, -0.4),
        eye_distance=uniform(0.27, 0.38),
        eye_height=uniform(-0.2, -0.06),
        eye_size=uniform(0.08, 0.14),
        brow_height=uniform(0.12, 0.22),
        brow_thickness=uniform(0.02, 0.07),
        brow_tilt=uniform(-0.06, 0.06),
        nose_length=uniform(0.28, 0.46),
        nose_width=uniform(0.07, 0.16),
        mouth_height=uniform(0.42, 0.58),
        mouth_width=uniform(0.18, 0.34),
        lip_thickness=uniform(0.03, 0.08),
        mole_x=uniform(-0.45, 0.45),
        mole_y=uniform(0.05, 0.4),
        beard=bool(uniform() < 0.25),
    )


def draw_view(generator: np.random.Generator) -> SyntheticView:
    """Draw a view at random."""
    uniform = generator.uniform
    return SyntheticView(
        yaw=uniform(-0.35, 0.35),
        roll=uniform(-0.2, 0.2),
        scale=uniform(0.85, 1.1),
        shift_x=uniform(-0.06, 0.06),
        shift_y=uniform(-0.06, 0.06),
        smile=uniform(-0.05, 0.1),
        eyes_open=uniform(0.4, 0.8),
        brightness=uniform(0.7, 1.15),
        side_light=uniform(-0.3, 0.3),
        background=_colour(*generator.uniform(20, 235, 3)),
        noise=uniform(0, 8),
    )


def draw(
    person: SyntheticPerson, view: SyntheticView, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a picture.

    Args:
        person: the person.
        view: the view.
        generator: source of the noise.

    Returns:
        The picture, uint8 (160, 160, 3) RGB, and the landmarks, float32 (5, 2), in its pixels.
    """
    pen = _Pen(view)
    _draw_head(pen, person)
    _draw_eyes(pen, person, view)
    _draw_nose(pen, person)
    _draw_mouth(pen, person, view)
    size = (CANVAS_PX, CANVAS_PX)
    plain = cv2.resize(pen.canvas, size, interpolation=cv2.INTER_AREA)
    slope = 1 + view.side_light * np.linspace(-1, 1, CANVAS_PX)[None, :, None]
    picture = plain * view.brightness * slope + generator.normal(0, view.noise, plain.shape)
    return np.clip(picture, 0, 255).astype(np.uint8), _landmarks(pen, person)


def synthetic_chips(people: int, views: int, preprocessing: Preprocessing, seed: int) -> Chips:
    """Draw `people` × `views` pictures and align them by their landmarks, as served."""
    generator = np.random.default_rng(seed)
    wide = []
    for _ in range(people):
        person = draw_person(generator)
        for _ in range(views):
            picture, landmarks = draw(person, draw_view(generator), generator)
            wide.append(wide_chip(picture, landmarks, preprocessing))
    names = tuple(f"drawn-{number:04d}" for number in range(people))
    return Chips(np.stack(wide), np.repeat(np.arange(people), views), names, preprocessing)


class _Pen:
    """Draws shapes, given in units of the face, on a canvas."""

    def __init__(self, view: SyntheticView) -> None:
        self._view = view
        side = CANVAS_PX * OVERSAMPLING
        self.canvas = np.full((side, side, 3), view.background, np.uint8)

    def place(self, points: np.ndarray) -> np.ndarray:
        """Map points (n, 3) to the canvas, (n, 2) in pixels of the finished picture."""
        view = self._view
        x = points[:, 0] * np.cos(view.yaw) + points[:, 2] * np.sin(view.yaw)
        rotation = np.array(
            [[np.cos(view.roll), -np.sin(view.roll)], [np.sin(view.roll), np.cos(view.roll)]]
        )
        middle = CANVAS_PX * (0.5 + np.array([view.shift_x, view.shift_y]))
        flat = np.stack([x, points[:, 1]], axis=1) * HEAD * CANVAS_PX * view.scale
        projected: np.ndarray = flat @ rotation.T + middle
        return projected

    def fill(self, points: np.ndarray, colour: Colour) -> None:
        """Fill the outline through points (n, 3)."""
        cv2.fillPoly(self.canvas, [self._on_canvas(points)], colour, cv2.LINE_AA)

    def line(self, points: np.ndarray, colour: Colour, thickness: float) -> None:
        """Draw a line through points (n, 3); its thickness is in units of the face."""
        pixels = thickness * HEAD * CANVAS_PX * self._view.scale * OVERSAMPLING
        corners = [self._on_canvas(points)]
        cv2.polylines(self.canvas, corners, False, colour, max(round(pixels), 1), cv2.LINE_AA)

    def oval(self, x: float, y: float, z: float, width: float, height: float, c: Colour) -> None:
        """Fill an ellipse around (x, y, z) with half axes `width` and `height`."""
        self.fill(_oval(x, y, z, width, height), c)

    def _on_canvas(self, points: np.ndarray) -> np.ndarray:
        # Pixel centres of the finished picture lie between those of the larger canvas.
        enlarged = (self.place(points) + 0.5) * OVERSAMPLING - 0.5
        return np.rint(enlarged).astype(np.int32)


def _draw_head(pen: _Pen, person: SyntheticPerson) -> None:
    pen.oval(0, -0.12, -0.15, person.head_width + 0.1, 1.0, person.hair)
    angles = np.linspace(0, 2 * np.pi, 60)
    below = np.maximum(np.sin(angles), 0) ** 2
    width = person.head_width * (1 - below) + person.jaw_width * below
    outline = np.stack([width * np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    outline[:, 1] = np.maximum(outline[:, 1], person.hairline)
    pen.fill(outline, person.skin)
    if person.beard:
        chin = outline[outline[:, 1] > person.mouth_height - 0.1]
        pen.fill(chin, _mixed(person.hair, person.skin, 0.6))


def _draw_eyes(pen: _Pen, person: SyntheticPerson, view: SyntheticView) -> None:
    for side in (-1, 1):
        x, y = side * person.eye_distance, person.eye_height
        size = person.eye_size
        pen.oval(x, y, 0.3, size, size * view.eyes_open, (245, 245, 240))
        radius = size * min(0.55, view.eyes_open)
        pen.oval(x, y, 0.32, radius, radius, person.iris)
        pen.oval(x, y, 0.33, radius * 0.5, radius * 0.5, (10, 10, 10))
        brow = y - person.brow_height
        inner, outer = x - side * size, x + side * size * 1.2
        ends = np.array([[inner, brow + person.brow_tilt, 0.32], [outer, brow, 0.25]])
        pen.line(ends, person.hair, person.brow_thickness)


def _draw_nose(pen: _Pen, person: SyntheticPerson) -> None:
    tip, shade = _nose_tip(person), _mixed(person.skin, (0, 0, 0), 0.72)
    bridge = [0.0, person.eye_height, 0.3]
    pen.line(np.array([bridge, tip]), shade, 0.035)
    wings = np.array([tip, tip, tip]) + np.array(
        [[-person.nose_width, 0, -0.15], [0, 0.05, 0], [person.nose_width, 0, -0.15]]
    )
    pen.line(wings, shade, 0.04)
    pen.oval(person.mole_x, person.mole_y, 0.25, 0.025, 0.025, _mixed(shade, (0, 0, 0), 0.6))


def _draw_mouth(pen: _Pen, person: SyntheticPerson, view: SyntheticView) -> None:
    across = np.linspace(-1, 1, 15)
    middle = person.mouth_height + view.smile * (1 - across**2)
    thick = person.lip_thickness * (1 - across**2)
    x, z = across * person.mouth_width, np.full(15, 0.3)
    upper = np.stack([x, middle - thick, z], axis=1)
    lower = np.stack([x, middle + thick, z], axis=1)
    pen.fill(np.concatenate([upper, lower[::-1]]), person.lips)
    pen.line(np.stack([x, middle, z], axis=1), _mixed(person.lips, (0, 0, 0), 0.5), 0.02)


def _landmarks(pen: _Pen, person: SyntheticPerson) -> np.ndarray:
    points = [
        [-person.eye_distance, person.eye_height, 0.3],
        [person.eye_distance, person.eye_height, 0.3],
        _nose_tip(person),
        [-person.mouth_width, person.mouth_height, 0.3],
        [person.mouth_width, person.mouth_height, 0.3],
    ]
    return pen.place(np.array(points)).astype(np.float32)


def _nose_tip(person: SyntheticPerson) -> list[float]:
    return [0.0, person.eye_height + person.nose_length, 0.55]


def _oval(x: float, y: float, z: float, width: float, height: float) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 40)
    return np.stack(
        [x + width * np.cos(angles), y + height * np.sin(angles), np.full(40, z)], axis=1
    )


def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    """Mix two colours, `share` of `a` with the rest of `b`."""
    red, green, blue = (share * p + (1 - share) * q for p, q in zip(a, b, strict=True))
    return red, green, blue


def _colour(red: float, green: float, blue: float) -> Colour:
    return red, green, blue
