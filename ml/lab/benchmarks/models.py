"""What a face costs with each model: `python -m ml bench models open research compact`.

Chips are embedded one at a time, as serving does, by the models in turn, so that whatever else the
machine does hits all alike. Prints medians and ratios to the first model, and writes them to
`reports/bench_models.json`.
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
    """Median and 95th percentile of embedding one chip, in milliseconds, and weights, by model."""
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
    """Count the weights, None of a model that came as an ONNX file."""
    artifact = engine.artifact
    return None if artifact.is_imported else load_backbone(artifact).count_params()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ml bench models", description="What a face costs with each model."
    )
    parser.add_argument("models", nargs="*", default=[DEFAULT_MODEL], help="installed models")
    parser.add_argument("--rounds", type=int, default=100)
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
