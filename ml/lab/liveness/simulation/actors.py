"""Actors in front of the camera, and the live head.

An actor renders a scene at any time and receives prompts when they are revealed.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ml.lab.liveness.simulation.camera import Camera, look
from ml.lab.liveness.simulation.people import Person
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.rendering import Room
from ml.lab.liveness.simulation.surfaces import HeadShape, Surface, head
from ml.liveness.challenge import Step

HEAD_STEPS = 10


class Actor(Protocol):
    """A person or an attack in front of the camera."""

    def prompt(self, step: Step | None, at: float) -> None:
        """Receive a prompt; None is to look straight ahead."""

    def show_progress(self, share: float, at: float) -> None:
        """Receive the completed share of the step, 0 to 1."""

    def scene(self, at: float) -> np.ndarray:
        """Return the scene in front of the camera, float32 (height, width, 3) RGB, 0 to 255."""


def any_head(random: np.random.Generator) -> Surface:
    """Draw a head: the generic one with random nose and depth."""
    return head(
        HeadShape(
            nose=float(np.clip(random.normal(1, 0.12), 0.7, 1.4)),
            depth=float(np.clip(random.normal(1, 0.06), 0.85, 1.15)),
        )
    )


class LiveHead:
    """A person who follows the prompts; subclasses change the face over time."""

    def __init__(
        self,
        faces: tuple[Portrait, ...],
        room: Room,
        random: np.random.Generator,
        camera: Camera,
        person: Person | None = None,
    ) -> None:
        self._faces = faces
        self._room = room.behind_a_head(camera, random)
        self._camera = camera
        self._surface = any_head(random)
        self._person = person or Person(random)

    def prompt(self, step: Step | None, at: float) -> None:
        """Receive a prompt."""
        self._person.prompt(step, at)

    def show_progress(self, share: float, at: float) -> None:
        """Receive the completed share of the step."""
        self._person.show_progress(share, at)

    def weights(self, at: float) -> tuple[float, ...]:  # noqa: ARG002
        """Return the blending weight of each face at a time; here all of the first."""
        return (1.0,)

    def scene(self, at: float) -> np.ndarray:
        """Return the head in front of the room."""
        view = look(self._camera, self._person.place(at), self._surface, HEAD_STEPS)
        shown = [
            (weight, portrait.at(view.across, view.along))
            for weight, portrait in zip(self.weights(at), self._faces, strict=False)
            if weight > 0
        ]
        face = shown[0][1] if len(shown) == 1 else sum(weight * each for weight, each in shown)
        return self._room.before(np.asarray(face, np.float32), view.opacity)
