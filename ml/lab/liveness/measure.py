"""How often attacks pass and people fail, simulated: `python -m ml liveness measure`.

Attempts are drawn by number from fixed seeds and written one a line, so that a run that was stopped
goes on where it was; the report counts the lines. The terms are those of ISO/IEC 30107-3: APCER,
the share of an attack's attempts that pass, and BPCER, the share of genuine ones that fail.
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
# People for choosing bounds, and others for the figures that are reported.
STRANGERS = 150  # people with one photo each, beside those with several
TUNING, REPORTED = "tuning", "reported"


def people(engine: Engine, use: str) -> list[Portrait]:
    """Photos for one use; the people of the two are not the same."""
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
    """One attempt. Two genuine attempts after each other are those of one person.

    With light it is the same attempt, with the same movements, before a page that shines.
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
    """The attempts that a file holds."""
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
    """All attempts that are not done yet, a few of every case in turn."""
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
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m ml liveness measure", description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), help="which to run: all")
    parser.add_argument("--count", type=int, default=2000, help="attempts of each; 0: only report")
    parser.add_argument("--use", choices=(TUNING, REPORTED), default=REPORTED)
    parser.add_argument("--strength", choices=sorted(STRENGTHS), default="normal")
    parser.add_argument("--model", default=ml.DEFAULT_MODEL)
    parser.add_argument("--light", action="store_true", help="ask for light, too; counted apart")
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - set(CASES):
        parser.error(
            f"no case is called {', '.join(sorted(unknown))}; there are {', '.join(CASES)}"
        )
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
