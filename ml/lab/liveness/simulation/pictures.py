"""Pictures held in front of the camera: still, moved, tilted, bent, with eye holes, on a screen.

The attacker sees the prompts and answers each with the movement that the attack can do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ml.lab.liveness.simulation.camera import Camera, Place, View, look
from ml.lab.liveness.simulation.movement import Mover, Tremor
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.rendering import Room
from ml.lab.liveness.simulation.surfaces import Surface, bent, flat
from ml.liveness.challenge import COME_CLOSER, Step

SHEET_MM = (-95.0, 95.0, -110.0, 150.0)
HAND = Tremor(yaw=1.5, pitch=1.5, roll=1.0, x=3.0, y=3.0, distance=5.0)
FLAT_STEPS, BENT_STEPS = 2, 8
SIGN = {"turn_left": 1, "turn_right": -1, "turn_up": 1, "turn_down": -1}
EYES_MM = ((-31.5, 0.0), (31.5, 0.0))
HOLE_MM = (15.0, 8.0)


@dataclass(frozen=True)
class Holding:
    """Handling of a picture; angles in degrees, lengths in mm of a face of natural size.

    Attributes:
        tilts: smallest and largest tilt after a prompt.
        shifts: largest shift.
        radii: radii of the cylinder around which it is bent; None for a flat one.
        eye_depth: distance of the attacker's eyes behind the sheet; None without holes.
        screen: whether it is a screen instead of paper.
    """

    tilts: tuple[float, float] = (0.0, 0.0)
    shifts: float = 0.0
    radii: tuple[float, float] | None = None
    eye_depth: float | None = None
    screen: bool = False


HOLDINGS = {
    "still": Holding(),
    "moved": Holding(shifts=90.0),
    "tilted": Holding(tilts=(15.0, 60.0), shifts=30.0),
    "bent": Holding(tilts=(15.0, 60.0), shifts=20.0, radii=(45.0, 110.0)),
    "eye_holes": Holding(tilts=(15.0, 55.0), shifts=20.0, radii=(60.0, 140.0), eye_depth=25.0),
    "screen": Holding(tilts=(10.0, 55.0), shifts=40.0, screen=True),
}


class HeldPicture:
    """A picture and the hand that holds it."""

    def __init__(
        self,
        photo: Portrait,
        holding: Holding,
        room: Room,
        random: np.random.Generator,
        camera: Camera,
        behind: Portrait,
    ) -> None:
        self._photo, self._holding, self._room = photo, holding, room
        self._random, self._camera, self._behind = random, camera, behind
        self._home = Place(
            yaw=random.normal(0, 3),
            pitch=random.normal(0, 3),
            roll=random.normal(0, 3),
            x=random.normal(0, 15),
            y=-35 + random.normal(0, 10),
            distance=random.uniform(360, 520),
        )
        self._mover = Mover(self._home, random, HAND)
        self._upright = True
        self._radius = random.uniform(*holding.radii) if holding.radii else 0.0
        self._surface = self._bend()
        self._screen = Screen.drawn(random) if holding.screen else None
        self._step: Step | None = None

    def prompt(self, step: Step | None, at: float) -> None:
        """Receive a prompt, and answer it as well as a picture can."""
        self._step = step
        if step is None:
            return
        upright = step.kind in ("turn_left", "turn_right")
        if self._holding.radii and step.kind in SIGN and upright != self._upright:
            self._upright = upright
            self._surface = self._bend()
        self._move(at + float(self._random.uniform(0.3, 0.8)))

    def show_progress(self, share: float, at: float) -> None:
        """Stop moving once the step is complete."""
        if share >= 1:
            self._mover.send(at + 0.3, 0.2, self._mover.planned(at + 0.35))

    def scene(self, at: float) -> np.ndarray:
        """Return the picture in front of the room."""
        if self._step and at > self._mover.arrives + 0.6:
            self._move(at)
        place = self._mover.place(at)
        view = look(
            self._camera, place, self._surface, BENT_STEPS if self._holding.radii else FLAT_STEPS
        )
        face = self._photo.at(view.across, view.along)
        if self._holding.eye_depth:
            face = self._with_eyes(face, view, place)
        lit = self._room.before(face, view.opacity)
        return self._screen.shown(lit, face, view) if self._screen else lit

    def _bend(self) -> Surface:
        if self._holding.radii:
            return bent(SHEET_MM, self._radius, upright=self._upright)
        return flat(SHEET_MM)

    def _move(self, at: float) -> None:
        random, holding, step = self._random, self._holding, self._step
        if step is None:
            return
        goal = replace(
            self._home,
            x=self._home.x + random.uniform(-1, 1) * holding.shifts,
            y=self._home.y + random.uniform(-1, 1) * holding.shifts,
        )
        if step.kind == COME_CLOSER and (holding.shifts or holding.tilts[1]):
            growth = step.amount * random.uniform(1.0, 1.15)
            goal = replace(goal, distance=self._home.distance / growth)
        elif step.kind in SIGN and holding.tilts[1]:
            angle = random.uniform(*holding.tilts) * SIGN[step.kind]
            # The attacker does not know the right direction for a flat picture.
            if holding.radii is None:
                angle *= random.choice([-1, 1])
            turned = {"yaw" if step.kind in ("turn_left", "turn_right") else "pitch": angle}
            goal = replace(goal, **turned)
        self._mover.send(at, float(random.uniform(0.6, 1.2)), goal)

    def _with_eyes(self, face: np.ndarray, view: View, place: Place) -> np.ndarray:
        """Add the attacker's eyes, seen through the holes from the side."""
        depth = self._holding.eye_depth or 0.0
        shift = depth * np.tan(np.radians([place.yaw, place.pitch]))
        eyes = self._behind.at(
            view.across + np.float32(shift[0]), view.along - np.float32(shift[1])
        )
        inside = np.zeros(view.across.shape, np.float32)
        for x, y in EYES_MM:
            far = ((view.across - x) / HOLE_MM[0]) ** 2 + ((view.along - y) / HOLE_MM[1]) ** 2
            inside = np.maximum(inside, np.clip((1.2 - far) / 0.2, 0, 1))
        return face * (1 - inside[..., None]) + eyes * inside[..., None]


@dataclass(frozen=True)
class Screen:
    """A screen: pixel pitch in mm of the picture, contrast of its grid, glare, tint."""

    pitch: float
    contrast: float
    glare: tuple[float, float, float, float]
    tint: tuple[float, float, float]

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Screen:
        """Draw a phone, a tablet or a monitor."""
        return cls(
            pitch=random.uniform(0.3, 0.9),
            contrast=random.uniform(0.03, 0.2),
            glare=(
                random.uniform(-90, 90),
                random.uniform(-90, 130),
                random.uniform(20, 60),
                random.uniform(0, 90),
            ),
            tint=(random.uniform(0.9, 1.0), random.uniform(0.95, 1.02), random.uniform(1.0, 1.12)),
        )

    def shown(self, lit: np.ndarray, face: np.ndarray, view: View) -> np.ndarray:
        """Replace lit paper by an emitting screen, whose grid causes moiré in the camera."""
        across, along = 2 * np.pi * view.across / self.pitch, 2 * np.pi * view.along / self.pitch
        grid = 1 + self.contrast * (np.cos(across) + np.cos(along)) / 2
        x, y, reach, strength = self.glare
        far = ((view.across - x) ** 2 + (view.along - y) ** 2) / reach**2
        shining = face * np.asarray(self.tint, np.float32) * grid[..., None]
        shining = shining + strength * np.exp(-far)[..., None]
        edge = (np.abs(view.across) > 88) | (view.along < -103) | (view.along > 143)
        shining = np.where(edge[..., None], 18.0, shining)
        opacity = view.opacity[..., None]
        return np.asarray(shining * opacity + lit * (1 - opacity), np.float32)
