"""One simulated attempt, from the first frame to the verdict, judged by the real engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ml.errors import FaceError
from ml.lab.liveness.simulation.actors import Actor
from ml.lab.liveness.simulation.light import Glow
from ml.lab.liveness.simulation.rendering import Sensor
from ml.liveness.challenge import Challenge
from ml.liveness.colour_reflection import colour_after
from ml.liveness.observation import Observation
from ml.liveness.progress import Progress
from ml.liveness.verdict import Verdict

LONGEST = 30.0  # seconds until a challenge expires


class Server(Protocol):
    """Judge of an attempt: an engine, or an instrumented one."""

    def observe(
        self, data: bytes, at: float, challenge: Challenge, before: Sequence[Observation] = ()
    ) -> tuple[Observation, Progress]:
        """Observe a frame, like `Engine.observe`."""

    def judge(self, challenge: Challenge, observations: Sequence[Observation]) -> Verdict:
        """Judge an attempt, like `Engine.judge`."""


@dataclass(frozen=True)
class Line:
    """Connection between camera and server: frames a second, and delay each way in seconds."""

    rate: float
    delay: float

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Line:
        """Draw a typical connection; the page sends at most four frames a second."""
        return cls(rate=random.uniform(3.5, 4.0), delay=random.uniform(0.02, 0.12))


@dataclass(frozen=True)
class Attempt:
    """Result of an attempt; `frames` counts all frames sent, with or without a face."""

    verdict: Verdict
    observations: tuple[Observation, ...]
    frames: int


def attempt(
    engine: Server,
    challenge: Challenge,
    actor: Actor,
    random: np.random.Generator,
    line: Line,
    sensor: Sensor,
    glow: Glow | None = None,
) -> Attempt:
    """Let an actor try a challenge; prompts arrive when the server has answered.

    Colours arrive in the same way; the glow shines them on the actor.
    """
    seen: list[Observation] = []
    at, frames, prompted = 0.0, 0, 0
    actor.prompt(None, 0.0)
    if glow:
        glow.show(colour_after(challenge.light, []), 0.0)
    while at < LONGEST:
        at += max(random.normal(1, 0.15), 0.4) / line.rate
        frames += 1
        try:
            data = sensor.jpeg(actor.scene(at - line.delay), random)
            observation, progress = engine.observe(data, at, challenge, seen)
        except FaceError:
            continue
        seen.append(observation)
        if progress.done or progress.failed:
            break
        if glow:
            glow.show(progress.light, at + line.delay)
        actor.show_progress(progress.share, at + line.delay)
        if progress.step > prompted:
            prompted = progress.step
            actor.prompt(challenge.steps[prompted - 1], at + line.delay)
    return Attempt(engine.judge(challenge, seen), tuple(seen), frames)
