"""Export of a run's best weights as an artifact with figures and calibration."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np

from ml.arrays import Embeddings
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
from ml.normalisation import PLAIN_COSINE

# Fewer people with enough photos for several anchors give no useful curve.
FEWEST_CALIBRATED = 4


@dataclass(frozen=True)
class TrainingResult:
    """Result of a run.

    Attributes:
        steps: steps done.
        best_step: step with the best validation EER.
        validation_eer: that EER, 0 to 1.
        seconds: duration of the training.
    """

    steps: int
    best_step: int
    validation_eer: float
    seconds: float


def write_artifact(
    config: ExperimentConfig,
    data: Prepared,
    backbone: keras.Model,
    result: TrainingResult,
    artifacts: Path,
) -> Path:
    """Install a trained backbone below `artifacts` and return the artifact's folder."""
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
    figures = asdict(result) | {"data": data.report.get("used", {})}
    if len(data.test):
        figures["test_eer"] = pair_eer(embeddings, data.test.labels)
    update_metrics(artifact, **{TRAINING: figures})
    _calibrate(artifact, embeddings, held_out)
    return home


def _as_served(artifact: Artifact, chips: Chips) -> np.ndarray:
    """Embed with the exported weights, which are rounded."""
    return Embedder(artifact)(np.stack([chips.served(row) for row in range(len(chips))]))


def _calibrate(artifact: Artifact, embeddings: Embeddings, held_out: Chips) -> None:
    """Calibrate on the run's own held-out people, if there are enough.

    Early stopping on the same people makes figures slightly optimistic, and few people support no
    small FAR. Calibrate on other people before the model serves.
    """
    counts = np.bincount(held_out.labels)
    if (counts >= LEAST_PHOTOS).sum() < FEWEST_CALIBRATED:
        return
    facts = {"photos": len(held_out), "note": "the training run's own held-out people"}
    faces = PLAIN_COSINE(embeddings)
    table = measure(artifact.model_id, faces, held_out.labels, held_out.people, facts)
    write_atomically(artifact.folder / FILE, json.dumps(table) + "\n")
