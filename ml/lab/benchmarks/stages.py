"""Time every stage from a picture's bytes to a score: `python -m ml bench`.

The command prints and writes `reports/bench.json`: medians and 95th percentiles in milliseconds,
for 640×480 webcam frames with one face (at the top), 12-megapixel photos and group photos. Only
ratios within one run are comparable across machines, so the library's driver runs on the same
frames in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

import ml
from ml.faces.decode import decode
from ml.faces.select import main_face
from ml.lab.benchmarks.photos import group_photos, large_photos, webcam_frames

REPORT = Path("reports") / "bench.json"
ANCHORS, ANCHORS_A_PERSON = 1000, 5
SEED = 5
# The library's driver takes seconds for a large photo.
WITH_LIBRARY = ("webcam", "group")
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
)

T = TypeVar("T")
Times = dict[str, list[float]]


class Stopwatch:
    """Collects the milliseconds of named stages."""

    def __init__(self) -> None:
        self.times: Times = defaultdict(list)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Run the work and record its time."""
        start = time.perf_counter()
        result = work()
        self.note({f"{stage}_ms": 1000 * (time.perf_counter() - start)})
        return result

    def note(self, milliseconds: dict[str, float]) -> None:
        """Record times measured elsewhere; keys end in `_ms`."""
        for stage, value in milliseconds.items():
            self.times[stage].append(value)

    def summary(self) -> dict[str, Any]:
        """Return median and 95th percentile of every stage, in milliseconds."""
        return {
            stage: {
                "median": round(float(np.median(times)), 3),
                "p95": round(float(np.quantile(times, 0.95)), 3),
            }
            for stage, times in self.times.items()
        } | {"photos": max((len(times) for times in self.times.values()), default=0)}


class Bench:
    """An engine, a gallery to score against, and the library's driver for comparison."""

    def __init__(self, model: str) -> None:
        from ml.lab.benchmarks.mtcnn_driver import LibraryDetector

        self.engine = ml.load_engine(model)
        self.engine.warm_up()
        self.library = LibraryDetector()
        anchors = np.random.default_rng(SEED).normal(size=(ANCHORS, self.engine.embedding_size))
        anchors /= np.linalg.norm(anchors, axis=1, keepdims=True)
        self.normaliser = self.engine.calibration.normaliser
        self.gallery = self.normaliser(anchors.astype(np.float32))
        self.anchors = ml.Anchors(np.arange(0, ANCHORS, ANCHORS_A_PERSON), ANCHORS)

    def run(self, photos: Mapping[str, Sequence[bytes]], rounds: int) -> dict[str, dict[str, Any]]:
        """Time all stages, and the whole, on one photo of every kind in turn, round by round.

        The kinds take turns, so that other load of the machine affects all. The first round is a
        warm-up.
        """
        watches = {kind: Stopwatch() for kind in photos}
        for kind in photos:
            self._once(photos[kind][0], Stopwatch(), library=kind in WITH_LIBRARY)
        for number in tqdm(range(rounds), unit="round"):
            for kind, watch in watches.items():
                photo = photos[kind][number % len(photos[kind])]
                self._once(photo, watch, library=kind in WITH_LIBRARY)
        return {kind: watch.summary() for kind, watch in watches.items()}

    def _once(self, photo: bytes, watch: Stopwatch, *, library: bool) -> None:
        rgb = watch.time("decode", lambda: decode(photo))
        faces = watch.time("detect", lambda: self.engine.detector.detect(rgb))
        if library:
            watch.time("detect_library", lambda: self.library.detect(rgb))
        main = main_face(faces, rgb.shape[1], rgb.shape[0])
        if main is None:
            return
        chip = watch.time("align", lambda: self.engine.preprocessing.apply(rgb, main.landmarks))
        embedding = watch.time("embed", lambda: self.engine.embed(chip[None])[0])
        watch.time("score", lambda: self._score(embedding))
        watch.time("total", lambda: self._whole(photo))

    def _score(self, embedding: np.ndarray) -> np.ndarray:
        similarities = self.gallery.similarities(self.normaliser(embedding[None]))[:, 0]
        return ml.person_similarities(similarities, self.anchors)

    def _whole(self, photo: bytes) -> None:
        self._score(self.engine.analyse(photo, purpose="verify").embedding)


def environment() -> dict[str, Any]:
    """Return processor, threads, versions and load, on which the figures depend."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "variables": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
        "versions": {
            name: version(name) for name in ("onnxruntime", "numpy", "opencv-python-headless")
        },
        "python": platform.python_version(),
    }


def ratios(report: dict[str, Any]) -> dict[str, float]:
    """Return the ratios for which there are targets."""
    large = report["photo_12mp"]["total_ms"]["median"]
    return {
        "library_over_detect": round(
            report["detect_library_ms"]["median"] / report["detect_ms"]["median"], 2
        ),
        "photo_12mp_over_webcam": round(large / report["total_ms"]["median"], 2),
    }


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write a report as JSON and print it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report, indent=2)
    path.write_text(text + "\n")
    print(text)


def _processor() -> str:
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text().splitlines() if cpu.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m ml bench", description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="open", help="name of the model; default: open")
    parser.add_argument("--rounds", type=int, default=60, help="number of photos of every kind")
    parser.add_argument("--out", type=Path, default=REPORT, help="file of the report")
    options = parser.parse_args(arguments)
    bench = Bench(options.model)
    few = max(options.rounds // 4, 1)
    kinds = {
        "webcam": webcam_frames(options.rounds),
        "photo_12mp": large_photos(few),
        "group": group_photos(few),
    }
    results = bench.run(kinds, options.rounds)
    report = results.pop("webcam") | results
    report["ratios"] = ratios(report)
    report["environment"] = {"model": bench.engine.model_id} | environment()
    write_report(options.out, report)
    return 0
