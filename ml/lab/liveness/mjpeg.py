"""Videos of an actor for a browser's fake camera, as Chromium plays them.

The format is raw Motion JPEG: Chromium accepts no container. A video cannot react to prompts, so
the movements follow a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.arrays import Pixels
from ml.lab.liveness.simulation.actors import Actor
from ml.lab.liveness.simulation.rendering import Sensor
from ml.liveness.challenge import Step

# Chromium plays Motion JPEG at this rate, whatever rate was recorded.
PLAYED_A_SECOND = 30
QUALITY = 92


@dataclass(frozen=True)
class Clip:
    """Schedule and size of a video.

    Attributes:
        straight: seconds of looking straight ahead before the first movement.
        step: seconds from one movement to the next.
        rest: seconds of looking straight ahead before the video repeats.
        rate: distinct pictures a second; each is played several times.
        size: width and height, in pixels.
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
    """Write one round of a video: straight ahead, each movement, straight ahead again."""
    with path.open("wb") as film:
        for at in _scheduled(actor, steps, clip):
            picture = sensor.picture(actor.scene(at), random)
            film.write(_encoded(picture, clip.size) * (PLAYED_A_SECOND // clip.rate))
    return path


def _scheduled(actor: Actor, steps: Sequence[Step], clip: Clip) -> Iterator[float]:
    """Prompt the actor on schedule and yield the time of each picture."""
    end = clip.straight + len(steps) * clip.step
    cues: list[tuple[float, Step | None]] = [(0.0, None)]
    cues += [(clip.straight + number * clip.step, step) for number, step in enumerate(steps)]
    cues.append((end, None))
    for number in range(int((end + clip.rest) * clip.rate)):
        at = number / clip.rate
        while cues and cues[0][0] <= at:
            actor.prompt(cues.pop(0)[1], at)
        yield at


def _encoded(rgb: Pixels, size: tuple[int, int]) -> bytes:
    larger = cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)
    bgr = cv2.cvtColor(larger, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
