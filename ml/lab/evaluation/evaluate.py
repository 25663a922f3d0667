"""Measure models: `python -m ml evaluate MODEL... --protocol lfw|PAIRS.csv|FOLDER`.

The whole path is measured, including detection. A photo without a face is a failure to enrol and
counts against the model. Report and figures go to `reports/`. Figures of LFW with the serving
path's detector also go into each artifact's `metrics.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ml import DEFAULT_MODEL, Artifact, ArtifactError, load_artifact
from ml.artifacts import update_metrics, write_atomically
from ml.lab.datasets.landmarks import AS_SERVED, LIBRARY
from ml.lab.evaluation.embed import CACHE
from ml.lab.evaluation.measure import Measured, measure_model
from ml.lab.evaluation.measures.figures import model_figures, pair_figures
from ml.lab.evaluation.protocols.distractors import STRANGERS
from ml.lab.evaluation.protocols.photos import Photos, ProtocolError, photos_in
from ml.lab.evaluation.protocols.protocols import LFW, Protocol, find_protocol
from ml.lab.evaluation.protocols.sample import sample_of
from ml.lab.evaluation.reports.report import render
from ml.lab.evaluation.reports.summary import summary

REPORTS = Path("reports")
SERVING = "ours"
SEARCHES = {SERVING: AS_SERVED, "library": LIBRARY}
METRICS_SECTION, SAMPLE_SECTION = "lfw_view2", "lfw_sample"


def main(arguments: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        artifacts = [_artifact(model) for model in options.models or [DEFAULT_MODEL]]
        protocol = find_protocol(options.protocol)
        strangers = _strangers(protocol, options.strangers)
        search = SEARCHES[options.detector]
        models = [
            measure_model(artifact, protocol, strangers, cache=options.cache, search=search)
            for artifact in artifacts
        ]
    except (ArtifactError, ProtocolError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(summary(protocol, models))
    _write(protocol, models, options.reports, options.detector)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ml evaluate", description="Measure and compare models."
    )
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help=f"names of installed models or folders of artifacts; default: {DEFAULT_MODEL}",
    )
    parser.add_argument(
        "--protocol",
        default=LFW,
        metavar="lfw|PAIRS.csv|FOLDER",
        help="LFW View 2, a table of pairs, or a folder with one sub-folder a person; default: lfw",
    )
    parser.add_argument(
        "--detector",
        choices=sorted(SEARCHES),
        default=SERVING,
        help="ours: the serving path's; library: the driver of the mtcnn package",
    )
    parser.add_argument(
        "--strangers",
        type=Path,
        default=STRANGERS,
        metavar="FOLDER",
        help="strangers, one photo a person, as distractors in galleries",
    )
    parser.add_argument("--reports", type=Path, default=REPORTS, help="folder of the report")
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="folder of cached landmarks and embeddings"
    )
    return parser


def _artifact(model: str) -> Artifact:
    """Load an installed model by its name, or an artifact by its folder."""
    folder = Path(model)
    return (
        load_artifact(folder.name, folder.parent) if len(folder.parts) > 1 else load_artifact(model)
    )


def _strangers(protocol: Protocol, folder: Path) -> Photos | None:
    """Return the distractors; only the default set may be missing."""
    if not protocol.whole_people or (folder == STRANGERS and not folder.is_dir()):
        return None
    return photos_in(folder)


def _write(protocol: Protocol, models: Sequence[Measured], reports: Path, detector: str) -> None:
    name = protocol.name if detector == SERVING else f"{protocol.name}-{detector}"
    reports.mkdir(parents=True, exist_ok=True)
    table = {
        "protocol": protocol.title,
        "photos": len(protocol.pairs.photos.paths),
        "people": len(protocol.pairs.photos.names),
        "folds": protocol.folds,
        "detector": detector,
        "models": [model_figures(measured) for measured in models],
    }
    write_atomically(reports / f"{name}.json", json.dumps(table, indent=2) + "\n")
    write_atomically(reports / f"{name}.html", render(protocol, models))
    print(f"{reports / name}.html, {reports / name}.json")
    if protocol.name == LFW and detector == SERVING:
        for measured in models:
            figures = {
                METRICS_SECTION: pair_figures(measured),
                SAMPLE_SECTION: sample_of(measured.served_scores),
            }
            update_metrics(measured.artifact, **figures)
