"""From the best weights of a run to an artifact: weights, figures, and what similarities mean."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from ml.artifacts import (
    TRAINING,
    Artifact,
    ArtifactConfig,
    load_artifact,
    update_metrics,
    write_atomically,
)
from ml.calibration.file import FILE
from ml.embedder import Embedder
from ml.lab.calibration.measure import measure
from ml.lab.convert.onnx import install
from ml.lab.datasets.chips import Chips
from ml.lab.evaluation.measures.anchors import LEAST_PHOTOS
from ml.lab.training.config import ExperimentConfig
from ml.lab.training.prepare import Prepared
from ml.lab.training.validation import pair_eer

# Fewer people with enough pictures for several anchors give no curve worth keeping.
FEWEST_CALIBRATED = 4


@dataclass(frozen=True)
class Outcome:
    """How a run went: steps done, the step with the best validation EER, that EER, seconds."""

    steps: int
    best_step: int
    validation_eer: float
    seconds: float


def write_artifact(
    config: ExperimentConfig,
    data: Prepared,
    backbone: keras.Model,
    outcome: Outcome,
    artifacts: Path,
) -> Path:
    """Install a trained backbone below `artifacts`; returns the artifact's folder."""
    texts = config.artifact
    home = install(
        artifacts,
        ArtifactConfig(
            name=config.name,
            title=texts.title,
            terms=texts.terms,
            licence=texts.licence,
            mirrored=texts.mirrored,
            network=config.network,
            preprocessing=config.preprocessing,
        ),
        backbone,
    )
    artifact = load_artifact(config.name, artifacts)
    held_out = data.test if len(data.test) else data.validation
    embeddings = _as_served(artifact, held_out)
    figures = asdict(outcome) | {"data": data.report.get("used", {})}
    if len(data.test):
        figures["test_eer"] = pair_eer(embeddings, data.test.labels)
    update_metrics(artifact, **{TRAINING: figures})
    _calibrate(artifact, embeddings, held_out)
    return home


def _as_served(artifact: Artifact, chips: Chips) -> np.ndarray:
    """Embeddings with the weights as they were written, rounded."""
    return Embedder(artifact)(np.stack([chips.served(row) for row in range(len(chips))]))


def _calibrate(artifact: Artifact, embeddings: np.ndarray, held_out: Chips) -> None:
    """Say what similarities mean, by the run's own held-out people where they suffice.

    People who decided when to stop make a model look a little better than it is, and few people
    support no small FAR: before it serves, the model should be calibrated on others.
    """
    counts = np.bincount(held_out.labels)
    if (counts >= LEAST_PHOTOS).sum() < FEWEST_CALIBRATED:
        return
    facts = {"photos": len(held_out), "note": "the training run's own held-out people"}
    table = measure(artifact.model_id, embeddings, held_out.labels, held_out.people, facts)
    write_atomically(artifact.folder / FILE, json.dumps(table) + "\n")
