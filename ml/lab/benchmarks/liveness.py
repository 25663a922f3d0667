"""Cost of an attempt relative to a plain verification: `python -m ml bench liveness`.

The cost is the processor time of observing all frames of simulated genuine attempts, including
(de)serialisation. It is divided by the time of analysing one frame, as in an API verification, and
by that of a verification at the camera, whose page first sends frames for guidance. All times come
from one run on the same frames. Web server, database and encryption are not included.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

import ml
from ml.engine import Engine
from ml.lab.evaluation.protocols.photos import SHARED, ProtocolError, photos_in
from ml.lab.liveness.measure import TUNING, run
from ml.lab.liveness.simulation.attacks import GENUINE
from ml.lab.liveness.simulation.photos import portraits
from ml.liveness.challenge import STRENGTHS, Challenge
from ml.liveness.observation import Observation
from ml.liveness.progress import Progress
from ml.liveness.verdict import Verdict

PEOPLE = 20
# The page sends ten frames a second, and a good face has to stay for half a second.
GUIDING_FRAMES = 6
STRAIGHT_FRAMES = 3


@dataclass
class Timed:
    """An engine with its processor time in seconds and its frames.

    As in the app, where any process answers any frame, each frame includes reading all earlier
    observations and writing its own.
    """

    engine: Engine
    seconds: float = 0.0
    frames: list[bytes] = field(default_factory=list)

    def observe(
        self, data: bytes, at: float, challenge: Challenge, before: Sequence[Observation] = ()
    ) -> tuple[Observation, Progress]:
        """Observe a frame and add its time."""
        self.frames.append(data)
        written = [each.to_bytes() for each in before]
        start = time.process_time()
        try:
            read = [Observation.from_bytes(each) for each in written]
            seen, progress = self.engine.observe(data, at, challenge, read)
            seen.to_bytes()
        finally:
            self.seconds += time.process_time() - start
        return seen, progress

    def judge(self, challenge: Challenge, observations: Sequence[Observation]) -> Verdict:
        """Judge an attempt, like the engine."""
        return self.engine.judge(challenge, observations)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml bench liveness", description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="number of attempts")
    parser.add_argument(
        "--strength", choices=sorted(STRENGTHS), default="normal", help="strength of the challenges"
    )
    parser.add_argument("--model", default=ml.DEFAULT_MODEL, help="name of the model")
    options = parser.parse_args(arguments)
    engine = ml.load_engine(options.model)
    engine.warm_up()
    folder = SHARED / "celeba_wild" / "train"
    try:
        shown = portraits(engine, folder, 1, only=photos_in(folder).names[:PEOPLE])
    except ProtocolError as error:
        parser.error(str(error))
    plain, guided, frames = [], [], []
    for number in range(options.count):
        timed = Timed(engine)
        if not run(timed, shown, GENUINE, number, options.strength, TUNING).verdict.passed:
            continue
        analysing = _seconds(partial(engine.analyse, purpose="verify"), timed.frames)
        guiding = _seconds(partial(engine.inspect, live=True), timed.frames)
        plain.append(timed.seconds / analysing)
        guided.append(timed.seconds / (analysing + GUIDING_FRAMES * guiding))
        frames.append(len(timed.frames))
    figures = {
        "attempts": len(plain),
        "frames": np.median(frames),
        "to_one_picture": np.median(plain),
        "to_a_verification_before_the_camera": np.median(guided),
    }
    print(json.dumps({name: round(float(value), 2) for name, value in figures.items()}))
    return 0


def _seconds(work: Callable[[bytes], object], frames: Sequence[bytes]) -> float:
    """Return the mean seconds a frame over the first STRAIGHT_FRAMES frames, in front view."""
    start = time.process_time()
    for frame in frames[:STRAIGHT_FRAMES]:
        work(frame)
    return (time.process_time() - start) / STRAIGHT_FRAMES
