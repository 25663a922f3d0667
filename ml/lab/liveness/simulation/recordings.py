"""Films instead of people: replayed, cut to fit, and heads whose face changes on the way."""

from __future__ import annotations

import random as plain_random
from dataclasses import dataclass

import numpy as np

from ml.lab.liveness.simulation.actors import LiveHead
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.people import Person
from ml.lab.liveness.simulation.photos import Portrait
from ml.lab.liveness.simulation.rendering import Room
from ml.liveness.challenge import Challenge, Step, draw_challenge

FIRST_INSTRUCTION = 1.2  # seconds into a recording


class Recording:
    """A film of a person who answered another challenge, at another time."""

    def __init__(
        self,
        photo: Portrait,
        room: Room,
        random: np.random.Generator,
        camera: Camera,
        strength: str,
    ) -> None:
        draw = plain_random.Random(int(random.integers(2**31)))  # noqa: S311
        self.challenge: Challenge = draw_challenge(draw, strength)
        person = Person(random)
        self._head = LiveHead((photo,), room, random, camera, person)
        self.revealed: dict[str, float] = {}
        at = FIRST_INSTRUCTION
        for step in self.challenge.steps:
            self.revealed[step.kind] = at
            person.told(step, at)
            at += float(random.uniform(1.3, 2.0)) + step.hold
        self.seconds = at

    def scene(self, at: float) -> np.ndarray:
        """What the film shows at a time of its own."""
        return self._head.scene(float(np.clip(at, 0, self.seconds)))


class Replay:
    """A recording played as it is, again and again."""

    def __init__(self, recording: Recording, random: np.random.Generator) -> None:
        self._recording = recording
        self._start = float(random.uniform(0, 0.6))

    def told(self, step: Step | None, at: float) -> None:
        """A film hears nothing."""

    def shown(self, share: float, at: float) -> None:
        """Nor does it see."""

    def scene(self, at: float) -> np.ndarray:
        """The film, from its beginning when it has ended."""
        return self._recording.scene((at + self._start) % self._recording.seconds)


class CutReplay:
    """A recording whose scenes are played, slower or faster, when they are asked for.

    Until the first instruction the quiet beginning is played back and forth. An instruction that
    the film has no scene for is answered with whatever comes next. Each scene is frozen at its end.
    """

    def __init__(self, recording: Recording, random: np.random.Generator) -> None:
        self._recording = recording
        self._random = random
        self._from, self._until, self._since, self._speed = 0.0, 0.0, 0.0, 0.0

    def told(self, step: Step | None, at: float) -> None:
        """Cut to the scene that fits."""
        if step is None:
            return
        here = self._film_time(at)
        self._from = self._recording.revealed.get(step.kind, here)
        later = [start for start in self._recording.revealed.values() if start > self._from]
        self._until = min(later, default=self._recording.seconds)
        self._since = at + float(self._random.uniform(0.25, 0.6))
        self._speed = float(self._random.uniform(0.8, 1.6))

    def shown(self, share: float, at: float) -> None:
        """The film goes on, whatever counts."""

    def scene(self, at: float) -> np.ndarray:
        """The film where it is now."""
        return self._recording.scene(self._film_time(at))

    def _film_time(self, at: float) -> float:
        if self._speed == 0:
            swing = at % 1.6
            return 0.2 + min(swing, 1.6 - swing)
        return min(self._from + max(at - self._since, 0) * self._speed, self._until)


@dataclass(frozen=True)
class Change:
    """When a face becomes another: start and length in seconds, from the first instruction on."""

    after: float
    seconds: float


class ChangingHead(LiveHead):
    """A live head that is shown with another face in the beginning than in the end."""

    def __init__(
        self,
        shown: Portrait,
        attacker: Portrait,
        change: Change,
        room: Room,
        random: np.random.Generator,
        camera: Camera,
    ) -> None:
        super().__init__((shown, attacker), room, random, camera)
        self._change = change
        self._instructed: float | None = None

    def told(self, step: Step | None, at: float) -> None:
        """See an instruction; the first starts the clock of the change."""
        super().told(step, at)
        if step is not None and self._instructed is None:
            self._instructed = at

    def weights(self, at: float) -> tuple[float, ...]:
        """How much of each face is seen."""
        if self._instructed is None:
            return 1.0, 0.0
        since = at - self._instructed - self._change.after
        share = float(np.clip(since / max(self._change.seconds, 1e-6), 0, 1))
        return 1 - share, share
