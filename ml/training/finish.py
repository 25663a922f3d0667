"""From the best weights of a run to an artifact: weights, figures, and what similarities mean."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import tensorflow as tf

from ml.registry import ArtifactConfig, load_artifact, save_artifact, update_metrics
from ml.siamese import embedding_network
from ml.training.config import ExperimentConfig
from ml.training.embedding import embed_chips
from ml.training.prepare import Prepared
from ml.training.validation import pair_eer


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
    home = save_artifact(
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
    figures = asdict(outcome) | {"data": data.report.get("used", {})}
    if len(data.test):
        # With the weights as they were written, rounded.
        embedder = embedding_network(artifact.backbone(), mirrored=texts.mirrored)
        embeddings = embed_chips(tf.function(embedder, reduce_retracing=True), data.test)
        figures["test_eer"] = pair_eer(embeddings, data.test.labels)
    update_metrics(artifact, training=figures)
    return home
