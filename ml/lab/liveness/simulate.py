"""Write a video of a simulated head or attack: `python -m ml liveness simulate CASE OUT`.

The actor follows `--steps` in this order on a schedule; it cannot react to the page's prompts.
Chromium plays the video as its camera in a loop with the options
`--use-fake-device-for-media-stream --use-file-for-fake-video-capture=OUT`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import ml
from ml.engine import Engine
from ml.lab.evaluation.protocols.photos import SHARED, photos_in
from ml.lab.liveness.mjpeg import write
from ml.lab.liveness.simulation.actors import Actor
from ml.lab.liveness.simulation.attacks import CASES, Setting
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.photos import Portrait, portrait, portraits
from ml.lab.liveness.simulation.rendering import Room, Sensor
from ml.liveness.challenge import COME_CLOSER, STEPS, STRENGTHS, Step

CAMERA = Camera()
SENSOR = Sensor(blur=0.4, noise=1.5, stream_quality=85, upload_quality=85)
# People shown if no photo is given: the first with a usable photo.
FOLDER = SHARED / "celeba_wild" / "train"
PEOPLE = 8


def steps_named(text: str, strength: str) -> tuple[Step, ...]:
    """Parse names of movements, `turn_left,come_closer`; amounts are the middle of the bounds.

    Raises:
        ValueError: if a name is not one of `STEPS`.
    """
    kinds = [kind.strip() for kind in text.split(",")]
    if unknown := [kind for kind in kinds if kind not in STEPS]:
        raise ValueError(f"unknown step {', '.join(unknown)}; known are {', '.join(STEPS)}")
    bounds = STRENGTHS[strength]
    return tuple(Step(kind, sum(bounds.amounts(kind)) / 2, sum(bounds.hold) / 2) for kind in kinds)


def performer(
    case: str, shown: Portrait, other: Portrait, strength: str, random: np.random.Generator
) -> Actor:
    """Create the actor of a case."""
    room = Room.drawn(CAMERA, random, other)
    return CASES[case](Setting(shown, other, room, strength, CAMERA, random))


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml liveness simulate", description=__doc__)
    parser.add_argument("case", choices=sorted(CASES), help="genuine, or the attack")
    parser.add_argument("out", type=Path, help="video to write, NAME.mjpeg")
    parser.add_argument(
        "--steps", default=f"turn_left,{COME_CLOSER}", help="names of movements, with commas"
    )
    parser.add_argument("--photo", type=Path, help="photo of a face in front view")
    parser.add_argument("--other", type=Path, help="photo of another person, for some attacks")
    parser.add_argument(
        "--strength", choices=sorted(STRENGTHS), default="normal", help="strength of the challenge"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers")
    options = parser.parse_args(arguments)
    if options.out.suffix != ".mjpeg":
        parser.error("the video's name must end in .mjpeg: Chromium decides by the suffix")
    try:
        steps = steps_named(options.steps, options.strength)
        shown, other = _faces(ml.load_engine(), options.photo, options.other)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    random = np.random.default_rng(options.seed)
    actor = performer(options.case, shown, other, options.strength, random)
    write(options.out, actor, steps, SENSOR, random)
    print(f"{options.out}: {options.case}, {', '.join(step.kind for step in steps)}")
    return 0


def _faces(engine: Engine, photo: Path | None, other: Path | None) -> tuple[Portrait, Portrait]:
    if photo and other:
        return _portrait(engine, photo), _portrait(engine, other)
    names = photos_in(FOLDER).names[:PEOPLE]
    first, second = portraits(engine, FOLDER, 1, only=names)[:2]
    return (
        _portrait(engine, photo) if photo else first,
        _portrait(engine, other) if other else second,
    )


def _portrait(engine: Engine, path: Path) -> Portrait:
    found = portrait(engine, path.read_bytes(), str(path))
    if found is None:
        raise ValueError(
            f"{path}: no face in front view that is large and sharp enough. Use another photo"
        )
    return found
