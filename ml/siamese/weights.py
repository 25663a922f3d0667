"""Loader of an artifact's trained weights into its Keras backbone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ml.artifacts import CONFIG, WEIGHTS, Artifact
from ml.errors import ModelBroken
from ml.siamese.backbones import build_backbone

if TYPE_CHECKING:
    import keras


def load_backbone(artifact: Artifact) -> keras.Model:
    """Build the backbone of an artifact and load the artifact's weights.

    Raises:
        ModelBroken: if the weights do not fit the architecture, or if there are none.
    """
    config = artifact.config
    if artifact.is_imported:
        raise ModelBroken(
            f"{config.name} came as an ONNX file: it has no weights to train or export"
        )
    backbone = build_backbone(
        config.network.backbone,
        image_size=config.preprocessing.image_size,
        channels=config.preprocessing.channels,
        embedding_size=config.network.embedding_size,
    )
    with np.load(artifact.folder / WEIGHTS, allow_pickle=False) as stored:
        weights = [stored[key].astype(np.float32) for key in sorted(stored.files)]
    expected = [tuple(weight.shape) for weight in backbone.weights]
    if [weight.shape for weight in weights] != expected:
        raise ModelBroken(
            f"{artifact.folder.name}/{WEIGHTS} does not fit the architecture in {CONFIG}; "
            "convert or train the model again"
        )
    backbone.set_weights(weights)
    return backbone
