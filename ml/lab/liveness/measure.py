"""Simulated error rates of the liveness check: `python -m ml liveness measure`.

Attempts are drawn by number from fixed seeds and logged one a line, so that a stopped run resumes.
The report counts the lines. Terms of ISO/IEC 30107-3: APCER is the share of an attack's attempts
that pass, BPCER the share of genuine attempts that fail.
"""

from __future__ import annotations

import argparse
import json
import random as plain_random
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

import ml
from ml.engine import Engine
from ml.lab.evaluation.protocols.photos import SHARED, ProtocolError, photos_in
from ml.lab.liveness.attempts import Attempt, Line, Server, attempt
from ml.lab.liveness.report import report
from ml.lab.liveness.simulation.attacks import CASES, GENUINE, Case, Setting, other_than
from ml.lab.liveness.simulation.camera import Camera
from ml.lab.liveness.simulation.light import lit
from ml.lab.liveness.simulation.photos import Portrait, portraits
from ml.lab.liveness.simulation.rendering import Room, Sensor
from ml.liveness.challenge import STRENGTHS, draw_challenge

REPORTS = Path("reports")
CAMERA = Camera()
# One set of people to choose bounds, another for the reported figures.
STRANGERS = 150  # people with one photo, in addition to those with several
TUNING, REPORTED = "tuning", "reported"


def people(engine: Engine, use: str) -> list[Portrait]:
    """Return the photos for one use; no person is in both sets."""
    names = photos_in(SHARED / "lfw_strangers").names
    strangers = names[::2] if use == TUNING else names[1::2]
    folders = ("train", "calibration") if use == TUNING else ("test",)
    known = [p for name in folders for p in portraits(engine, SHARED / "celeba_wild" / name)]
    others = portraits(engine, SHARED / "lfw_strangers", 1, only=set(strangers[:STRANGERS]))
    return known + others


def run(
    engine: Server,
    shown: Sequence[Portrait],
    case: str,
    number: int,
    strength: str,
    use: str,
    *,
    light: bool = False,
    cases: Mapping[str, Case] = CASES,
) -> Attempt:
    """Run one attempt; two consecutive genuine attempts are of one person.

    With light, the attempt has the same movements, in front of a page that shows colours.
    """
    seed = zlib.crc32(f"{use} {case} {strength}".encode())
    same = np.random.default_rng([seed, number // 2 if case == GENUINE else number])
    random = np.random.default_rng([seed, number, 1])
    portrait = shown[int(same.integers(len(shown)))]
    other = other_than(shown, portrait, same)
    room = Room.drawn(CAMERA, same, other_than(shown, portrait, same))
    sensor, line = Sensor.drawn(same), Line.drawn(same)
    draw = plain_random.Random(int(random.integers(2**31)))  # noqa: S311
    setting = Setting(portrait, other, room, strength, CAMERA, random)
    challenge = draw_challenge(draw, strength, light=light)
    if light:
        actor, glow = lit(case, setting, np.random.default_rng([seed, number, 2]))
        return attempt(engine, challenge, actor, random, line, sensor, glow)
    return attempt(engine, challenge, cases[case](setting), random, line, sensor)


def lines(path: Path) -> list[dict[str, object]]:
    """Return the logged attempts of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def attempts(
    engine: Engine,
    cases: Sequence[str],
    count: int,
    strength: str,
    use: str,
    done: set[str],
    *,
    light: bool,
) -> Iterator[dict[str, object]]:
    """Run all attempts that are not logged yet, one of every case in turn."""
    shown = people(engine, use)
    for number in range(count):
        for case in cases:
            if f"{case} {number}" in done:
                continue
            start = time.perf_counter()
            result = run(engine, shown, case, number, strength, use, light=light)
            yield {
                "case": case,
                "number": number,
                "passed": result.verdict.passed,
                "reasons": list(result.verdict.reasons),
                "cues": {name: round(value, 4) for name, value in result.verdict.cues.items()},
                "steps_done": len([o for o in result.observations if o.embedding is not None]),
                "frames": result.frames,
                "took": round(time.perf_counter() - start, 2),
            }


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml liveness measure", description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), help="cases to run; default: all")
    parser.add_argument(
        "--count", type=int, default=2000, help="attempts of each case; 0 prints the report only"
    )
    parser.add_argument("--use", choices=(TUNING, REPORTED), default=REPORTED, help="set of people")
    parser.add_argument(
        "--strength", choices=sorted(STRENGTHS), default="normal", help="strength of the challenges"
    )
    parser.add_argument("--model", default=ml.DEFAULT_MODEL, help="name of the model")
    parser.add_argument(
        "--light", action="store_true", help="include the light check, in a log of its own"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - set(CASES):
        parser.error(f"unknown case {', '.join(sorted(unknown))}; known are {', '.join(CASES)}")
    REPORTS.mkdir(exist_ok=True)
    apart = "-light" if options.light else ""
    path = REPORTS / f"liveness-{options.use}-{options.strength}{apart}.jsonl"
    done = {f"{each['case']} {each['number']}" for each in lines(path)}
    if options.count:
        engine = ml.load_engine(options.model)
        engine.warm_up()
        try:
            with path.open("a") as out:
                for each in attempts(
                    engine,
                    options.cases,
                    options.count,
                    options.strength,
                    options.use,
                    done,
                    light=options.light,
                ):
                    out.write(json.dumps(each) + "\n")
                    out.flush()
        except ProtocolError as error:
            parser.error(str(error))
    figures = report(lines(path))
    (REPORTS / f"liveness{apart}.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    return 0
