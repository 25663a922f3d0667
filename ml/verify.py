"""Compare pictures on the command line: `python -m ml verify A.jpg B.jpg`.

Exit status: 0 for a match or no match, 2 for a picture or a model that cannot be used.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ml import DEFAULT_MODEL, ArtifactError, FaceError, load_engine
from ml.engine import Engine
from ml.results import Face

UNUSABLE = 2


class UnusablePicture(Exception):
    """A file cannot be compared; the text names the file and the reason."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        engine = load_engine(options.model)
        engine.warm_up()
        if options.pairs:
            return _verify_many(engine, options.pairs)
        return _verify_one(engine, options)
    except (ArtifactError, UnusablePicture) as error:
        print(f"verify: {error}", file=sys.stderr)
        return UNUSABLE


def compare_files(engine: Engine, a: Path, b: Path) -> tuple[dict[str, Any], Face, Face]:
    """Compare the main faces of two files.

    Returns:
        The answer in the form of `--json`, and both faces.

    Raises:
        UnusablePicture: if either file cannot be used.
    """
    start = time.perf_counter()
    faces = [_face_in(engine, path) for path in (a, b)]
    comparison = engine.compare(*faces)
    answer = {
        "similarity": round(comparison.similarity, 5),
        "score": round(comparison.score, 1),
        "threshold": round(comparison.threshold, 5),
        "match": comparison.match,
        "model_id": engine.model_id,
        "reasons": [list(face.quality.reasons) for face in faces],
        "ms": round((time.perf_counter() - start) * 1000, 1),
    }
    return answer, faces[0], faces[1]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml verify", description="Do two pictures show the same person?"
    )
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE", help="two pictures")
    parser.add_argument(
        "--model", default=DEFAULT_MODEL, help=f"name of the model; default: {DEFAULT_MODEL}"
    )
    parser.add_argument("--json", action="store_true", help="print the result as one JSON object")
    parser.add_argument(
        "--pairs", type=Path, metavar="FILE.csv", help="compare each row; columns: a,b"
    )
    parser.add_argument("--chips", type=Path, metavar="OUT.png", help="write both aligned faces")
    return parser


def _verify_one(engine: Engine, options: argparse.Namespace) -> int:
    if len(options.pictures) != 2:
        raise UnusablePicture("give two pictures, or --pairs FILE.csv")
    answer, a, b = compare_files(engine, *options.pictures)
    if options.chips:
        Image.fromarray(np.hstack([a.chip, b.chip]).squeeze()).save(options.chips)
    print(json.dumps(answer) if options.json else _summary(answer, engine))
    for path, reasons in zip(options.pictures, answer["reasons"], strict=True):
        if reasons:
            print(f"{path}: {', '.join(reasons)}", file=sys.stderr)
    return 0


def _verify_many(engine: Engine, table: Path) -> int:
    """Compare every row of a table and print one JSON object a line, also for unusable pairs."""
    for row in _rows(table):
        pair = {"a": row["a"], "b": row["b"]}
        try:
            answer, _, _ = compare_files(engine, Path(row["a"]), Path(row["b"]))
        except UnusablePicture as error:
            answer = {"match": None, "error": str(error), "model_id": engine.model_id}
        print(json.dumps(pair | answer), flush=True)
    return 0


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError) as error:
        raise UnusablePicture(f"{table}: cannot be read as a table ({error})") from error
    if any(row.get("a") is None or row.get("b") is None for row in rows):
        raise UnusablePicture(f"{table}: needs a header line `a,b` and two values a row")
    return rows


def _face_in(engine: Engine, path: Path) -> Face:
    try:
        return engine.analyse(path.read_bytes(), purpose="verify")
    except OSError as error:
        raise UnusablePicture(f"{path}: {error.strerror}") from error
    except FaceError as error:
        raise UnusablePicture(f"{path}: {error}") from error


def _summary(answer: dict[str, Any], engine: Engine) -> str:
    calibration = engine.calibration
    verdict = "match" if answer["match"] else "no match"
    return (
        f"{verdict}: score {answer['score']:.0f} of 100, threshold "
        f"{calibration.score(answer['threshold']):.0f} "
        f"(similarity {answer['similarity']:.3f}, threshold {answer['threshold']:.3f})\n"
        f"{engine.model_id}, {answer['ms']:.0f} ms. The score is not a probability."
    )
