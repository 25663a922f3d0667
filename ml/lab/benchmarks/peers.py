"""Time this project against PyPI's face_recognition on the same frames: `python -m ml bench peers`.

The peer (HOG detector, small landmark model) has a virtual environment of its own, `.venv-peers`,
because its packages conflict with ours. Both process every frame in turn, in one run. The result is
printed and written to `reports/bench_peers.json`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from tqdm import tqdm

from ml.faces.decode import decode
from ml.faces.select import main_face
from ml.lab.benchmarks.photos import webcam_frames
from ml.lab.benchmarks.stages import Bench, Stopwatch, environment, write_report

REPORT = Path("reports") / "bench_peers.json"
HOME = Path(".venv-peers")
WORKER = Path(__file__).with_name("peers_worker.py")
# face_recognition depends on dlib, which has no wheels; dlib-bin is the same package with wheels.
WITHOUT_DEPENDENCIES = ("face_recognition==1.3.0",)
REQUIREMENTS = (
    "dlib-bin==20.0.1.post1",
    "face_recognition_models==0.3.0",
    "numpy==2.4.6",
    "pillow==13.0.0",
    "click==8.5.1",
    "setuptools<81",  # the models' package imports pkg_resources
)


def install_peers() -> Path:
    """Create the virtual environment, once, and return its Python."""
    python = HOME / "bin" / "python"
    done = HOME / ".installed"
    if done.exists():
        return python
    venv.create(HOME, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for wanted in (REQUIREMENTS, ("--no-deps", *WITHOUT_DEPENDENCIES)):
        subprocess.run([*pip, *wanted], check=True)  # noqa: S603, a fixed command
    done.touch()
    return python


class Peer:
    """A running worker that times face_recognition, one picture file a line."""

    def __init__(self, questions: IO[str], answers: IO[str]) -> None:
        self._questions, self._answers = questions, answers

    def analyse(self, path: Path) -> dict[str, Any]:
        """Return the milliseconds of each stage, and the number of faces found."""
        print(path, file=self._questions, flush=True)
        times: dict[str, Any] = json.loads(self._answers.readline())
        return times


@contextmanager
def peer(python: Path) -> Iterator[Peer]:
    """Run a worker for the duration of a block."""
    with subprocess.Popen(  # noqa: S603, a fixed command
        [python, WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Peer(cast(IO[str], process.stdin), cast(IO[str], process.stdout))
        process.communicate()


def compare(bench: Bench, other: Peer, photos: Sequence[bytes]) -> dict[str, Any]:
    """Time every photo with both in turn; return medians, 95th percentiles and ratios."""
    ours, theirs, found = Stopwatch(), Stopwatch(), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.jpg"
        for number, photo in enumerate(tqdm(photos, unit="photo")):
            path.write_bytes(photo)
            rgb = decode(photo)
            watch = ours if number else Stopwatch()  # the first photo is a warm-up
            watch.time("detect_align_embed", partial(_embed, bench, rgb))
            answer = other.analyse(path)
            if number:
                found += answer.pop("faces") > 0
                theirs.note(answer)
    return {
        "ours": ours.summary(),
        "face_recognition": theirs.summary() | {"faces_found": found},
        "ratios": {"face_recognition_over_ours": _ratio(theirs, ours)},
    }


def _embed(bench: Bench, rgb: np.ndarray) -> None:
    main = main_face(bench.engine.detector.detect(rgb), rgb.shape[1], rgb.shape[0])
    if main is not None:
        bench.engine.embed(bench.engine.preprocessing.apply(rgb, main.landmarks)[None])


def _ratio(theirs: Stopwatch, ours: Stopwatch) -> float:
    stage = "detect_align_embed_ms"
    return round(float(np.median(theirs.times[stage]) / np.median(ours.times[stage])), 2)


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml bench peers", description=__doc__.splitlines()[0]
    )
    parser.add_argument("model", nargs="?", default="open", help="name of the model; default: open")
    parser.add_argument("--photos", type=int, default=60, help="number of frames")
    parser.add_argument("--out", type=Path, default=REPORT, help="file of the report")
    options = parser.parse_args(arguments)
    with peer(install_peers()) as other:
        report = compare(Bench(options.model), other, webcam_frames(options.photos + 1))
    report["environment"] = environment()
    write_report(options.out, report)
    return 0
