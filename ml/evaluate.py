"""Measure a model: `python -m ml.evaluate MODEL... --protocol lfw`.

The whole path is measured, detection included: a photo without a face is a failure to enrol and
counts against the model. Figures go to `reports/` and, for LFW, into the artifact's `metrics.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from ml import DEFAULT_MODEL, ArtifactError, load_engine
from ml.datasets.landmarks import AS_SERVED, LIBRARY
from ml.engine import Engine
from ml.error_rates import error_rates
from ml.evaluation.embed import Embedded, embed_photos
from ml.evaluation.lfw import lfw_view2
from ml.evaluation.pairs import PairScores, score_pairs
from ml.evaluation.photos import Pairs, ProtocolError
from ml.registry import update_metrics, write_atomically

REPORTS = Path("reports")
VIEWS = {"single": False, "mirrored": True}
SERVING = "ours"
SEARCHES = {SERVING: AS_SERVED, "library": LIBRARY}
METRICS_SECTION = "lfw_view2"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    try:
        pairs = lfw_view2()
        for model in options.models or [DEFAULT_MODEL]:
            engine = load_engine(model)
            _evaluate(engine, pairs, options.detector)
    except (ArtifactError, ProtocolError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml.evaluate", description="Measure models on a public protocol."
    )
    parser.add_argument("models", nargs="*", help=f"models, {DEFAULT_MODEL} if none is named")
    parser.add_argument("--protocol", choices=["lfw"], default="lfw", help="LFW View 2")
    parser.add_argument(
        "--detector",
        choices=sorted(SEARCHES),
        default=SERVING,
        help="the serving path's, or the mtcnn package's own driver for comparison",
    )
    return parser


def _evaluate(engine: Engine, pairs: Pairs, detector: str) -> None:
    search = SEARCHES[detector]
    embedded = embed_photos(engine.artifact, pairs.photos, search=search, label="LFW")
    scores = {
        view: score_pairs(pairs, embedded, mirrored=mirrored) for view, mirrored in VIEWS.items()
    }
    figures = _figures(engine, embedded, scores)
    print(json.dumps(figures, indent=2))
    if detector != SERVING:
        return
    REPORTS.mkdir(exist_ok=True)
    write_atomically(REPORTS / "lfw.json", json.dumps({"model_id": engine.model_id} | figures))
    _draw_roc(scores, engine, REPORTS / "lfw_roc.png")
    update_metrics(engine.artifact, **{METRICS_SECTION: figures})


def _figures(engine: Engine, embedded: Embedded, scores: dict[str, PairScores]) -> dict[str, Any]:
    """Figures of both views, and how the served one does at the calibrated threshold."""
    failures = {"failures_to_enrol": len(embedded.failures)}
    served = "mirrored" if engine.artifact.config.mirrored else "single"
    threshold = engine.calibration.default_threshold
    at_threshold = error_rates(
        scores[served].genuine, scores[served].impostor, thresholds=[threshold]
    )
    return {
        **{view: score.figures() | failures for view, score in scores.items()},
        "served": served,
        "at_default_threshold": {
            "threshold": round(threshold, 5),
            "far": round(float(at_threshold.far[0]), 5),
            "frr": round(float(at_threshold.frr[0]), 5),
        },
    }


def _draw_roc(scores: dict[str, PairScores], engine: Engine, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
    for view, score in scores.items():
        rates = error_rates(score.genuine, score.impostor)
        axes.plot(rates.far, 1 - rates.frr, label=f"{engine.name}, {view}", drawstyle="steps-post")
    axes.set(
        xscale="log",
        xlim=(1e-3 / 3, 1),
        ylim=(0.8, 1.002),
        xlabel="FAR: impostor pairs accepted",
        ylabel="TAR: genuine pairs accepted",
        title="LFW View 2, 6,000 pairs",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
