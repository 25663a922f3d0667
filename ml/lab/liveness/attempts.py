"""One attempt from the first frame to the verdict, through all that judges a real one."""

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
    """What an attempt is judged by: an engine, or one that is watched."""

    def observe(
        self, data: bytes, at: float, challenge: Challenge, before: Sequence[Observation] = ()
    ) -> tuple[Observation, Progress]:
        """As `Engine.observe`."""

    def judge(self, challenge: Challenge, observations: Sequence[Observation]) -> Verdict:
        """As `Engine.judge`."""


@dataclass(frozen=True)
class Line:
    """Between camera and server: frames a second, and seconds each way."""

    rate: float
    delay: float

    @classmethod
    def drawn(cls, random: np.random.Generator) -> Line:
        """One of the connections there are; the page sends four frames a second at most."""
        return cls(rate=random.uniform(3.5, 4.0), delay=random.uniform(0.02, 0.12))


@dataclass(frozen=True)
class Attempt:
    """What came of it; `frames` counts those sent, faces in them or not."""

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
    """Let an actor try a challenge; instructions are seen when the server has answered.

    So are the colours, which the glow shines on whoever is there.
    """
    seen: list[Observation] = []
    at, frames, asked = 0.0, 0, 0
    actor.told(None, 0.0)
    if glow:
        glow.show(colour_after(challenge.light, []), 0.0)
    while at < LONGEST:
        at += max(random.normal(1, 0.15), 0.4) / line.rate
        frames += 1
        try:
            data = sensor.jpeg(actor.scene(at - line.delay), random)
            observation, now = engine.observe(data, at, challenge, seen)
        except FaceError:
            continue
        seen.append(observation)
        if now.done or now.failed:
            break
        if glow:
            glow.show(now.light, at + line.delay)
        actor.shown(now.share, at + line.delay)
        if now.step > asked:
            asked = now.step
            actor.told(challenge.steps[asked - 1], at + line.delay)
    return Attempt(engine.judge(challenge, seen), tuple(seen), frames)
