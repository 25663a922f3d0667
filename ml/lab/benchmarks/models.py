"""Time of one face with each model: `python -m ml bench models open research compact`.

Chips are embedded one at a time, as in serving. The models take turns, so that other load of the
machine affects all of them. The command prints medians and ratios to the first model, and writes
them to `reports/bench_models.json`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from time import perf_counter

import numpy as np
from tqdm import trange

from ml import DEFAULT_MODEL, ArtifactError, load_engine
from ml.engine import Engine
from ml.lab.benchmarks.stages import environment, write_report
from ml.siamese.weights import load_backbone

REPORT = Path("reports") / "bench_models.json"
SEED = 20


def measure(engines: list[Engine], rounds: int) -> dict[str, dict[str, float | None]]:
    """Return median and 95th percentile in ms of embedding one chip, and weights, by model."""
    generator = np.random.default_rng(SEED)
    milliseconds: dict[str, list[float]] = {engine.name: [] for engine in engines}
    for _ in trange(rounds, desc="embedding", unit="round"):
        for engine in engines:
            side, channels = engine.preprocessing.image_size, engine.preprocessing.channels
            chip = generator.integers(0, 256, (1, side, side, channels), dtype=np.uint8)
            started = perf_counter()
            engine.embed(chip)
            milliseconds[engine.name].append(1000 * (perf_counter() - started))
    first = float(np.median(milliseconds[engines[0].name]))
    return {
        engine.name: {
            "median_ms": round(float(np.median(milliseconds[engine.name])), 2),
            "p95_ms": round(float(np.quantile(milliseconds[engine.name], 0.95)), 2),
            "ratio": round(float(np.median(milliseconds[engine.name])) / first, 3),
            "weights": _weights(engine),
        }
        for engine in engines
    }


def _weights(engine: Engine) -> int | None:
    """Count the weights; None for a model imported as ONNX."""
    artifact = engine.artifact
    return None if artifact.is_imported else load_backbone(artifact).count_params()


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml bench models", description="Time one face with each model."
    )
    parser.add_argument("models", nargs="*", default=[DEFAULT_MODEL], help="names of models")
    parser.add_argument("--rounds", type=int, default=100, help="number of faces for each model")
    options = parser.parse_args(arguments)
    try:
        engines = [load_engine(model) for model in options.models]
    except ArtifactError as error:
        print(f"bench models: {error}", file=sys.stderr)
        return 2
    for engine in engines:
        engine.warm_up()
    write_report(REPORT, {"environment": environment(), "models": measure(engines, options.rounds)})
    return 0
