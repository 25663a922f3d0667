"""Light of the screen on a face, and a camera with automatic white balance.

A model. The screen contributes a share of the light on a face. It falls on a head by the cosine of
its slope (Lambert), on paper evenly, and grows with nearness; a screen that is held up only mirrors
a little of it. The camera's white balance slowly cancels the colours. The colour of a face also
changes as it turns between lights of different colours.
"""

from __future__ import annotations

import random as plain_random
from dataclasses import dataclass, field, replace
from typing import Self

import cv2
import numpy as np

from ml.lab.liveness.simulation.actors import Actor
from ml.lab.liveness.simulation.attacks import CASES, Setting
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.pictures import HOLDINGS
from ml.lab.liveness.simulation.recordings import CutReplay, Recording, Replay
from ml.lab.liveness.simulation.rendering import Room
from ml.liveness.challenge import Step
from ml.liveness.colour_reflection import FEWEST_FRAMES, draw_light

GAMMA = 2.2
WAVES = 3
# Attacks that emit light.
SCREENS = ("screen", "replay", "cut_replay")
FRAMES_A_SECOND = 3.75
# Share of the page's light on the face that reaches the wall.
WALL_SHARE = 0.1


@dataclass(frozen=True)
class Lighting:
    """Lighting of one place, and white balance of one camera.

    Attributes:
        share: share of the light on a face at rest that comes from the page, 0 to 1.
        mirrored: page light mirrored by a screen that is held up, relative to its white.
        latency: seconds until a colour is on the screen and in a frame.
        balance: share of a colour that the white balance finally cancels, 0 to 1.
        balance_seconds: time constant of the white balance.
        wander: standard deviation of the logarithms of red and blue of a turning face.
    """

    share: float
    mirrored: float
    latency: float
    balance: float
    balance_seconds: float
    wander: float

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Self:
        """Draw a lighting, from daylight at a window to a lamp in the evening."""
        return cls(
            share=random.uniform(0.03, 0.20),
            mirrored=random.uniform(0.0, 0.03),
            latency=random.uniform(0.06, 0.20),
            balance=random.uniform(0.0, 0.9),
            balance_seconds=random.uniform(1.0, 4.0),
            wander=random.uniform(0.0, 0.03),
        )


class Glow:
    """Light of the page over time."""

    def __init__(self, latency: float = 0.0) -> None:
        self._latency = latency
        self._shown: list[tuple[float, str | None]] = []
        self.now = 0.0

    def show(self, colour: str | None, at: float) -> None:
        """Show a colour from a time on; None for none."""
        self._shown.append((at + self._latency, colour))

    def light(self) -> np.ndarray:
        """Return linear red, green and blue at `now`, relative to white of equal luminance."""
        colours = [colour for start, colour in self._shown if start <= self.now]
        if not colours or colours[-1] is None:
            return np.ones(3)
        red, green, blue = (int(colours[-1][at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = np.array([red, green, blue]) ** GAMMA
        return np.asarray(linear / (linear @ [0.2126, 0.7152, 0.0722]))


@dataclass(frozen=True, eq=False)
class LitRoom(Room):
    """A room in which a page shines on the actor.

    Attributes:
        glow: the page.
        lighting: share and mirroring of the page's light.
        head: whether the actor is a head, not a flat picture.
        wander: rates and phases of the waves in which its colour changes, (2, 2, WAVES).
        widths: widths of the actor so far, in pixels, the first one at rest.
    """

    glow: Glow
    lighting: Lighting
    head: bool
    wander: np.ndarray
    widths: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls, room: Room, glow: Glow, lighting: Lighting, random: np.random.Generator, *, head: bool
    ) -> Self:
        """Add a page to a room."""
        wander = random.uniform(0.1, 0.8, (2, WAVES)), random.uniform(0, 2 * np.pi, (2, WAVES))
        return cls(room.wall, room.light, glow, lighting, head, np.stack(wander))

    def before(self, face: np.ndarray, opacity: np.ndarray) -> np.ndarray:
        """Return a face in front of the wall, both lit by room and page."""
        colour = self.glow.light()
        face = face * self._drift() * self._factor(self._shares(opacity)[..., None], colour)
        wall = self.wall * self._factor(np.float32(WALL_SHARE * self.lighting.share), colour)
        behind = cv2.blendLinear(
            face.astype(np.float32), wall.astype(np.float32), opacity, 1 - opacity
        )
        return cv2.multiply(behind, self.light)

    def behind_a_head(self, camera: Camera, random: np.random.Generator) -> Room:
        """Add shoulders to the room."""
        return replace(self, wall=super().behind_a_head(camera, random).wall)

    def _shares(self, opacity: np.ndarray) -> np.ndarray:
        """Return the page's share of the light at each pixel."""
        solid = opacity > 0.5
        columns, rows = np.flatnonzero(solid.any(axis=0)), np.flatnonzero(solid.any(axis=1))
        if not len(columns):
            return np.zeros_like(opacity)
        self.widths.append(float(np.ptp(columns)) + 1)
        nearer = (self.widths[-1] / self.widths[0]) ** 2
        share = min(self.lighting.share * nearer, 0.6)
        if not self.head:
            return np.full_like(opacity, share)
        y, x = np.mgrid[: opacity.shape[0], : opacity.shape[1]].astype(np.float32)
        across = (x - columns.mean()) / (0.5 * self.widths[-1])
        along = (y - rows.mean()) / (0.5 * (float(np.ptp(rows)) + 1))
        slope = np.sqrt(np.maximum(1 - across**2 - along**2, 0))
        return np.asarray(share * slope, np.float32)

    def _drift(self) -> np.ndarray:
        rate, phase = self.wander
        waves = np.sin(2 * np.pi * rate * self.glow.now + phase).sum(axis=1)
        red, blue = np.exp(self.lighting.wander * np.sqrt(2 / WAVES) * waves)
        return np.array([red, 1.0, blue], np.float32)

    @staticmethod
    def _factor(share: np.ndarray | np.float32, colour: np.ndarray) -> np.ndarray:
        """Return the factor of pixel values for a share of the light in a colour."""
        return np.asarray((1 - share + share * colour) ** (1 / GAMMA), np.float32)


class LitRecording(Recording):
    """A recording of a person in front of a page that showed other colours."""

    def __init__(self, setting: Setting, lighting: Lighting, random: np.random.Generator) -> None:
        self._glow = Glow(lighting.latency)
        room = LitRoom.of(setting.room, self._glow, lighting, random, head=True)
        super().__init__(setting.shown, room, setting.random, setting.camera, setting.strength)
        source = plain_random.Random(int(random.integers(2**31)))  # noqa: S311
        for number, colour in enumerate(draw_light(source)):
            self._glow.show(colour, number * FEWEST_FRAMES / FRAMES_A_SECOND)

    def scene(self, at: float) -> np.ndarray:
        """Return the recorded scene, in the light of its own time."""
        self._glow.now = float(np.clip(at, 0, self.seconds))
        return super().scene(at)


class Lit:
    """An actor in front of a page that shines, seen by a camera with white balance."""

    def __init__(self, actor: Actor, glow: Glow, lighting: Lighting, *, mirrors: bool) -> None:
        self._actor, self._glow, self._lighting = actor, glow, lighting
        self._mirrors = mirrors
        self._first: np.ndarray | None = None
        self._gains, self._at = np.ones(3), 0.0

    def prompt(self, step: Step | None, at: float) -> None:
        """Receive a prompt."""
        self._actor.prompt(step, at)

    def show_progress(self, share: float, at: float) -> None:
        """Receive the completed share of the step."""
        self._actor.show_progress(share, at)

    def scene(self, at: float) -> np.ndarray:
        """Return the scene after mirroring and white balance."""
        self._glow.now = at
        scene = self._actor.scene(at)
        if self._mirrors:
            mirrored = self._lighting.mirrored * self._glow.light()
            linear = (np.maximum(scene, 0) / 255) ** GAMMA + mirrored
            scene = 255 * linear ** (1 / GAMMA)
        return np.asarray(scene * self._balanced(scene, at), np.float32)

    def _balanced(self, scene: np.ndarray, at: float) -> np.ndarray:
        """Return gains that slowly follow the mean colour of the picture."""
        mean = scene.reshape(-1, 3).mean(axis=0)
        mean = mean / mean.mean()
        if self._first is None:
            self._first = mean
        goal = (self._first / mean) ** self._lighting.balance
        share = 1 - np.exp(-max(at - self._at, 0) / self._lighting.balance_seconds)
        self._gains, self._at = self._gains + share * (goal - self._gains), at
        return self._gains.astype(np.float32)


def lit(case: str, setting: Setting, random: np.random.Generator) -> tuple[Actor, Glow]:
    """Create the actor of a case in front of a page that shines, and the page."""
    lighting = Lighting.drawn(random)
    glow = Glow(lighting.latency)
    mirrors = case in SCREENS
    if case in ("replay", "cut_replay"):
        film = LitRecording(setting, Lighting.drawn(random), random)
        played = (Replay if case == "replay" else CutReplay)(film, setting.random)
        return Lit(played, glow, lighting, mirrors=mirrors), glow
    room = LitRoom.of(setting.room, glow, lighting, random, head=case not in HOLDINGS)
    actor = CASES[case](replace(setting, room=room))
    return Lit(actor, glow, lighting, mirrors=mirrors), glow
