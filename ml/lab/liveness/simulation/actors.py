"""Who is in front of the camera: live heads first.

An actor shows a scene at any time, and sees instructions when they are revealed.
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
    """Somebody or something in front of the camera."""

    def told(self, step: Step | None, at: float) -> None:
        """See an instruction; None is to look straight ahead."""

    def shown(self, share: float, at: float) -> None:
        """See how much of it counts already, 0 to 1."""

    def scene(self, at: float) -> np.ndarray:
        """What the camera looks at, float32 (height, width, 3) RGB, 0 to 255."""


def any_head(random: np.random.Generator) -> Surface:
    """The generic head, with a nose and a depth of its own."""
    return head(
        HeadShape(
            nose=float(np.clip(random.normal(1, 0.12), 0.7, 1.4)),
            depth=float(np.clip(random.normal(1, 0.06), 0.85, 1.15)),
        )
    )


class LiveHead:
    """A person who does what they are asked; whose face it is may change with time."""

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

    def told(self, step: Step | None, at: float) -> None:
        """See an instruction."""
        self._person.told(step, at)

    def shown(self, share: float, at: float) -> None:
        """See how much of it counts."""
        self._person.shown(share, at)

    def weights(self, at: float) -> tuple[float, ...]:  # noqa: ARG002
        """How much of each face is seen at a time; all of the first."""
        return (1.0,)

    def scene(self, at: float) -> np.ndarray:
        """The head, in front of the room."""
        view = look(self._camera, self._person.place(at), self._surface, HEAD_STEPS)
        shown = [
            (weight, portrait.at(view.across, view.along))
            for weight, portrait in zip(self.weights(at), self._faces, strict=False)
            if weight > 0
        ]
        face = shown[0][1] if len(shown) == 1 else sum(weight * each for weight, each in shown)
        return self._room.before(np.asarray(face, np.float32), view.opacity)
