"""Films of an actor for a browser's fake camera, as Chromium plays them.

Motion JPEG as a plain row of pictures: Chromium takes no file with a container around them. A film
hears nothing, so the movements come by the clock, in an order chosen beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.lab.liveness.simulation.actors import Actor
from ml.lab.liveness.simulation.rendering import Sensor
from ml.liveness.challenge import Step

# Chromium plays Motion JPEG at this rate, whatever was filmed.
PLAYED_A_SECOND = 30
QUALITY = 92


@dataclass(frozen=True)
class Clip:
    """How a film runs: seconds and pixels.

    Attributes:
        straight: looking straight ahead, before the first movement.
        step: from one movement to the next.
        rest: looking straight ahead again, before the film begins anew.
        rate: pictures filmed a second; each is played several times.
        size: width and height.
    """

    straight: float = 4.5
    step: float = 2.2
    rest: float = 1.5
    rate: int = 10
    size: tuple[int, int] = (640, 480)


CLIP = Clip()


def write(
    path: Path,
    actor: Actor,
    steps: Sequence[Step],
    sensor: Sensor,
    random: np.random.Generator,
    clip: Clip = CLIP,
) -> Path:
    """Film one round: straight ahead, then each movement, then straight ahead again."""
    with path.open("wb") as film:
        for at in _told(actor, steps, clip):
            picture = sensor.picture(actor.scene(at), random)
            film.write(_encoded(picture, clip.size) * (PLAYED_A_SECOND // clip.rate))
    return path


def _told(actor: Actor, steps: Sequence[Step], clip: Clip) -> Iterator[float]:
    """The moments that are filmed, each after the actor was told what is due by then."""
    end = clip.straight + len(steps) * clip.step
    cues: list[tuple[float, Step | None]] = [(0.0, None)]
    cues += [(clip.straight + number * clip.step, step) for number, step in enumerate(steps)]
    cues.append((end, None))
    for number in range(int((end + clip.rest) * clip.rate)):
        at = number / clip.rate
        while cues and cues[0][0] <= at:
            actor.told(cues.pop(0)[1], at)
        yield at


def _encoded(rgb: np.ndarray, size: tuple[int, int]) -> bytes:
    larger = cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)
    bgr = cv2.cvtColor(larger, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
