"""Recordings instead of people: replayed, cut to fit, and heads whose face changes."""

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
    """A recording of a person who answered another challenge, at another time."""

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
            person.prompt(step, at)
            at += float(random.uniform(1.3, 2.0)) + step.hold
        self.seconds = at

    def scene(self, at: float) -> np.ndarray:
        """Return the recorded scene at a time of the recording."""
        return self._head.scene(float(np.clip(at, 0, self.seconds)))


class Replay:
    """A recording played unchanged, in a loop."""

    def __init__(self, recording: Recording, random: np.random.Generator) -> None:
        self._recording = recording
        self._start = float(random.uniform(0, 0.6))

    def prompt(self, step: Step | None, at: float) -> None:
        """Ignore the prompt: a recording cannot react."""

    def show_progress(self, share: float, at: float) -> None:
        """Ignore the progress."""

    def scene(self, at: float) -> np.ndarray:
        """Return the scene of the loop."""
        return self._recording.scene((at + self._start) % self._recording.seconds)


class CutReplay:
    """A recording whose scenes are played, slower or faster, when they are prompted.

    Until the first prompt, the quiet beginning is played back and forth. A prompt without a
    matching scene gets the next scene. Each scene freezes at its end.
    """

    def __init__(self, recording: Recording, random: np.random.Generator) -> None:
        self._recording = recording
        self._random = random
        self._from, self._until, self._since, self._speed = 0.0, 0.0, 0.0, 0.0

    def prompt(self, step: Step | None, at: float) -> None:
        """Cut to the matching scene."""
        if step is None:
            return
        here = self._film_time(at)
        self._from = self._recording.revealed.get(step.kind, here)
        later = [start for start in self._recording.revealed.values() if start > self._from]
        self._until = min(later, default=self._recording.seconds)
        self._since = at + float(self._random.uniform(0.25, 0.6))
        self._speed = float(self._random.uniform(0.8, 1.6))

    def show_progress(self, share: float, at: float) -> None:
        """Ignore the progress."""

    def scene(self, at: float) -> np.ndarray:
        """Return the current scene."""
        return self._recording.scene(self._film_time(at))

    def _film_time(self, at: float) -> float:
        if self._speed == 0:
            swing = at % 1.6
            return 0.2 + min(swing, 1.6 - swing)
        return min(self._from + max(at - self._since, 0) * self._speed, self._until)


@dataclass(frozen=True)
class FaceChange:
    """Time at which a face becomes another: start after the first prompt, duration, in seconds."""

    after: float
    seconds: float


class ChangingHead(LiveHead):
    """A live head with one face at the beginning and another at the end."""

    def __init__(
        self,
        shown: Portrait,
        attacker: Portrait,
        change: FaceChange,
        room: Room,
        random: np.random.Generator,
        camera: Camera,
    ) -> None:
        super().__init__((shown, attacker), room, random, camera)
        self._change = change
        self._instructed: float | None = None

    def prompt(self, step: Step | None, at: float) -> None:
        """Receive a prompt; the first one starts the clock of the change."""
        super().prompt(step, at)
        if step is not None and self._instructed is None:
            self._instructed = at

    def weights(self, at: float) -> tuple[float, ...]:
        """Return the blending weight of each face."""
        if self._instructed is None:
            return 1.0, 0.0
        since = at - self._instructed - self._change.after
        share = float(np.clip(since / max(self._change.seconds, 1e-6), 0, 1))
        return 1 - share, share
