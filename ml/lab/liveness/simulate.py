"""A film of a simulated head or attack for a browser: `python -m ml liveness simulate CASE OUT`.

It does the movements named in `--steps`, in this order and by the clock; it cannot hear what a page
asks for. Chromium plays it as its camera, again and again, if it is started with
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
# People who are there if no photo is named: the first whose photos can be turned.
FOLDER = SHARED / "celeba_wild" / "train"
PEOPLE = 8


def steps_named(text: str, strength: str) -> tuple[Step, ...]:
    """Movements by their names, `turn_left,come_closer`, in the middle of what is asked for.

    Raises:
        ValueError: if a name is none of `STEPS`.
    """
    kinds = [kind.strip() for kind in text.split(",")]
    if unknown := [kind for kind in kinds if kind not in STEPS]:
        raise ValueError(f"no step is called {', '.join(unknown)}; there are {', '.join(STEPS)}")
    bounds = STRENGTHS[strength]
    return tuple(Step(kind, sum(bounds.amounts(kind)) / 2, sum(bounds.hold) / 2) for kind in kinds)


def performer(
    case: str, shown: Portrait, other: Portrait, strength: str, random: np.random.Generator
) -> Actor:
    """Who or what stands before the camera."""
    room = Room.drawn(CAMERA, random, other)
    return CASES[case](Setting(shown, other, room, strength, CAMERA, random))


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m ml liveness simulate", description=__doc__)
    parser.add_argument("case", choices=sorted(CASES))
    parser.add_argument("out", type=Path, help="the film to write, NAME.mjpeg")
    parser.add_argument("--steps", default=f"turn_left,{COME_CLOSER}", help="names, with commas")
    parser.add_argument("--photo", type=Path, help="of a face that looks straight ahead")
    parser.add_argument("--other", type=Path, help="somebody else's, for what needs two")
    parser.add_argument("--strength", choices=sorted(STRENGTHS), default="normal")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.out.suffix != ".mjpeg":
        parser.error("the film's name must end in .mjpeg: Chromium goes by it")
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
            f"{path}: shows no face that is large and sharp enough and looks straight ahead"
        )
    return found
